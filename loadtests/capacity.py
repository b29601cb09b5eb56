"""How much fits: the Universal Scalability Law through the stages of a run, and what a thousand pictures cost.

    X(N) = l*N / (1 + s*(N - 1) + k*N*(N - 1))

X: calls answered a second, N: calls under way at once, l: calls a second without company, s: what cannot be done at the
same time (0 to 1), k: what everybody's presence costs everybody. N / X is linear in N - 1 and N * (N - 1), so the fit
is a non-negative least-squares one. Source: N. J. Gunther, Guerrilla Capacity Planning, 2007, chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

LEAST_STAGES = 4
_KEPT_UP = 0.95
_KEPT = 0.9


class TooFewStages(ValueError):
    """Three numbers cannot be fitted through fewer than four different loads."""


@dataclass(frozen=True)
class Usl:
    """The fitted law. `error`: median relative deviation of the measured throughput from it."""

    alone_per_s: float
    contention: float
    coherency: float
    error: float

    def throughput(self, open_calls: float) -> float:
        """Calls a second with so many under way."""
        n = open_calls
        return self.alone_per_s * n / (1 + self.contention * (n - 1) + self.coherency * n * (n - 1))

    @property
    def peak_open(self) -> float:
        """Calls under way at the most throughput; infinite while nothing but contention is seen."""
        return math.sqrt(max(0.0, 1 - self.contention) / self.coherency) if self.coherency > 0 else math.inf

    @property
    def peak_per_s(self) -> float:
        """The most calls a second; approached and never reached if `peak_open` is infinite."""
        if math.isfinite(self.peak_open):
            return self.throughput(max(1.0, self.peak_open))
        return self.alone_per_s / self.contention if self.contention > 0 else math.inf


def fit(points: Sequence[tuple[float, float]]) -> Usl:
    """Through (calls under way, calls a second). Raises TooFewStages."""
    usable = [(n, x) for n, x in points if n > 0 and x > 0]
    if len({round(n, 6) for n, _ in usable}) < LEAST_STAGES:
        raise TooFewStages(f"{len(usable)} usable stages; at least {LEAST_STAGES} different loads are needed")
    n, x = np.array(usable).T
    # Relative errors count: each row is divided by its N / X.
    rows = np.stack([np.ones_like(n), n - 1, n * (n - 1)], 1) / (n / x)[:, None]
    (a, b, c), _ = nnls(rows, np.ones_like(n))
    if a <= 0:
        raise TooFewStages("the stages do not show how fast one call alone is")
    law = Usl(1 / a, b / a, c / a, 0.0)
    deviations = [abs(law.throughput(each) - seen) / seen for each, seen in usable]
    return Usl(law.alone_per_s, law.contention, law.coherency, float(np.median(deviations)))


def foretold(points: Sequence[tuple[float, float]]) -> float | None:
    """How far off the law is where it has not been: fitted without the most loaded stage and asked about it, as a share
    of what was answered there. None if too few are left."""
    ordered = sorted((n, x) for n, x in points if n > 0 and x > 0)
    try:
        law = fit(ordered[:-1])
    except TooFewStages:
        return None
    n, seen = ordered[-1]
    return (law.throughput(n) - seen) / seen


def saturation(stages: Sequence[Mapping[str, float | str]]) -> Mapping[str, float | str] | None:
    """The first stage in which answers fell behind calls, or the 95th percentile rose to three times the first stage's;
    None: it kept up throughout."""
    if not stages:
        return None
    calm_s = float(stages[0]["p95_s"])
    for stage in stages:
        asked = float(stage["calls"]) / float(stage["seconds"])
        behind = asked > 0 and float(stage["answered_per_s"]) < _KEPT_UP * asked
        slow = calm_s > 0 and float(stage["p95_s"]) > 3 * calm_s
        if behind or slow:
            return stage
    return None


def degrading(stages: Sequence[Mapping[str, float | str]]) -> str:
    """What more load than fits does to it, from the stage in which it fell behind to the last; "" if it never did."""
    first = saturation(stages)
    if first is None:
        return ""
    last, most = stages[-1], max(float(stage["answered_per_s"]) for stage in stages)
    kept = float(last["answered_per_s"]) / most
    asked = float(last["calls"]) / float(last["seconds"])
    word = "keeps its throughput" if kept >= _KEPT else "loses throughput"
    return (
        f"{word}: {float(last['answered_per_s']):g} answered of {asked:.3g} asked a second at the end, {kept:.0%} of "
        f"the most; {float(last['ok']):.2%} of first attempts right; p95 {float(first['p95_s']):g} s where it fell "
        f"behind, {float(last['p95_s']):g} s at the end"
    )


@dataclass(frozen=True)
class Cost:
    """What was used. `core_s`: processor seconds of the whole platform; `gpu_s`: GPU seconds, if there was one."""

    core_s: float
    calls: int
    pictures: int
    gpu_s: float = 0.0

    def calls_per_core_s(self) -> float:
        """Calls answered for each processor second; 0 if none were used."""
        return self.calls / self.core_s if self.core_s else 0.0

    def per_thousand_pictures(self, core_hour: float, gpu_hour: float = 0.0) -> float | None:
        """In the prices' currency; None without a picture. All that the platform did is laid upon the pictures."""
        if not self.pictures:
            return None
        return 1000 * (self.core_s * core_hour + self.gpu_s * gpu_hour) / 3600 / self.pictures
