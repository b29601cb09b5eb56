"""Queued work: the erasure of one person."""

from __future__ import annotations

import logging
from collections.abc import Callable

from semblance.identity.handlers.erasure import destroy_key, erase_own_share
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import SemblanceError
from semblance.kernel.ids import ErasureId
from semblance.service_kit.database import Unit
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind

log = logging.getLogger(__name__)


def erase_subject(ports: Ports, store_of: Callable[[Unit], Store]) -> WorkKind:
    """The key first; then, in one transaction, this service's rows and the request to everybody else."""

    def run(item: WorkItem, _context: WorkContext) -> Settle:
        erasure_id = ErasureId(item.aggregate_id)
        key = destroy_key(erasure_id, ports)
        return lambda unit: erase_own_share(erasure_id, key, store_of(unit), ports)

    def failed(item: WorkItem, error: SemblanceError | None, _unit: Unit) -> None:
        code = error.code if error is not None else "unknown"
        log.error(
            "an erasure was put off; the sweeper queues it again",
            extra={"erasure_id": item.aggregate_id, "error_code": code},
        )

    return WorkKind(run=run, failed=failed)
