"""What has to happen by the clock: reminders of erasures, and the notice's retention times."""

from __future__ import annotations

import logging
import threading

from semblance.identity.handlers import erasure, retention
from semblance.identity.ports import Ports
from semblance.kernel.errors import Unavailable

log = logging.getLogger(__name__)


class Sweeper:
    """One thread; in two processes at once it does nothing twice that matters."""

    def __init__(self, ports: Ports, *, every_s: float) -> None:
        self._ports = ports
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="identity-sweeper", daemon=True)

    def start(self) -> None:
        """Begin sweeping in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the sweep in hand and end."""
        self._stop.set()
        self._thread.join(timeout=10)

    def sweep(self) -> None:
        """Once. Raises Unavailable."""
        for running in erasure.remind(self._ports):
            log.warning(
                "an erasure waits for answers",
                extra={"erasure_id": running.id, "reason_codes": ",".join(running.waiting_for)},
            )
        retention.forget_failures(self._ports)
        retention.drop_unused_templates(self._ports)
        retention.erase_the_silent(self._ports)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self.sweep()
            except Unavailable as e:
                log.warning("the sweep waits", extra={"error_code": e.code})
