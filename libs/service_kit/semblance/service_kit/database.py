"""The one way to the database: SQLite (WAL) by default, PostgreSQL with the same code.

A handler's rows, its events (outbox) and its queued work commit together here and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.orm import Session

from semblance.contracts.platform.v1.events_pb2 import ErasureCompleted, ServiceErased
from semblance.eventbus.envelope import Envelope
from semblance.eventbus.outbox import Outbox
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.service_kit import erased, taken_back, work_queue
from semblance.service_kit.engine import BUSY_TIMEOUT_MS, create_engine
from semblance.service_kit.migrations import upgrade
from semblance.service_kit.taken_back import TakenBack, TakenBackLog
from semblance.service_kit.tracing import current_traceparent
from semblance.service_kit.work_queue import JSON

__all__ = ["JSON", "Database", "DatabaseUnavailable", "Unit"]


# A wrong statement, or a write where only reading was allowed.
_OUR_BUGS = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY})


_UNTIDY_S = 60.0
_TIDY_WAIT_MS = 250


class DatabaseUnavailable(Unavailable):
    """The database does not answer, is full, or is locked by another writer for too long."""

    code = "database-unavailable"
    away = True


class Unit:
    """One unit of work: what happens through it is committed together or not at all."""

    def __init__(
        self,
        session: Session,
        *,
        source: str,
        clock: Clock,
        erasure_items_max: int = erased.ITEMS_MAX,
        taken_back_log: TakenBackLog | None = None,
    ) -> None:
        self.session = session
        self._taken_back_log = taken_back_log
        self._outbox = Outbox(source)
        self._clock = clock
        self._erasure_items_max = erasure_items_max
        self._notes: list[Callable[[], None]] = []
        self.enqueued: set[str] = set()
        self.emitted = 0
        self.erased = False
        # The event whose handler this is, for those that keep its id and time; None outside a consumer.
        self.event: Envelope | None = None

    def emit(self, message: Message) -> str:
        """Write `message` to the outbox of this transaction, with the current trace; returns the event id.

        An answer to an erasure gets its time here, and is shortened to what an event may hold. What was taken back is
        noted (take_back).
        """
        self.emitted += 1
        if (gone := taken_back.of_message(message)) is not None:
            self.take_back(gone)
        if isinstance(message, ErasureCompleted):
            self.erased = True
        if isinstance(message, ServiceErased):
            self.erased = True
            message.destroyed_at.FromDatetime(self.now())
            erased.shorten(message, self._erasure_items_max)
            self.need_no_note(message.subject_id)
        connection = self.session.connection()
        return self._outbox.add(connection, message, now=self.now(), traceparent=current_traceparent())

    def enqueue(
        self, kind: str, aggregate_id: str, payload: Mapping[str, JSON] | None = None, *, delay_s: float = 0
    ) -> None:
        """Queue work of `kind`; nothing happens while an unfinished item of that kind and aggregate exists."""
        work_queue.enqueue(
            self.session.connection(),
            kind=kind,
            aggregate_id=aggregate_id,
            payload=payload or {},
            delay_s=delay_s,
            now=self.now(),
            traceparent=current_traceparent(),
        )
        self.enqueued.add(kind)

    def take_back(self, entry: TakenBack) -> None:
        """Note what a person took back in the log outside of every backup, once this has committed; nothing where no
        log is kept. What cannot be written then is owed by the work that commits here."""
        if (log := self._taken_back_log) is not None:
            at = self.now()
            self.enqueue(taken_back.OWED, new_id(), {"entry": entry.name, "at": at.isoformat()})
            self._notes.append(lambda: log.write_at_once(entry, at))

    def need_no_note(self, subject_id: str) -> None:
        """What was noted under that id goes once this has committed: a tombstone covers it."""
        if (log := self._taken_back_log) is not None:
            self._notes.append(lambda: log.forget(subject_id))

    def cancel(self, kind: str, aggregate_id: str) -> None:
        """Drop queued work; tell running work to stop, and never apply its result once this commits."""
        work_queue.cancel(self.session.connection(), kind=kind, aggregate_id=aggregate_id)

    def forget_work(self, aggregate_ids: Sequence[str]) -> list[str]:
        """Cancel all work on these, of whatever kind, as an erasure must; the aggregate of each item there was."""
        return work_queue.forget(self.session.connection(), aggregate_ids)

    def now(self) -> dt.datetime:
        """The database's clock, UTC."""
        return self._clock.now()

    def noted(self) -> None:
        """Write the log of what was taken back. Called by Database, last: a disk that hangs holds up nobody else."""
        for note in self._notes:
            note()


