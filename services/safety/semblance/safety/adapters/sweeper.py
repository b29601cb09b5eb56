"""Ends by the clock what waited too long."""

from __future__ import annotations

import logging
from collections.abc import Callable

from semblance.safety.handlers.overdue import end_overdue
from semblance.safety.ports import Ports, Store
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.periodic import Periodic

log = logging.getLogger(__name__)


StoreOf = Callable[[Unit], Store]


def sweeper(database: Database, ports: Ports, store_of: StoreOf, *, every_s: float) -> Periodic:
    """Sweeps every `every_s` once started."""
    return Periodic("sweeper", lambda: sweep(database, ports, store_of), lambda: every_s)


def sweep(database: Database, ports: Ports, store_of: StoreOf) -> int:
    """Once; how many were ended. Raises Unavailable."""
    with database.transaction() as unit:
        ended = end_overdue(store_of(unit), ports)
    if ended:
        log.warning("pictures that waited too long are blocked", extra={"count": ended})
    return ended
