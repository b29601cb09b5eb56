"""What a caller holds of a request: its end, and the way to call it off. Safe from any thread."""

from __future__ import annotations

import enum
import logging
import threading
from collections.abc import Callable
from typing import Final

from semblance.diffusion.errors import Cancelled
from semblance.diffusion.rendering import RgbU8

_log: Final = logging.getLogger(__name__)


class State(enum.Enum):
    """Where a request stands."""

    QUEUED = "queued"
    DRAWING = "drawing"
    DONE = "done"
    FAILED = "failed"


class Ticket:
    """One submitted request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._state = State.QUEUED
        self._pictures: list[RgbU8] = []
        self._error: BaseException | None = None
        self._watchers: list[Callable[[Ticket], None]] = []

    def __repr__(self) -> str:
        return f"Ticket({self._state.value})"

    @property
    def state(self) -> State:
        """Where the request stands."""
        return self._state

    @property
    def over(self) -> bool:
        """Whether `result` answers at once."""
        return self._over.is_set()

    def result(self, timeout_s: float | None = None) -> list[RgbU8]:
        """The pictures (H, W, 3) in the order of their seeds. Raises what ended the request: Cancelled, Revoked,
        DeadlineMissed, AdapterUnusable, ..., what its callback raised; TimeoutError when it takes longer."""
        if not self._over.wait(timeout_s):
            raise TimeoutError(f"not drawn within {timeout_s} s")
        error = self._error
        if error is None:
            return list(self._pictures)
        # Each caller gets its own traceback, not one that grows with every call; and none of its frames holds the
        # ticket, which holds the error: such a ring keeps who waited, and what they wore, until a full collection.
        try:
            raise error.with_traceback(None)
        finally:
            del self, error

    def cancel(self) -> bool:
        """Call the request off: its rows are gone before their next step. False when it was over already."""
        return self.end(Cancelled())

    def when_over(self, call: Callable[[Ticket], None]) -> None:
        """`call(ticket)` once it is over, at once when it is; by the thread that ended it, which may hold the engine.

        It must not wait for anything. What it raises is logged and lost.
        """
        with self._lock:
            if not self._over.is_set():
                self._watchers.append(call)
                return
        self._tell(call)

    def begin(self) -> None:
        """For the engine: a row is being drawn."""
        with self._lock:
            if self._state is State.QUEUED:
                self._state = State.DRAWING

    def end(self, how: BaseException | list[RgbU8]) -> bool:
        """For the engine: pictures, or why there are none. Only the first end counts; whether this was it."""
        with self._lock:
            if self._over.is_set():
                return False
            if isinstance(how, BaseException):
                # Without its frames, which hold latents and faces for as long as the ticket is kept.
                self._state, self._error = State.FAILED, how.with_traceback(None)
            else:
                self._state, self._pictures = State.DONE, how
            self._over.set()
            watchers, self._watchers = self._watchers, []
        for call in watchers:
            self._tell(call)
        return True

    def _tell(self, call: Callable[[Ticket], None]) -> None:
        try:
            call(self)
        except Exception as error:  # noqa: BLE001 - a revocation that ends tickets goes on to wipe, whatever one raises
            _log.error("a ticket's watcher raised %s", type(error).__name__)
