"""Against the run before: what got better, what worse."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests import arrivals, origin
from loadtests.profile import Profile

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


def alike(place: str, profile: Profile) -> str:
    """The same for two runs at one place, "" for a platform of their own, in which the same people come when they came:
    only those are compared. A replay of another trace, or a profile that was changed, is another load."""
    text = f"{place}\n{profile.name}\n{arrivals.written(profile.plan())}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return "-".join(digest[at : at + 4] for at in range(0, len(digest), 4))  # in one piece it reads as a secret


def last(out: Path, row: Mapping[str, Any], but: Path) -> dict[str, Any] | None:
    """The summary of the run before that was alike. One that cannot be read, or is from before it was said with what it
    may be compared, is left out."""
    older = (p for p in out.glob("*/summary.json") if p.parent != but and origin.stamp_of(p.parent) is not None)
    for path in sorted(older, key=lambda p: (origin.stamp_of(p.parent), p), reverse=True):
        found = _read(path)
        if found.get("alike") == row["alike"]:
            return found
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


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
