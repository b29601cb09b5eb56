"""What was used in all by each moment, from looks some time apart; between two looks it grows evenly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Curve:
    """`points`: (Unix time, seconds used in all by then), ascending."""

    points: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, points: Iterable[tuple[float, float]]) -> Curve:
        """In the order of time."""
        return cls(tuple(sorted(points)))

    def between(self, start: float, end: float) -> float:
        """Seconds used between two moments; what lies outside all looks counts as nothing."""
        if len(self.points) < 2:
            return 0.0
        times, totals = zip(*self.points, strict=True)
        began, ended = np.interp([start, end], times, totals)
        return float(ended - began)

    def step_s(self) -> float:
        """The middle time from one look to the next; infinite with fewer than two."""
        return float(np.median(np.diff([at for at, _ in self.points]))) if len(self.points) > 1 else float("inf")

    def rate(self, start: float, end: float) -> float | None:
        """Seconds a second between two moments, of the time that was looked at; None where looks are too far apart."""
        if len(self.points) < 2:
            return None
        start, end = max(start, self.points[0][0]), min(end, self.points[-1][0])
        return self.between(start, end) / (end - start) if end - start >= 2 * self.step_s() else None
