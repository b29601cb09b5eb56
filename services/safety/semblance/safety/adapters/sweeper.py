"""Ends by the clock what waited too long; several processes may do it at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from semblance.kernel.errors import Unavailable
from semblance.safety.handlers.overdue import end_overdue
from semblance.safety.ports import Ports, Store
from semblance.service_kit.database import Database, Unit

log = logging.getLogger(__name__)


class Sweeper:
    """A thread that sweeps every `every_s` until stopped."""

    def __init__(self, database: Database, ports: Ports, store_of: Callable[[Unit], Store], *, every_s: float) -> None:
        self._database = database
        self._ports = ports
        self._store_of = store_of
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin; the first sweep comes after `every_s`."""
        self._thread.start()

    def stop(self) -> None:
        """End, also in the middle of a pause."""
        self._stop.set()
        self._thread.join(timeout=5)

    def sweep(self) -> int:
        """Once; how many were ended."""
        with self._database.transaction() as unit:
            return end_overdue(self._store_of(unit), self._ports)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                ended = self.sweep()
            except Unavailable as error:
                log.warning("sweep put off", extra={"error_code": error.code})
                continue
            if ended:
                log.warning("pictures that waited too long are blocked", extra={"count": ended})
