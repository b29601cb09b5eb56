"""Sends everybody off at their time, each in a greenlet (or thread) of their own, and waits for nobody.

An open loop: when the platform gets slow, people keep coming. How late an arrival itself was sent is written down, so a
harness that cannot keep up says so instead of flattering the platform.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from loadtests.arrivals import Arrival


@dataclass
class Dispatcher:
    """`spawn(function, arrival, due_s)` must return at once. Times are `now()` seconds. `limit`: open journeys beyond
    which arrivals are refused by the harness itself; each is told to `refused`, and voids the verdict. `enough`: asked
    before each arrival; from the first yes on nobody is sent."""

    spawn: Callable[[Callable[[Arrival, float], None], Arrival, float], object]
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], float] = time.monotonic
    limit: int = 5000
    refused: Callable[[Arrival, float], None] = lambda _arrival, _due_s: None
    enough: Callable[[], bool] = lambda: False
    open: int = 0
    met: int = 0  # arrivals that left a row: sent or refused

    def run(self, plan: Iterable[Arrival], began_s: float, do: Callable[[Arrival, float], None]) -> int:
        """Send the plan off; how many were sent."""
        sent = 0
        for arrival in plan:
            due_s = began_s + arrival.at_s
            while (early_s := due_s - self.now()) > 0:
                self.sleep(early_s)
            if self.enough():
                break
            self.met += 1
            if self.open >= self.limit:
                self.refused(arrival, due_s)
                continue
            self.open += 1
            self.spawn(self._counted(do), arrival, due_s)
            sent += 1
        return sent

    def _counted(self, do: Callable[[Arrival, float], None]) -> Callable[[Arrival, float], None]:
        def counted(arrival: Arrival, due_s: float) -> None:
            try:
                do(arrival, due_s)
            finally:
                self.open -= 1

        return counted
