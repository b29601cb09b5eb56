"""After a defect whoever was drawn beside it is drawn alone, so that only the guilty one's attempts are spent: in the
process that lost its engine, for no other hears of it.

A batch does not say which of its rows it died of, and the queue would send the same company again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from semblance.diffusion.engine.errors import EngineBroken
from semblance.generation.domain.suspects import Suspects, Which


class Apart:
    """Drawings share an engine, but for one that is to be alone in it. For several threads."""

    def __init__(self) -> None:
        self._suspects = Suspects()
        self._lock = threading.Lock()
        self._inside = 0
        self._alone = False
        self._in_line = 0

    @contextmanager
    def drawing(self, which: Which, wait: Callable[[], None], *, alone: bool = False) -> Iterator[None]:
        """Inside, it has company or none, as it is told or as it is known. `wait` is called until it may enter, takes
        a moment, and ends it by what it raises. Whoever comes later waits for those that wait to be alone."""
        alone = alone or which in self._suspects
        self._enter(alone, wait)
        try:
            yield
            self._suspects.clear(which)
        except EngineBroken:
            self._suspects.add(which)
            raise
        finally:
            with self._lock:
                self._inside -= 1
                self._alone = False

    def _enter(self, alone: bool, wait: Callable[[], None]) -> None:
        with self._lock:
            self._in_line += alone
        try:
            while not self._entered(alone):
                wait()
        finally:
            with self._lock:
                self._in_line -= alone

    def _entered(self, alone: bool) -> bool:
        with self._lock:
            if self._alone or (self._inside if alone else self._in_line):
                return False
            self._inside += 1
            self._alone = alone
            return True
