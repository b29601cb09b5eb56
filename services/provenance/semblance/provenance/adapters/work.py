"""Queued work: signing, clearing, erasing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ErasureId, ImageId, SubjectId
from semblance.provenance.adapters import work_names
from semblance.provenance.adapters.store import store_of
from semblance.provenance.handlers import clearing, publishing
from semblance.provenance.ports import Ports
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import dropped_work
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing

_log = logging.getLogger(__name__)
Run = Callable[[WorkItem, WorkContext], Settle]
_TRIES_FOR_THE_ADAPTER = 4  # with growing pauses, seven seconds


def kinds(ports: Ports, *, publish_concurrency: int = 1) -> Mapping[str, WorkKind]:
    """Every kind by its name."""
    return {
        work_names.PUBLISH_IMAGE: _publish(ports, publish_concurrency),
        work_names.CLEAR_IMAGE: WorkKind(run=_clear(ports), failed=_put_off, max_attempts=50),
        work_names.ERASE_SUBJECT: WorkKind(run=_erase(ports), failed=_put_off, max_attempts=50),
    }


def _publish(ports: Ports, concurrency: int) -> WorkKind:
    def run(item: WorkItem, context: WorkContext) -> Settle:
        wait = item.attempt <= _TRIES_FOR_THE_ADAPTER
        settle = publishing.publish(ImageId(item.aggregate_id), ports, context.check, wait=wait)
        return lambda unit: settle(store_of(unit))

    def failed(item: WorkItem, error: SemblanceError | None, unit: Unit) -> None:
        publishing.refuse(ImageId(item.aggregate_id), error, store_of(unit))

    def cancelled(item: WorkItem, unit: Unit) -> None:
        store = store_of(unit)
        publication = store.publication(ImageId(item.aggregate_id))
        if publication is not None:
            store.schedule_clearing(publication)

    # A signing takes well under a second; a killed process's picture should not wait a minute. A key, a time-stamp
    # authority or a list of consents that is away is no reason to refuse a picture: it waits.
    return WorkKind(run, failed, lease_s=10, max_attempts=8, patient=True, concurrency=concurrency, cancelled=cancelled)


def _clear(ports: Ports) -> Run:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        ports.pictures.clear(
            str(item.payload["subject_id"]),
            item.aggregate_id,
            quarantine_key=str(item.payload["quarantine_key"]),
            kept_key=str(item.payload["kept_key"]),
        )
        return nothing

    return run


def _erase(ports: Ports) -> Run:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        erasure_id, subject_id = ErasureId(item.aggregate_id), SubjectId(str(item.payload["subject_id"]))
        settle = clearing.erase(erasure_id, subject_id, dropped_work(item.payload), ports)
        return lambda unit: settle(store_of(unit))

    return run


def _put_off(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    """Nothing is lost: an erasure that got no answer is asked for again, and erases what was not cleared."""
    fields = {"work_kind": item.kind, "aggregate_id": item.aggregate_id}
    _log.error("bytes could not be removed", extra={**fields, "error_code": error.code if error else "internal"})
