"""Queued work: which handler runs it, and how it is settled."""

from __future__ import annotations

import logging
from collections.abc import Callable

from semblance.generation.adapters.outbox_sink import to_message
from semblance.generation.adapters.store import (
    DESTROY_PIXELS,
    ERASE_SUBJECT,
    GIVE_UP_IMAGE,
    RENDER_IMAGE,
    TURN,
    WITHDRAW_FROM_ENGINES,
    store_of,
)
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.handlers.images import give_up_unbegun
from semblance.generation.handlers.rendering import destroy_pixels, render_image, rendering_cancelled, rendering_failed
from semblance.generation.handlers.withdrawal import erase_subject, withdraw_from_engines
from semblance.generation.ports import Ports, Store
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import AdapterId, ConsentId, ErasureId, ImageId, SubjectId
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import dropped_work
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing

log = logging.getLogger(__name__)
# An object store may be away for a night; giving up would leave a person's data behind. At a minute's pause: months.
_PERSISTENT_ATTEMPTS = 100_000


def work_kinds(
    ports: Ports, *, lease_s: float, max_attempts: int, patience_s: float = 0, concurrency: int = 1
) -> dict[str, WorkKind]:
    """The table of this service's work. concurrency: pictures that are drawn at once, in one engine's batches."""

    def render(item: WorkItem, context: WorkContext) -> Settle:
        settle = render_image(ImageId(item.aggregate_id), context, lambda event: context.emit(to_message(event)), ports)
        return _in_unit(settle)

    def failed(item: WorkItem, error: SemblanceError | None, unit: Unit) -> None:
        rendering_failed(ImageId(item.aggregate_id), error, store_of(unit), ports)

    def cancelled(item: WorkItem, unit: Unit) -> None:
        rendering_cancelled(ImageId(item.aggregate_id), store_of(unit))

    def give_up(item: WorkItem, _context: WorkContext) -> Settle:
        return _in_unit(lambda store: give_up_unbegun(ImageId(item.aggregate_id), store, ports))

    def destroy(item: WorkItem, _context: WorkContext) -> Settle:
        destroy_pixels(_subject(item), ImageId(item.aggregate_id), ports)
        return nothing

    def erase(item: WorkItem, _context: WorkContext) -> Settle:
        return _in_unit(erase_subject(ErasureId(item.aggregate_id), _subject(item), dropped_work(item.payload), ports))

    def withdraw(item: WorkItem, _context: WorkContext) -> Settle:
        withdraw_from_engines(_withdrawal(item), ports)
        return nothing

    return {
        RENDER_IMAGE: WorkKind(
            render,
            failed,
            lease_s=lease_s,
            max_attempts=max_attempts,
            patience_s=patience_s,
            concurrency=concurrency,
            cancelled=cancelled,
            first=TURN,
        ),
        GIVE_UP_IMAGE: WorkKind(give_up, _left_waiting, max_attempts=_PERSISTENT_ATTEMPTS),
        WITHDRAW_FROM_ENGINES: WorkKind(withdraw, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
        DESTROY_PIXELS: WorkKind(destroy, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
        ERASE_SUBJECT: WorkKind(erase, _left_behind, max_attempts=_PERSISTENT_ATTEMPTS),
    }


def _left_waiting(item: WorkItem, _error: SemblanceError | None, _unit: Unit) -> None:
    """Only a defect comes here: it is given up when its turn comes."""
    log.error("a late picture was not given up", extra={"work_kind": item.kind, "aggregate_id": item.aggregate_id})


def _left_behind(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    """Only a defect comes here; an operator must look, and the log says at what."""
    fields = {"work_kind": item.kind, "aggregate_id": item.aggregate_id, "error_code": error.code if error else "bug"}
    log.critical("a person's data could not be destroyed", extra=fields)


def _in_unit(settle: Callable[[Store], None]) -> Settle:
    return lambda unit: settle(store_of(unit))


def _withdrawal(item: WorkItem) -> Withdrawal:
    names = item.payload
    if "adapter_id" in names:
        return Withdrawal(adapter_id=AdapterId(str(names["adapter_id"])))
    return Withdrawal(consent_id=ConsentId(str(names["consent_id"])))


def _subject(item: WorkItem) -> SubjectId:
    return SubjectId(str(item.payload["subject_id"]))
