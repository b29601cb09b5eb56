"""Queued work: look at a picture, destroy pixels, forget a person."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable

from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ImageId, SubjectId
from semblance.safety.adapters.store import (
    DROP_LEFTOVER,
    DROP_PIXELS,
    ERASE_SUBJECT,
    FILTER_IMAGE,
    SETTLE_REVIEW,
)
from semblance.safety.domain.errors import LookTooSlow
from semblance.safety.handlers import erasure, filtering
from semblance.safety.ports import Ports, Store
from semblance.service_kit.database import Unit
from semblance.service_kit.erased import dropped_work
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind, nothing

log = logging.getLogger(__name__)
StoreOf = Callable[[Unit], Store]
_NEVER_GIVEN_UP = 1_000_000  # destroying is tried until it is done; the pause grows to a minute


def work_kinds(
    ports: Ports, store_of: StoreOf, *, at_once: int, attempts: int, look_s: float, lease_s: float = 30.0
) -> dict[str, WorkKind]:
    """Every kind of work that this service does; a look may take `look_s`, and is taken over when its process has not
    been heard of for `lease_s`."""
    look = _filter_image(ports, store_of, at_once=at_once, attempts=attempts, look_s=look_s)
    return {
        FILTER_IMAGE: dataclasses.replace(look, lease_s=lease_s),
        SETTLE_REVIEW: _settle_review(ports, store_of),
        DROP_PIXELS: _drop_pixels(ports),
        DROP_LEFTOVER: _drop_pixels(ports),
        ERASE_SUBJECT: _erase_subject(ports, store_of),
    }


def _filter_image(ports: Ports, store_of: StoreOf, *, at_once: int, attempts: int, look_s: float) -> WorkKind:
    def run(item: WorkItem, context: WorkContext) -> Settle:
        image_id = ImageId(item.aggregate_id)
        until_s = time.monotonic() + look_s

        def go_on() -> None:
            context.check()
            if time.monotonic() > until_s:
                raise LookTooSlow(f"a look took longer than {look_s:g} s")

        examined = filtering.examine(image_id, ports, go_on=go_on)
        return lambda unit: filtering.decide(image_id, examined, store_of(unit), ports)

    def failed(item: WorkItem, error: SemblanceError | None, unit: Unit) -> None:
        code = error.code if error is not None else "unknown"
        log.error("a picture could not be checked", extra={"image_id": item.aggregate_id, "error_code": code})
        filtering.give_up(ImageId(item.aggregate_id), error, store_of(unit), ports)

    def cancelled(item: WorkItem, unit: Unit) -> None:
        filtering.clear_up(ImageId(item.aggregate_id), store_of(unit))

    return WorkKind(run=run, failed=failed, cancelled=cancelled, concurrency=at_once, max_attempts=attempts)


def _settle_review(ports: Ports, store_of: StoreOf) -> WorkKind:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        allow = item.payload["allow"] is True
        return lambda unit: filtering.settle(ImageId(item.aggregate_id), store_of(unit), ports, allow=allow)

    return WorkKind(run=run, failed=_refused, max_attempts=_NEVER_GIVEN_UP)


def _drop_pixels(ports: Ports) -> WorkKind:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        keys = item.payload.get("quarantine_keys") or [item.payload.get("quarantine_key")]
        for key in keys if isinstance(keys, list) else []:
            ports.quarantine.remove(str(key))
        return nothing

    return WorkKind(run=run, failed=_refused, max_attempts=_NEVER_GIVEN_UP)


def _erase_subject(ports: Ports, store_of: StoreOf) -> WorkKind:
    def run(item: WorkItem, _context: WorkContext) -> Settle:
        subject_id = SubjectId(str(item.payload["subject_id"]))
        gone = (erasure.remove_pixels(subject_id, ports), dropped_work(item.payload))
        return lambda unit: erasure.finish(subject_id, item.aggregate_id, gone, store_of(unit), ports)

    return WorkKind(run=run, failed=_refused, max_attempts=_NEVER_GIVEN_UP)


def _refused(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
    """Not a store that is away (that is tried for ever), but one that says no; identity's reminder begins anew."""
    code = error.code if error is not None else "unknown"
    fields = {"work_kind": item.kind, "aggregate_id": item.aggregate_id, "error_code": code}
    log.critical("nothing was destroyed", extra=fields)