class Database:
    """A service's own database. `source` is the service's name as events carry it."""

    def __init__(
        self, url: str, *, source: str, clock: Clock | None = None, erasure_items_max: int = erased.ITEMS_MAX
    ) -> None:
        self.url = url
        self.source = source
        self.erasure_items_max = erasure_items_max
        self.clock: Clock = clock or SystemClock()
        self.engine = create_engine(url)
        self._untidy_until_s = self.clock.monotonic_s() + _UNTIDY_S  # a process that was killed may have left something
        self._listeners: list[Callable[[Unit], None]] = []
        self._taken_back_log: TakenBackLog | None = None

    def keep_taken_back(self, log: TakenBackLog) -> None:
        """From now on note in `log` what people take back; the process's work must have the kind `taken_back.OWED`."""
        self._taken_back_log = log

    def on_commit(self, listener: Callable[[Unit], None]) -> None:
        """Call `listener` after every committed transaction; the work threads and the relay wake up by it."""
        self._listeners.append(listener)

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """A Unit that commits when the block ends and rolls back when it raises.

        Raises DatabaseUnavailable when the database does not answer.
        """
        with _translated(), Session(self.engine, expire_on_commit=False) as session:
            unit = Unit(
                session,
                source=self.source,
                clock=self.clock,
                erasure_items_max=self.erasure_items_max,
                taken_back_log=self._taken_back_log,
            )
            session.connection()
            yield unit
            session.commit()
        if unit.erased:
            self._untidy_until_s = self.clock.monotonic_s() + _UNTIDY_S
        for listener in self._listeners:
            listener(unit)
        unit.noted()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for questions only; writing through it fails. Takes no write lock on SQLite."""
        with (
            _translated(),
            self.engine.connect().execution_options(
                read_only=True, postgresql_readonly=self._is_postgres
            ) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session

    def migrate(self, migrations_dir: Path) -> None:
        """Bring the schema to Alembic's head; two processes may do this at once."""
        with _translated():
            upgrade(self.engine, migrations_dir)

    def tidy(self) -> bool:
        """For a minute after an erasure, empty SQLite's write-ahead log, where what was deleted lies on as it was; in
        the database's own file `secure_delete` has overwritten it. Whether it was emptied: others may be reading.

        The answers themselves, which carry the id, go out and are deleted within that minute too.
        """
        if self._is_postgres or self.clock.monotonic_s() > self._untidy_until_s:
            return False
        with _translated(), self.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute(f"PRAGMA busy_timeout={_TIDY_WAIT_MS}")  # writers wait while this does
            try:
                busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError as e:  # a full disk; it is tried again
                raise DatabaseUnavailable("the write-ahead log cannot be emptied") from e
            finally:
                driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            return bool(busy == 0)

    def check(self) -> None:
        """Raise DatabaseUnavailable unless a trivial question is answered."""
        with self.read() as session:
            session.execute(sa.text("SELECT 1"))

    def close(self) -> None:
        """Give back every pooled connection."""
        self.engine.dispose()

    @property
    def _is_postgres(self) -> bool:
        return self.engine.dialect.name == "postgresql"


@contextmanager
def _translated() -> Iterator[None]:
    """Turn a driver's I/O failure into DatabaseUnavailable; a wrong statement stays the bug that it is."""
    try:
        yield
    except sa.exc.OperationalError as e:
        if isinstance(e.orig, sqlite3.OperationalError) and e.orig.sqlite_errorcode in _OUR_BUGS:
            raise
        raise DatabaseUnavailable("the database does not answer") from e
    except (sa.exc.InterfaceError, sa.exc.TimeoutError) as e:
        raise DatabaseUnavailable("the database does not answer") from e
