"""Rates with exact bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from scipy.stats import beta

CONFIDENCE = 0.95
Rate = dict[str, Any]


def rate(hits: int, tries: int) -> Rate:
    """Two-sided 95 % Clopper-Pearson interval; 0 to 1 for no tries."""
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, hits, tries - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, tries - hits)) if hits < tries else 1.0
    value = hits / tries if tries else None
    return {"hits": hits, "of": tries, "rate": value, "low_95": round(low, 4), "high_95": round(high, 4)}


def rates_by(rows: Iterable[tuple[Any, bool]], key: Callable[[Any], str]) -> dict[str, Rate]:
    """One rate for each key, of rows (what, hit)."""
    found: dict[str, list[bool]] = {}
    for what, hit in rows:
        found.setdefault(key(what), []).append(hit)
    return {name: rate(sum(hits), len(hits)) for name, hits in sorted(found.items())}
