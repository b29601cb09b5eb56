"""Outbox rows to the broker: in order per key, kept until acknowledged, by one relay at a time."""

from __future__ import annotations

import datetime as dt
import logging
import threading

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from semblance.eventbus import outbox
from semblance.eventbus.broker import Producer
from semblance.eventbus.errors import BrokerUnavailable
from semblance.eventbus.tables import outbox as outbox_table
from semblance.eventbus.tables import outbox_lease
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.ids import new_id

_log = logging.getLogger(__name__)
_LEASE = "relay"
_OWNER: sa.BindParameter[str] = sa.bindparam("me")
_TAKE = (
    sa.update(outbox_lease)
    .where(
        outbox_lease.c.name == _LEASE,
        sa.or_(outbox_lease.c.owner == _OWNER, outbox_lease.c.until <= sa.bindparam("now")),
    )
    .values(owner=_OWNER, until=sa.bindparam("new_until"))
)
_SENT = sa.delete(outbox_table).where(outbox_table.c.sequence.in_(sa.bindparam("sequences", expanding=True)))
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


class Relay:
    """Any number may run against one database; the one that holds the lease sends.

    A crash between acknowledgement and deletion sends a batch again: consumers count an event id once.
    """

    def __init__(
        self,
        engine: sa.Engine,
        producer: Producer,
        *,
        clock: Clock | None = None,
        batch: int = 200,
        idle_s: float = 0.2,
        lease_s: float = 15.0,
    ) -> None:
        self._engine = engine
        self._producer = producer
        self._clock = clock or SystemClock()
        self._batch = batch
        self._idle_s = idle_s
        self._lease_s = lease_s
        self._owner = new_id()
        self._wake = threading.Event()

    def run_once(self) -> int:
        """Send one batch; returns how many records were sent. Raises BrokerUnavailable: the rows stay."""
        # The services' engines take no write lock for a connection that says so.
        with self._engine.connect().execution_options(read_only=True) as connection:
            if not outbox.any_waiting(connection):
                return 0
        with self._engine.begin() as connection:
            rows = outbox.waiting(connection, self._batch) if self._hold_lease(connection) else []
        if not rows:
            return 0
        self._producer.send_many([record for _, record in rows])
        sent = [sequence for sequence, _ in rows]
        with self._engine.begin() as connection:
            connection.execute(_SENT, {"sequences": sent})
        return len(sent)

    def run(self, stop: threading.Event) -> None:
        """Send until `stop`; while the broker is away, pause ever longer, up to 10 s."""
        pause_s = 0.0
        while not stop.is_set():
            try:
                sent = self.run_once()
            except BrokerUnavailable as error:
                if not pause_s:
                    _log.warning("events wait in the outbox: %s", error.code)
                pause_s = min(max(_FIRST_PAUSE_S, pause_s * 2), _LONGEST_PAUSE_S)
                stop.wait(pause_s)
                continue
            pause_s = 0.0
            if not sent:
                self._wake.wait(self._idle_s)
                self._wake.clear()
        self._release()

    def notify(self) -> None:
        """Something was committed: look now instead of at the next round."""
        self._wake.set()

    def _hold_lease(self, connection: sa.Connection) -> bool:
        now = self._clock.now()
        until = now + dt.timedelta(seconds=self._lease_s)
        if connection.execute(_TAKE, {"me": self._owner, "now": now, "new_until": until}).rowcount == 1:
            return True
        if connection.execute(sa.select(outbox_lease.c.name)).first() is not None:
            return False
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(outbox_lease).values(name=_LEASE, owner=self._owner, until=until))
        except IntegrityError:
            return False
        return True

    def _release(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(outbox_lease).where(outbox_lease.c.owner == self._owner))
