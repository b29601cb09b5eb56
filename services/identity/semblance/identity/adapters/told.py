"""Whether the others can know of a consent's end: its event has left the outbox, so the broker has it."""

from __future__ import annotations

import time
from collections.abc import Callable

import sqlalchemy as sa

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus.tables import outbox
from semblance.identity.domain.errors import RevocationNotTold
from semblance.kernel.ids import ConsentId
from semblance.service_kit.database import Database

_POLL_S = 0.01
_TOPIC = registry.topic_of(events_pb2.ConsentRevoked).name


def told_within(database: Database, timeout_s: float) -> Callable[[ConsentId], None]:
    """What waits for the relay, which deletes what the broker has acknowledged. Raises RevocationNotTold."""

    def told(consent_id: ConsentId) -> None:
        until_s = time.monotonic() + timeout_s
        while _waits(database, consent_id):
            if time.monotonic() >= until_s:
                raise RevocationNotTold
            time.sleep(_POLL_S)

    return told


def _waits(database: Database, consent_id: ConsentId) -> bool:
    unsent = sa.select(outbox.c.sequence).where(outbox.c.topic == _TOPIC, outbox.c.key == consent_id)
    with database.read() as session:
        return session.execute(unsent.limit(1)).first() is not None
