"""Clears abandoned uploads by the clock; several processes may do it at once."""

from __future__ import annotations

import logging
import threading

from semblance.ingest.handlers.endings import sweep
from semblance.ingest.ports import Ports
from semblance.kernel.errors import Unavailable

log = logging.getLogger(__name__)


class Sweeper:
    """A thread that sweeps every `every_s` until stopped."""

    def __init__(self, ports: Ports, *, every_s: float) -> None:
        self._ports = ports
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

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                removed = sweep(self._ports)
            except Unavailable as error:
                log.warning("sweep put off", extra={"error_code": error.code})
                continue
            if removed:
                log.info("abandoned uploads cleared", extra={"count": removed})
