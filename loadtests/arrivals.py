"""When somebody comes: every time is made before the run, so a slow platform cannot slow its own load.

A plan is stages one after the other; within a stage the rate is constant or changes linearly. Poisson arrivals are
drawn by time rescaling: unit exponential steps, mapped back through the cumulative rate, which is exact for any rate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np


class BadPlan(ValueError):
    """A profile's arrivals or a trace that cannot be meant."""


@dataclass(frozen=True)
class Segment:
    """A rate that goes in a line from `from_per_s` to `to_per_s` during `for_s` seconds."""

    stage: str
    from_per_s: float
    to_per_s: float
    for_s: float

    def __post_init__(self) -> None:
        if not self.for_s > 0 or self.from_per_s < 0 or self.to_per_s < 0:
            raise BadPlan(f"stage {self.stage!r}: for_s must be above 0 and rates not below 0")

    @property
    def expected(self) -> float:
        """Arrivals to expect."""
        return (self.from_per_s + self.to_per_s) / 2 * self.for_s

    def when(self, count: float) -> float:
        """Seconds into the segment at which `count` arrivals are expected: inverts a*t + b*t*t/2."""
        slope = (self.to_per_s - self.from_per_s) / self.for_s
        if abs(slope) < 1e-12:
            return count / self.from_per_s
        root = math.sqrt(max(0.0, self.from_per_s**2 + 2 * slope * count))
        return (root - self.from_per_s) / slope


@dataclass(frozen=True)
class Arrival:
    """Somebody who wants `journey` at `at_s` seconds after the start, whatever the platform is doing then. `beyond`: in
    a stage that offers more than is promised."""

    number: int
    at_s: float
    stage: str
    journey: str
    beyond: bool = False


def segments_of(plan: Sequence[Mapping[str, object]]) -> list[Segment]:
    """The stages of a profile, drawn out. Raises BadPlan."""
    found: list[Segment] = []
    for number, row in enumerate(plan, 1):
        given = dict(row)
        shape = str(given.pop("shape", ""))
        name = str(given.pop("name", f"{shape} {number}"))
        try:
            found += _SHAPES[shape](name, **given)
        except KeyError:
            raise BadPlan(f"unknown shape {shape!r}; known are {', '.join(_SHAPES)}") from None
        except TypeError as e:
            raise BadPlan(f"stage {name!r}: {e}") from None
    return found


def _steady(name: str, *, per_s: float, for_s: float) -> list[Segment]:
    return [Segment(name, per_s, per_s, for_s)]


def _ramp(name: str, *, from_per_s: float, to_per_s: float, for_s: float) -> list[Segment]:
    return [Segment(name, from_per_s, to_per_s, for_s)]


def _spike(name: str, *, per_s: float, peak_per_s: float, for_s: float, peak_s: float) -> list[Segment]:
    """`peak_s` of `peak_per_s` in the middle of `for_s`, as sudden as it gets."""
    calm_s = (for_s - peak_s) / 2
    return [
        Segment(f"{name}: before", per_s, per_s, calm_s),
        Segment(f"{name}: peak", peak_per_s, peak_per_s, peak_s),
        Segment(f"{name}: after", per_s, per_s, calm_s),
    ]


def _steps(name: str, *, from_per_s: float, by_per_s: float, steps: int, each_s: float) -> list[Segment]:
    rates = [from_per_s + k * by_per_s for k in range(steps)]
    return [Segment(f"{name}: {rate:g}/s", rate, rate, each_s) for rate in rates]


_SHAPES: Mapping[str, Callable[..., list[Segment]]] = {
    "steady": _steady,
    "ramp": _ramp,
    "spike": _spike,
    "steps": _steps,
}


def times(
    segments: Iterable[Segment], dice: np.random.Generator, *, poisson: bool = True
) -> Iterator[tuple[float, str]]:
    """(seconds after the start, stage), rising. Without `poisson` they are as even as the rate allows."""
    began_s, step = 0.0, _step(dice, poisson)
    for segment in segments:
        count = 0.0
        while count + step <= segment.expected:
            count += step
            yield began_s + segment.when(count), segment.stage
            step = _step(dice, poisson)
        step -= segment.expected - count
        began_s += segment.for_s


def _step(dice: np.random.Generator, poisson: bool) -> float:
    return float(dice.exponential()) if poisson else 1.0


def planned(segments: Sequence[Segment], mix: Mapping[str, float], seed: int, *, poisson: bool = True) -> list[Arrival]:
    """The whole run beforehand, the same for a seed. `mix` weighs journeys. Raises BadPlan."""
    total = sum(mix.values())
    if not mix or total <= 0 or min(mix.values()) < 0:
        raise BadPlan("the mix needs journeys with weights above 0")
    when, which = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    names, weights = list(mix), [weight / total for weight in mix.values()]
    return [
        Arrival(number, at_s, stage, str(which.choice(names, p=weights)))
        for number, (at_s, stage) in enumerate(times(segments, when, poisson=poisson))
    ]


def replayed(trace: Path, *, speed: float = 1.0) -> list[Arrival]:
    """The arrivals of a file that `write` wrote or somebody took from their own logs: a JSON object a line with `at_s`,
    `journey` and, if wanted, `stage`, and `beyond` of a whole stage. `speed` 2 is twice as fast. Raises BadPlan."""
    found: list[Arrival] = []
    marks: dict[str, bool] = {}
    try:
        lines = trace.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise BadPlan(f"no trace could be read: {e}") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            at_s, journey, stage = float(row["at_s"]), str(row["journey"]), str(row.get("stage", "trace"))
            beyond = row.get("beyond", False)
        except (ValueError, KeyError, TypeError, AttributeError) as e:
            raise BadPlan(f"{trace.name}, line {number}: not an arrival ({e})") from None
        if not 0 <= at_s < math.inf:
            raise BadPlan(f"{trace.name}, line {number}: at_s is below 0, or no time")
        if not isinstance(beyond, bool) or (beyond and "stage" not in row):
            raise BadPlan(f"{trace.name}, line {number}: beyond is true or false, of a stage that has a name")
        if marks.setdefault(stage, beyond) is not beyond:
            raise BadPlan(f"{trace.name}, line {number}: stage {stage!r} is beyond what is promised and is not")
        found.append(Arrival(0, at_s / speed, stage, journey, beyond))
    if not found:
        raise BadPlan(f"{trace.name}: nobody comes")
    return numbered(found)


def numbered(some: Iterable[Arrival]) -> list[Arrival]:
    """In the order of their times, numbered anew."""
    ordered = sorted(some, key=lambda each: each.at_s)
    return [replace(each, number=number) for number, each in enumerate(ordered)]


def write(plan: Iterable[Arrival], trace: Path) -> None:
    """A trace that `replayed` reads."""
    trace.write_text(written(plan))


def written(plan: Iterable[Arrival]) -> str:
    """Its text: a JSON object a line."""
    rows = (
        {"at_s": round(a.at_s, 6), "journey": a.journey, "stage": a.stage} | ({"beyond": True} if a.beyond else {})
        for a in plan
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def share(plan: Iterable[Arrival], worker: int, workers: int) -> list[Arrival]:
    """What one of `workers` sends: together they send each arrival once."""
    return [arrival for arrival in plan if arrival.number % workers == worker]
