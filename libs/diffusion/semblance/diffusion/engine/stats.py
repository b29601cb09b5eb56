"""What an operator may ask of an engine at any time: counts and times, nothing of anybody."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_STEPS_KEPT = 64
_WAITS_KEPT = 512


@dataclass(frozen=True)
class EngineStats:
    """oldest_wait_s: of the request that waits longest of which no row has begun. last_steps_s: the newest last. waits
    to first step in seconds, None before the first. occupancy_0_1: rows' share of the lanes computed lately. proven:
    the batch sizes with equal bits of each class met, the last drawn first."""

    healthy: bool
    queued_rows: int
    rows_in_flight: int
    oldest_wait_s: float
    last_steps_s: tuple[float, ...]
    wait_p50_s: float | None
    wait_p95_s: float | None
    slots: int
    slots_held: int
    proven: tuple[tuple[int, ...], ...]
    allowed_lanes: int
    occupancy_0_1: float
    steps_taken: int
    shortages: int


class Meter:
    """Counts of the engine's thread."""

    def __init__(self) -> None:
        self.steps_s: deque[float] = deque(maxlen=_STEPS_KEPT)
        self.waits_s: deque[float] = deque(maxlen=_WAITS_KEPT)
        self.lanes: deque[tuple[int, int]] = deque(maxlen=_STEPS_KEPT)
        self.steps_taken = 0
        self.shortages = 0

    def stepped(self, seconds: float, used: int, computed: int) -> None:
        """A step took so long, with `used` of `computed` lanes anybody's."""
        self.steps_s.append(seconds)
        self.lanes.append((used, computed))
        self.steps_taken += 1

    @property
    def occupancy_0_1(self) -> float:
        """Of the last steps."""
        lanes = list(self.lanes)
        computed = sum(all_lanes for _used, all_lanes in lanes)
        return sum(used for used, _all in lanes) / computed if computed else 0.0

    def wait_s(self, share_0_1: float) -> float | None:
        """The wait to the first step that so large a share of the last rows had at most."""
        waits = sorted(self.waits_s)
        return waits[min(int(share_0_1 * len(waits)), len(waits) - 1)] if waits else None
