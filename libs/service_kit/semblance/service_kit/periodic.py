"""Work that is done by the clock, in a thread of its own; several processes may do it at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from semblance.kernel.errors import Unavailable

_log = logging.getLogger(__name__)
_END_S = 10.0  # how long stopping waits for what is in hand


class Periodic:
    """Does `work` after each pause until stopped. What is away puts it off; anything else ends the thread."""

    def __init__(self, name: str, work: Callable[[], object], pause_s: Callable[[], float]) -> None:
        self._work = work
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first time comes after a pause."""
        self._thread.start()

    def stop(self) -> None:
        """End, also in the middle of a pause; what is in hand is finished. Whoever has the work often holds this, and
        from then on is held by it no more: they are gone once nobody else holds them."""
        self._stop.set()
        self._thread.join(timeout=_END_S)
        self._work, self._pause_s = _nothing, _at_once

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s()):
            try:
                self._work()
            except Unavailable as error:
                _log.warning("sweep put off", extra={"error_code": error.code})


def _nothing() -> None:
    """What is left to do."""


def _at_once() -> float:
    return 0.0
