"""Time as a port, so that tests move it by hand instead of sleeping."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for durations: a wall clock may jump."""

    def now(self) -> dt.datetime: ...

    def monotonic_s(self) -> float: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> dt.datetime:
        """The present instant, timezone-aware UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic_s(self) -> float:
        """Seconds that never go backwards; only differences mean anything."""
        return time.monotonic()


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, start: dt.datetime = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)) -> None:
        self._now = start
        self._monotonic_s = 0.0

    def now(self) -> dt.datetime:
        """The instant last set."""
        return self._now

    def monotonic_s(self) -> float:
        """Seconds advanced so far; a wall-clock jump does not move it."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self._now += dt.timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def jump_to(self, instant: dt.datetime) -> None:
        """Set the wall clock, as an administrator or NTP might; monotonic time stays."""
        self._now = instant
