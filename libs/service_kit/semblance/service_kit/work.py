"""Long work: run outside any transaction, settled in one, at most one effect however often it is run.

`run` may be killed, repeated or cancelled at any point. What it returns, a Settle, is applied in one transaction
that first checks that the item is still this worker's and was not cancelled.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from google.protobuf.message import Message

from semblance.kernel.errors import SemblanceError
from semblance.service_kit import work_queue
from semblance.service_kit.work_queue import JSON, Claim

if TYPE_CHECKING:
    from semblance.service_kit.database import Database, Unit

Settle = Callable[["Unit"], None]


class Cancelled(Exception):
    """The item was cancelled, lost to another worker, or the process is stopping: leave `run` now."""


@dataclass(frozen=True)
class WorkItem:
    """What to do. `attempt` counts from 1."""

    id: str
    kind: str
    aggregate_id: str
    payload: Mapping[str, JSON]
    attempt: int


class WorkContext:
    """What `run` may ask while it works. Safe to use from any thread."""

    def __init__(self, database: Database, claim: Claim, patience_s: float = 0) -> None:
        self._database = database
        self._claim = claim
        self._patience_s = patience_s
        self._stop = threading.Event()

    @property
    def claim(self) -> Claim:
        """With the attempts that count now."""
        return self._claim

    def cancelled(self) -> bool:
        """Whether the result can no longer be used; turns true within a second of the reason."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise Cancelled if cancelled()."""
        if self._stop.is_set():
            raise Cancelled

    def emit(self, message: Message) -> None:
        """Send an event now, in a transaction of its own: for progress ticks. Dropped once cancelled."""
        if self._stop.is_set():
            return
        with self._database.transaction() as unit:
            if work_queue.hold(unit.session.connection(), self._claim) == work_queue.CLAIMED:
                unit.emit(message)

    def advanced(self) -> None:
        """Something is kept that the next attempt goes on from: earlier ones count no more, as long as the kind's
        patience lasts."""
        if self._claim.attempt == 1 or self._stop.is_set():
            return
        with self._database.transaction() as unit:
            if unit.now() - self._claim.queued_at < dt.timedelta(seconds=self._patience_s):
                work_queue.begin_anew(unit.session.connection(), self._claim)
                self._claim = dataclasses.replace(self._claim, attempt=1)

    def stop(self) -> None:
        """Turn cancelled() true. Called by the worker."""
        self._stop.set()


@dataclass(frozen=True)
class WorkKind:
    """How one kind of work is done.

    run: returns the Settle to apply. Unavailable and QuotaExceeded are retried with back-off, any other
    SemblanceError goes to `failed` at once, an unknown exception is retried; after `max_attempts` all go to `failed`
    (with None for an unknown one, also when the process was killed each time).
    patient: Unavailable is waited out, with pauses of at most a minute, however long it takes.
    patience_s: of any other kind what is away (Unavailable.away) is waited out so, until the item has been queued for
    so long; what may be the item's own doing takes `max_attempts` as ever.
    first: what goes first among those that are due, the smallest; None: what was due first. An expression over
    `work_items`, which may ask the service's own tables.
    cancelled: applied in the transaction that drops a cancelled item which had begun, to note what must be cleaned.
    """

    run: Callable[[WorkItem, WorkContext], Settle]
    failed: Callable[[WorkItem, SemblanceError | None, Unit], None]
    lease_s: float = 60
    max_attempts: int = 5
    concurrency: int = 1
    patient: bool = False
    patience_s: float = 0
    cancelled: Callable[[WorkItem, Unit], None] | None = None
    first: sa.ColumnElement[Any] | None = None


def nothing(_unit: Unit) -> None:
    """A Settle for work that leaves no trace."""
