"""Clears abandoned uploads by the clock."""

from __future__ import annotations

import logging

from semblance.ingest.handlers.endings import sweep
from semblance.ingest.ports import Ports
from semblance.service_kit.periodic import Periodic

log = logging.getLogger(__name__)


def sweeper(ports: Ports, *, every_s: float) -> Periodic:
    """Sweeps every `every_s` once started."""

    def clear() -> None:
        removed = sweep(ports)
        if removed:
            log.info("abandoned uploads cleared", extra={"count": removed})

    return Periodic("sweeper", clear, lambda: every_s)
