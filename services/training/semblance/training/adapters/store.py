"""One transaction's view of everything, for the handlers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.eventbus.tables import work_items
from semblance.kernel.ids import AdapterId, ErasureId, SubjectId
from semblance.service_kit.database import JSON, Database, Unit
from semblance.training.adapters.outbox_sink import to_message
from semblance.training.adapters.repository import SqlRuns
from semblance.training.domain.events import Event
from semblance.training.ports import Runs, Store

TRAIN_ADAPTER: Final = "train_adapter"
DESTROY_ADAPTER: Final = "destroy_adapter"
DROP_CHECKPOINT: Final = "drop_checkpoint"
ERASE_SUBJECT: Final = "erase_subject"


class SqlStore:
    """Repositories over one session. Without a unit (a read) nothing can be published or scheduled."""

    def __init__(self, session: Session, unit: Unit | None = None) -> None:
        self._sql = session
        self._unit = unit
        self.runs: Runs = SqlRuns(session)

    def publish(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._require_unit().emit(to_message(event))

    def schedule_training(self, adapter_id: AdapterId) -> None:
        """Queue the training."""
        self._require_unit().enqueue(TRAIN_ADAPTER, adapter_id)

    def cancel_training(self, adapter_id: AdapterId) -> None:
        """Drop it from the queue, or stop its worker."""
        self._require_unit().cancel(TRAIN_ADAPTER, adapter_id)

    def schedule_destruction(self, subject_id: SubjectId, adapter_id: AdapterId) -> None:
        """Queue the removal of its objects."""
        self._require_unit().enqueue(DESTROY_ADAPTER, adapter_id, {"subject_id": subject_id})

    def schedule_checkpoint_removal(self, subject_id: SubjectId, adapter_id: AdapterId) -> None:
        """Queue the removal of what its training would have gone on from."""
        self._require_unit().enqueue(DROP_CHECKPOINT, adapter_id, {"subject_id": subject_id})

    def schedule_erasure(self, erasure_id: ErasureId, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue the removal of everything of this person; work on these is dropped now, or told to stop."""
        unit = self._require_unit()
        dropped: list[JSON] = list(unit.forget_work(work_on))
        unit.enqueue(ERASE_SUBJECT, erasure_id, {"subject_id": subject_id, "dropped": dropped})

    def erasing(self, subject_id: SubjectId) -> bool:
        """Whether an erasure of this person is queued or runs."""
        payloads = self._sql.scalars(sa.select(work_items.c.payload).where(work_items.c.kind == ERASE_SUBJECT))
        return any(payload.get("subject_id") == subject_id for payload in payloads)

    def at_work(self, adapter_ids: Sequence[AdapterId]) -> bool:
        """Whether a worker still holds one of these trainings, also one that is told to stop."""
        held = sa.select(work_items.c.id).where(
            work_items.c.kind == TRAIN_ADAPTER,
            work_items.c.aggregate_id.in_(list(adapter_ids)),
            work_items.c.lease_owner.is_not(None),
        )
        return self._sql.execute(held.limit(1)).first() is not None

    def _require_unit(self) -> Unit:
        assert self._unit is not None, "a read must not write"
        return self._unit


class SqlTransactions:
    """Opens stores on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A store whose changes are kept when the block ends."""
        with self._database.transaction() as unit:
            yield store_of(unit)

    @contextmanager
    def read(self) -> Iterator[Store]:
        """A store for questions only."""
        with self._database.read() as session:
            yield SqlStore(session)


def store_of(unit: Unit) -> Store:
    """A store in a transaction that somebody else opened."""
    return SqlStore(unit.session, unit)
