"""Error rates with their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

CONFIDENCE = 0.95
_DRAWS = 1000


def upper_bound(errors: int, tries: int) -> float:
    """The one-sided 95 % upper bound of a rate (Clopper-Pearson); with no error about 3 / tries, the rule of three.

    0 <= errors <= tries. Source: ISO/IEC 19795-1:2021, annex B.
    """
    if errors >= tries:
        return 1.0
    low, high = errors / tries, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(errors, tries, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _at_most(errors: int, tries: int, rate: float) -> float:
    """The chance of at most so many errors."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, tries + 1)))])
    k = np.arange(errors + 1)
    terms = logs[tries] - logs[k] - logs[tries - k] + k * np.log(max(rate, 1e-300)) + (tries - k) * np.log1p(-rate)
    return float(np.exp(terms).sum())


def by_person(values: Mapping[int, Sequence[float]]) -> tuple[float, float]:
    """Mean over all values, and half the 95 % interval from drawing people (not values) with replacement."""
    rng, people = np.random.default_rng(0), list(values.values())
    if not people:
        return float("nan"), float("nan")
    means = [
        np.concatenate([people[i] for i in rng.integers(len(people), size=len(people))]).mean() for _ in range(_DRAWS)
    ]
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(np.concatenate(people).mean()), float(high - low) / 2


def det(mated: Sequence[float], others: Sequence[float]) -> list[tuple[float, float, float]]:
    """(threshold, FMR, FNMR) at every score that occurs, by rising threshold."""
    thresholds = np.unique(np.concatenate([mated, others]))
    sorted_mated, sorted_others = np.sort(mated), np.sort(others)
    fnmr = np.searchsorted(sorted_mated, thresholds, side="left") / len(mated)
    fmr = 1 - np.searchsorted(sorted_others, thresholds, side="left") / len(others)
    return [(float(t), float(a), float(b)) for t, a, b in zip(thresholds, fmr, fnmr, strict=True)]


def threshold_at(curve: Sequence[tuple[float, float, float]], fmr: float) -> float:
    """The lowest threshold with a false match rate of at most `fmr`; above every score if none has."""
    return next((t for t, rate, _ in curve if rate <= fmr), curve[-1][0] + 1e-6)


def fnmr_between(
    own: Mapping[int, Sequence[float]], others: Mapping[int, Sequence[float]], fmr: float, draws: int = 200
) -> tuple[float, float, float]:
    """FNMR at the threshold of this FMR, and its 95 % interval from drawing enrolled people with replacement; each
    draw sets its own threshold. Both by the seed of the templates' owner."""
    people = list(own)
    rng = np.random.default_rng(0)

    def once(drawn: Sequence[int]) -> float:
        strangers = np.sort(np.concatenate([others[p] for p in drawn]))[::-1]
        allowed = int(fmr * len(strangers))
        threshold = strangers[allowed] if allowed < len(strangers) else -1.0
        return float((np.concatenate([own[p] for p in drawn]) <= threshold).mean())

    values = [once([people[i] for i in rng.integers(len(people), size=len(people))]) for _ in range(draws)]
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return once(people), float(low), float(high)
