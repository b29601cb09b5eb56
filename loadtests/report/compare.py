"""Against the run before: what got better, what worse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NOISE = 0.10


@dataclass(frozen=True)
class Change:
    """`before` None: it is new."""

    what: str
    before: float | None
    now: float

    @property
    def word(self) -> str:
        """Lower is better for everything compared here; changes within a tenth are called noise."""
        if self.before is None:
            return "new"
        if self.before == 0:
            return "same" if self.now == 0 else "worse"
        ratio = self.now / self.before
        return "same" if abs(ratio - 1) <= _NOISE else "worse" if ratio > 1 else "better"


def last(out: Path, profile: str, but: Path) -> dict[str, Any] | None:
    """The summary of the run before of the same profile."""
    older = sorted(p for p in out.glob(f"{profile}-*/summary.json") if p.parent != but)
    if not older:
        return None
    found: dict[str, Any] = json.loads(older[-1].read_text())
    return found


def changes(now: dict[str, Any], before: dict[str, Any] | None) -> list[Change]:
    """Percentiles of routes and marks, and the cost."""
    older = dict(_numbers(before)) if before else {}
    return [Change(what, older.get(what), value) for what, value in _numbers(now)]


def _numbers(row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for part in ("routes", "marks"):
        for name, shape in row[part].items():
            for quantile in ("p50", "p95"):
                if quantile in shape:
                    yield f"{name}, {quantile}, s", float(shape[quantile])
    cost = row["capacity"].get("per_1000_pictures")
    if isinstance(cost, int | float):
        yield "cost of 1,000 pictures", float(cost)
