"""Queued work: which handler runs it, and how it is settled."""

from __future__ import annotations

import logging
from collections.abc import Callable

from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import AdapterId, ErasureId, SubjectId
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import dropped_work
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing
from semblance.training.adapters.outbox_sink import to_message
from semblance.training.adapters.store import DESTROY_ADAPTER, DROP_CHECKPOINT, ERASE_SUBJECT, TRAIN_ADAPTER, store_of
from semblance.training.handlers.checkpoints import drop_checkpoint
from semblance.training.handlers.training import destroy_adapter, train_adapter, training_cancelled, training_failed
from semblance.training.handlers.withdrawal import erase_subject
from semblance.training.ports import Ports, Store

log = logging.getLogger(__name__)
# An object store may be away for a night; giving up would leave a person's data behind. At a minute's pause: months.
_PERSISTENT_ATTEMPTS = 100_000


def work_kinds(
    ports: Ports, *, lease_s: float, max_attempts: int, patience_s: float = 0, cohort: int = 1
) -> dict[str, WorkKind]:
    """The table of this service's work. cohort: how many trainings are taken at once."""

    def train(item: WorkItem, context: WorkContext) -> Settle:
        settle = train_adapter(
            AdapterId(item.aggregate_id), context, lambda event: context.emit(to_message(event)), ports
        )
        return _in_unit(settle)

    def failed(item: WorkItem, error: SemblanceError | None, unit: Unit) -> None:
        training_failed(AdapterId(item.aggregate_id), error, store_of(unit), ports)

    def cancelled(item: WorkItem, unit: Unit) -> None:
        training_cancelled(AdapterId(item.aggregate_id), store_of(unit))

    def destroy(item: WorkItem, _context: WorkContext) -> Settle:
        destroy_adapter(_subject(item), AdapterId(item.aggregate_id), ports)
        return nothing

    def drop(item: WorkItem, _context: WorkContext) -> Settle:
        drop_checkpoint(_subject(item), AdapterId(item.aggregate_id), ports)
        return nothing

    def erase(item: WorkItem, _context: WorkContext) -> Settle:
        return _in_unit(erase_subject(ErasureId(item.aggregate_id), _subject(item), dropped_work(item.payload), ports))

    return {
        TRAIN_ADAPTER: WorkKind(
            train,
            failed,
            lease_s=lease_s,
            max_attempts=max_attempts,
            patience_s=patience_s,
            concurrency=cohort,
            cancelled=cancelled,
        ),
        DESTROY_ADAPTER: WorkKind(destroy, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
        DROP_CHECKPOINT: WorkKind(drop, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
        ERASE_SUBJECT: WorkKind(erase, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
    }


def _left_behind(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    """Only a defect comes here; an operator must look, and the log says at what."""
    fields = {"work_kind": item.kind, "aggregate_id": item.aggregate_id, "error_code": error.code if error else "bug"}
    log.critical("a person's data could not be destroyed", extra=fields)


def _in_unit(settle: Callable[[Store], None]) -> Settle:
    return lambda unit: settle(store_of(unit))


def _subject(item: WorkItem) -> SubjectId:
    return SubjectId(str(item.payload["subject_id"]))
