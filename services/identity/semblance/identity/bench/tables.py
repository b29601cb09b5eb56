"""Rows of the report that are sorted by what people, photos and thresholds are like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from semblance.identity.bench.matching import AS_TAKEN, Mated, Scores
from semblance.identity.bench.rates import det, fnmr_between, threshold_at, upper_bound
from semblance.identity.bench.sessions import Outcome
from semblance.identity.bench.traits import traits
from semblance.synthetic_people.people import person

THRESHOLDS = (0.55, 0.58, 0.60, 0.62, 0.65, 0.675)
BAND_AT = (0.1, 0.03, 0.01, 0.003, 0.001)
Row = dict[str, Any]


def errors(wrong: Sequence[bool]) -> Row:
    """So many of so many, the share and its 95 % upper bound."""
    return {
        "errors": int(sum(wrong)),
        "of": len(wrong),
        "share": round(sum(wrong) / len(wrong), 4) if wrong else None,
        "upper_95": round(upper_bound(int(sum(wrong)), len(wrong)), 4) if wrong else None,
    }


def refusals_by_trait(real: Sequence[Outcome]) -> Row:
    """Genuine sessions refused, by what the people are like."""
    kinds = {o.seed: traits(person(o.seed)) for o in real}
    found: dict[str, dict[str, list[bool]]] = {}
    for o in real:
        for trait, value in kinds[o.seed].items():
            found.setdefault(trait, {}).setdefault(value, []).append(not o.passed)
    return {trait: {v: errors(wrong) for v, wrong in sorted(rows.items())} for trait, rows in found.items()}


def misses_by_slice(mated: Sequence[Mated], match: float) -> Row:
    """Own photos below the threshold, by the photo and by the person."""
    people = {m.seed: traits(person(m.seed)) for m in mated}
    found: dict[str, dict[str, list[bool]]] = {"photo": {}, "pose": {}, "light": {}}
    for m in mated:
        found["photo"].setdefault(m.kind, []).append(m.score < match)
        if m.kind == AS_TAKEN:
            for name, value in {"pose": m.pose, "light": m.light, **people[m.seed]}.items():
                found.setdefault(name, {}).setdefault(value, []).append(m.score < match)
    return {name: {v: errors(wrong) for v, wrong in sorted(rows.items())} for name, rows in found.items()}


def by_threshold(scores: Scores) -> list[Row]:
    """What each threshold lets through and keeps out."""
    kinds = list(dict.fromkeys(m.kind for m in scores.mated))
    return [
        {
            "threshold": t,
            "fmr": _share(scores.strangers, t),
            "siblings": _share(scores.siblings, t),
            "fnmr": {k: _below([m.score for m in scores.mated if m.kind == k], t) for k in kinds},
        }
        for t in THRESHOLDS
    ]


def band(scores: Scores) -> list[Row]:
    """FNMR at some false match rates, with the 95 % interval from drawing people."""
    own: dict[int, list[float]] = {}
    others: dict[int, list[float]] = {}
    for m in scores.mated:
        if m.kind == AS_TAKEN:
            own.setdefault(m.seed, []).append(m.score)
    for owner, _, score in scores.others:
        others.setdefault(owner, []).append(score)
    return [
        {"fmr": fmr, "fnmr": round(value, 4), "low": round(low, 4), "high": round(high, 4)}
        for fmr in BAND_AT
        for value, low, high in [fnmr_between(own, others, fmr)]
    ]


def engines(rows: Mapping[str, Scores], fmr: float) -> Row:
    """Each engine at its own threshold."""
    out: Row = {}
    for name, scores in rows.items():
        strict = threshold_at(det(scores.own, scores.strangers), fmr)
        out[name] = {
            "threshold": round(strict, 3),
            "mated": len(scores.own),
            "non_mated": len(scores.strangers),
            "fnmr": errors([s < strict for s in scores.own]),
            "genuine_median": round(float(np.median(scores.own)), 3),
            "stranger_highest": round(max(scores.strangers), 3),
        }
    return out


def _share(values: Sequence[float], threshold: float) -> float | None:
    return round(float(np.mean(np.asarray(values) >= threshold)), 5) if len(values) else None


def _below(values: Sequence[float], threshold: float) -> float | None:
    return round(float(np.mean(np.asarray(values) < threshold)), 4) if len(values) else None
