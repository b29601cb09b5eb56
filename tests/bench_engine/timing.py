"""Cases in turn, by the process's own clock, and ratios round by round."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Case = Callable[[], object]
Times = dict[str, list[float]]


def interleaved(
    cases: Mapping[str, Case], rounds: int, *, warm: int = 1, before: Mapping[str, Case] | None = None
) -> Times:
    """CPU seconds of every case in every round, in a random order within a round; what comes before is not counted."""
    prepare = before or {}
    for name, case in cases.items():
        prepare.get(name, _nothing)()
        for _ in range(warm):
            case()
    times: Times = {name: [] for name in cases}
    for turn in range(rounds):
        names = list(cases)
        random.Random(turn).shuffle(names)
        for name in names:
            prepare.get(name, _nothing)()
            began = time.process_time()
            cases[name]()
            times[name].append(time.process_time() - began)
    return times


def ratios(times: Times, over: str, under: str) -> dict[str, float]:
    """Round by round, `over` by `under`."""
    return spread([a / b for a, b in zip(times[over], times[under], strict=True)])


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Median, 10th and 90th percentile."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), digits),
        "p10": round(_at(ordered, 0.1), digits),
        "p90": round(_at(ordered, 0.9), digits),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank."""
    return _at(sorted(values), share)


def told(found: Mapping[str, Any]) -> str:
    """As the page prints it."""
    return f"{found['median']} ({found['p10']} to {found['p90']})"


def between(found: Mapping[str, Any]) -> str:
    """The spread as goals print it."""
    return f"{found['p10']} to {found['p90']}"


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, max(0, round(share * (len(ordered) - 1))))]


def _nothing() -> None:
    """For cases that need no preparation."""
