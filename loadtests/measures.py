"""What the workers wrote down, counted. Percentiles are order statistics, nothing interpolated."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

QUANTILES = (50, 95, 99)
BROKEN = "broken"


@dataclass(frozen=True)
class Call:
    """One HTTP call. `due`: when it should have been sent (an arrival's first call: the intended arrival), `ended` when
    its whole answer was there; seconds after the run's start. `ok`: the answer that the journey counts on."""

    route: str
    journey: str
    stage: str
    due: float
    started: float
    ended: float
    status: int
    ok: bool
    attempt: int = 1


@dataclass(frozen=True)
class Walk:
    """One arrival's whole journey. `outcome`: done, failed, starved (nobody was free for it), refused (by the
    harness) or broken (the harness itself was, and nothing is judged). `marks`: seconds from the intended arrival to
    things people wait for."""

    journey: str
    stage: str
    due: float
    started: float
    ended: float
    outcome: str
    why: str = ""
    marks: Mapping[str, float] = field(default_factory=dict)


def read(paths: Iterable[Path]) -> tuple[list[Call], list[Walk]]:
    """Calls and walks of all workers, by their due time."""
    calls: list[Call] = []
    walks: list[Walk] = []
    for path in paths:
        for line in path.read_text().splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            row = json.loads(line)
            if row.pop("row") == "call":
                calls.append(Call(**row))
            else:
                walks.append(Walk(**row))
    return sorted(calls, key=lambda c: c.due), sorted(walks, key=lambda w: w.due)


def line(row: Call | Walk) -> str:
    """What `read` reads."""
    return json.dumps({"row": type(row).__name__.lower(), **asdict(row)}) + "\n"


def percentile(values: Sequence[float], q: float) -> float:
    """The smallest value that q per cent are not above. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return float(ordered[max(0, math.ceil(q / 100 * len(ordered)) - 1)])


def shape(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Count, percentiles and the longest; only the count if there are none."""
    if not values:
        return {"count": 0}
    found = {f"p{q}": round(percentile(values, q), digits) for q in QUANTILES}
    return {"count": len(values), **found, "max": round(max(values), digits)}


def waits(calls: Iterable[Call]) -> dict[str, list[float]]:
    """Seconds from the due time to the whole answer, by route; first attempts."""
    return {route: [c.ended - c.due for c in each] for route, each in _first(calls).items()}


def _first(calls: Iterable[Call]) -> dict[str, list[Call]]:
    grouped: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.attempt == 1:
            grouped[call.route].append(call)
    return grouped


def by_route(calls: Iterable[Call]) -> dict[str, dict[str, float]]:
    """Seconds from the due time to the whole answer, and the share of answers that were right, by route. Attempts after
    the first are left out of both: whoever asks again has already waited."""
    return {
        route: {
            **shape([c.ended - c.due for c in each]),
            "availability": round(sum(c.ok for c in each) / len(each), 5),
        }
        for route, each in sorted(_first(calls).items())
    }


def availability(calls: Iterable[Call]) -> float:
    """The share of first attempts that were answered rightly. Raises ValueError for no calls."""
    first = [call.ok for call in calls if call.attempt == 1]
    if not first:
        raise ValueError("no calls")
    return sum(first) / len(first)


def marks(walks: Iterable[Walk]) -> dict[str, list[float]]:
    """Every mark with its values."""
    found: dict[str, list[float]] = defaultdict(list)
    for walk in walks:
        for name, seconds in walk.marks.items():
            found[name].append(seconds)
    return dict(found)


def lateness(walks: Iterable[Walk]) -> list[float]:
    """By how much the harness itself was late, each arrival."""
    return [walk.started - walk.due for walk in walks if walk.outcome != "refused"]


@dataclass(frozen=True)
class Window:
    """A stage of the plan: seconds after the run's start, and how long."""

    stage: str
    began: float
    seconds: float


def by_stage(calls: Sequence[Call], walks: Sequence[Walk], windows: Sequence[Window]) -> list[dict[str, float | str]]:
    """What was asked and answered while each stage lasted, by whomever. `open`: calls under way on average."""
    return [_stage(window, calls, walks) for window in windows]


def _stage(window: Window, calls: Sequence[Call], walks: Sequence[Walk]) -> dict[str, float | str]:
    began, end = window.began, window.began + window.seconds
    asked = [call for call in calls if call.attempt == 1 and began <= call.due < end]
    took = [call.ended - call.due for call in asked]
    answered = sum(call.ok and began <= call.ended < end for call in calls)
    overlap = sum(max(0.0, min(call.ended, end) - max(call.started, began)) for call in calls)
    arrivals = sum(began <= walk.due < end for walk in walks)
    return {
        "stage": window.stage,
        "began": round(began, 3),
        "seconds": round(window.seconds, 3),
        "arrivals": arrivals,
        "offered_per_s": round(arrivals / window.seconds, 3),
        "calls": len(asked),
        "answered_per_s": round(answered / window.seconds, 3),
        "ok": round(sum(call.ok for call in asked) / len(asked), 4) if asked else 1.0,
        "p95_s": round(percentile(took, 95), 4) if took else 0.0,
        "open": round(overlap / window.seconds, 3),
    }
