"""Drawings that an engine was lost with. Nobody knows which of them was why, so each is drawn alone the next time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from semblance.generation.domain.order import Order
from semblance.generation.domain.withdrawn import Whose

_KEPT: Final = 256

Which = tuple[Order, tuple[Whose, ...]]
"""A drawing as it is asked for again: its seed is its own. No words."""


class Suspects:
    """Drawings that an engine was lost with, until they are drawn; the last so many. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[Which, None] = OrderedDict()

    def add(self, which: Which) -> None:
        """It may be why."""
        with self._lock:
            self._held[which] = None
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)

    def clear(self, which: Which) -> None:
        """It was not, or not again."""
        with self._lock:
            self._held.pop(which, None)

    def __contains__(self, which: Which) -> bool:
        return which in self._held
