"""What the workers wrote down, counted. Percentiles are order statistics, nothing interpolated."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

QUANTILES = (50, 95, 99)


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
    """One arrival's whole journey. `outcome`: done, failed, starved (nobody was free for it) or refused (by the
    harness). `marks`: seconds from the intended arrival to things people wait for."""

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


def by_route(calls: Iterable[Call]) -> dict[str, dict[str, float]]:
    """Seconds from the due time to the whole answer, and the share of answers that were right, by route. Attempts after
    the first are left out of both: whoever asks again has already waited."""
    grouped: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.attempt == 1:
            grouped[call.route].append(call)
    return {
        route: {
            **shape([c.ended - c.due for c in each]),
            "availability": round(sum(c.ok for c in each) / len(each), 5),
        }
        for route, each in sorted(grouped.items())
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


def by_stage(calls: Sequence[Call], walks: Sequence[Walk]) -> list[dict[str, float | str]]:
    """Offered and answered, by stage in the order of time. `open`: journeys under way on average (Little's law)."""
    order: dict[str, list[Walk]] = defaultdict(list)
    for walk in walks:
        order[walk.stage].append(walk)
    first_calls: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.attempt == 1:
            first_calls[call.stage].append(call)
    starts = [min(w.due for w in each) for each in order.values()]

    def under_way(some: Sequence[Call], end: float) -> float:
        return sum(min(call.ended, end) - call.started for call in some if call.started < end)

    rows: list[dict[str, float | str]] = []
    for (stage, each), start in zip(order.items(), starts, strict=True):
        later = [s for s in starts if s > start]
        last = min(later) if later else max(w.due for w in each)
        seconds = max(last - start, 1e-9)
        inside = [c for c in calls if start <= c.ended < start + seconds and c.ok]
        mine = first_calls.get(stage, [])
        took = [c.ended - c.due for c in mine]
        rows.append(
            {
                "stage": stage,
                "began": round(start, 3),
                "seconds": round(seconds, 3),
                "arrivals": len(each),
                "offered_per_s": round(len(each) / seconds, 3),
                "calls": len(mine),
                "answered_per_s": round(len(inside) / seconds, 3),
                "ok": round(sum(c.ok for c in mine) / len(mine), 4) if mine else 1.0,
                "p95_s": round(percentile(took, 95), 4) if took else 0.0,
                "open": round(under_way(mine, start + seconds) / seconds, 3),
            }
        )
    return rows
