"""Queued work: looking at photos, removing bytes, erasing libraries."""

from __future__ import annotations

import logging

from semblance.ingest.adapters.store import ANALYSE_PHOTO, ERASE_SUBJECT, REMOVE_BYTES, store_of
from semblance.ingest.handlers.analysis import analyse_photo, give_up
from semblance.ingest.handlers.endings import erase_bytes, erase_rows
from semblance.ingest.ports import Ports
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ErasureId, PhotoId, SubjectId
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import dropped_work
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing

log = logging.getLogger(__name__)

_MANY_ATTEMPTS = 30  # some 25 minutes of an absent store


def work_kinds(ports: Ports, *, concurrency: int) -> dict[str, WorkKind]:
    """Every kind of work that this service queues."""
    return {
        ANALYSE_PHOTO: _analyse(ports, concurrency),
        REMOVE_BYTES: _remove_bytes(ports),
        ERASE_SUBJECT: _erase(ports),
    }


def _analyse(ports: Ports, concurrency: int) -> WorkKind:
    def run(item: WorkItem, context: WorkContext) -> Settle:
        settle = analyse_photo(PhotoId(item.aggregate_id), ports, context.check)
        return lambda unit: settle(store_of(unit))

    def failed(item: WorkItem, error: SemblanceError | None, unit: Unit) -> None:
        give_up(PhotoId(item.aggregate_id), error, store_of(unit))

    return WorkKind(run=run, failed=failed, lease_s=15, max_attempts=10, concurrency=concurrency)


def _remove_bytes(ports: Ports) -> WorkKind:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        key = str(item.payload["key"])
        ports.originals.remove(key)
        ports.incoming.remove(key)
        return nothing

    return WorkKind(run=run, failed=_log_failed, max_attempts=_MANY_ATTEMPTS)


def _erase(ports: Ports) -> WorkKind:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        subject_id = SubjectId(str(item.payload["subject_id"]))
        objects = [*erase_bytes(subject_id, ports), dropped_work(item.payload)]
        return lambda unit: erase_rows(subject_id, ErasureId(item.aggregate_id), objects, store_of(unit))

    # Identity asks again until every service has answered, which queues it anew.
    return WorkKind(run=run, failed=_log_failed, max_attempts=_MANY_ATTEMPTS)


def _log_failed(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    code = error.code if error is not None else "unknown"
    log.error("work given up", extra={"work_kind": item.kind, "aggregate_id": item.aggregate_id, "error_code": code})
