"""The law that made the numbers is found again in them; cost and saturation are as reckoned by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from loadtests import capacity, measures
from loadtests.capacity import Cost, TooFewStages, Usl
from loadtests.measures import Call, Walk, Window

LAW = Usl(alone_per_s=40.0, contention=0.08, coherency=0.002, error=0.0)


def test_the_law_is_found_again() -> None:
    found = capacity.fit([(n, LAW.throughput(n)) for n in (1, 2, 4, 8, 16, 32, 64)])
    assert found.alone_per_s == pytest.approx(40.0)
    assert found.contention == pytest.approx(0.08)
    assert found.coherency == pytest.approx(0.002)
    assert found.error < 1e-6
    assert found.peak_open == pytest.approx(math.sqrt(0.92 / 0.002))
    assert found.peak_per_s == pytest.approx(max(LAW.throughput(n) for n in np.linspace(1, 64, 2000)), rel=1e-4)


def test_with_noise_the_peak_is_found_nearly() -> None:
    dice = np.random.default_rng(1)
    points = [(n, LAW.throughput(n) * dice.normal(1, 0.03)) for n in (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)]
    found = capacity.fit(points)
    assert found.peak_per_s == pytest.approx(LAW.peak_per_s, rel=0.1)
    assert found.error < 0.06


def test_what_only_grows_has_no_peak() -> None:
    found = capacity.fit([(n, 10.0 * n) for n in (1, 2, 4, 8)])
    assert found.peak_open == math.inf
    assert found.throughput(16) == pytest.approx(160.0)


@pytest.mark.parametrize("points", [[], [(1, 1), (2, 2), (3, 3)], [(1, 1)] * 9, [(0, 0)] * 9])
def test_too_few_loads_are_not_fitted(points: list[tuple[float, float]]) -> None:
    with pytest.raises(TooFewStages):
        capacity.fit(points)


def queued(rate_of: Callable[[int], float], offered: list[float], each_s: float) -> list[dict[str, Any]]:
    """Stages of an open queue in which `rate_of(n)` calls a second end while n are under way, one by chance."""
    dice, now, calls = np.random.default_rng(3), 0.0, list[Call]()
    held: list[float] = []
    for number, per_s in enumerate(offered):
        end = (number + 1) * each_s
        while True:
            ending = rate_of(len(held)) if held else 0.0
            now += dice.exponential(1 / (per_s + ending))
            if now >= end:
                now = end
                break
            if dice.random() < per_s / (per_s + ending):
                held.append(now)
            else:
                began = held.pop(int(dice.integers(len(held))))
                calls.append(Call("GET /v1/me", "browse", "", began, began, now, 200, True))
    calls += [Call("GET /v1/me", "browse", "", began, began, now + 1, 200, True) for began in held]
    windows = [Window(f"{per_s:g}/s", k * each_s, each_s) for k, per_s in enumerate(offered)]
    return measures.by_stage(calls, [], windows)


def points(stages: list[dict[str, Any]]) -> list[tuple[float, float]]:
    return [(each["open"], each["answered_per_s"]) for each in stages]


@pytest.mark.parametrize("servers", [1, 2])
def test_the_ceiling_of_a_simulated_queue_is_found_and_foretold(servers: int) -> None:
    """Calls that are each answered in 50 ms on average, by one or two at once, offered up to twice what fits."""
    stages = queued(lambda n: 20.0 * min(n, servers), [r * servers for r in (4, 8, 12, 16, 18, 24, 30, 40)], 120)
    law = capacity.fit(points(stages))
    assert law.peak_per_s == pytest.approx(20 * servers, rel=0.1)
    assert law.error < 0.15
    foretold = capacity.foretold(points(stages))
    assert foretold is not None
    assert abs(foretold) < 0.15
    full = capacity.saturation(stages)
    assert full is not None
    assert full["stage"] in {f"{r * servers}/s" for r in (16, 18, 24)}
    assert capacity.degrading(stages).startswith("keeps its throughput")


def test_a_queue_that_gets_slower_by_its_length_is_seen_to_lose_throughput() -> None:
    stages = queued(LAW.throughput, [20, 50, 80, 110, 140, 170, 200, 230], 20)
    law = capacity.fit(points(stages))
    assert law.coherency > 0
    assert law.peak_per_s == pytest.approx(LAW.peak_per_s, rel=0.15)
    assert capacity.degrading(stages).startswith("loses throughput")
    assert capacity.degrading(stages[:3]) == ""


def test_too_few_loads_foretell_nothing() -> None:
    assert capacity.foretold([(n, LAW.throughput(n)) for n in (1, 2, 4, 8)]) is None
    assert capacity.foretold([(n, LAW.throughput(n)) for n in (1, 2, 4, 8, 16)]) == pytest.approx(0, abs=1e-6)


def stage(name: str, calls: float, answered: float, p95_s: float) -> dict[str, Any]:
    return {"stage": name, "calls": calls, "seconds": 1.0, "answered_per_s": answered, "p95_s": p95_s}


def test_saturation_is_where_answers_fall_behind_or_get_slow() -> None:
    calm = [stage("a", 10, 10, 0.1), stage("b", 20, 20, 0.15)]
    assert capacity.saturation(calm) is None
    assert capacity.saturation([*calm, stage("c", 30, 25, 0.2)])["stage"] == "c"  # type: ignore[index]
    assert capacity.saturation([*calm, stage("d", 30, 30, 0.4)])["stage"] == "d"  # type: ignore[index]
    assert capacity.saturation([]) is None


def test_cost_is_all_that_was_used_over_the_pictures() -> None:
    cost = Cost(core_s=7200, calls=1000, pictures=100, gpu_s=360)
    assert cost.per_thousand_pictures(0.05, 2.0) == pytest.approx(1000 * (2 * 0.05 + 0.1 * 2.0) / 100)
    assert cost.calls_per_core_s() == pytest.approx(1000 / 7200)
    assert Cost(1, 1, 0).per_thousand_pictures(0.05) is None


def test_stages_count_what_was_offered_answered_and_under_way() -> None:
    walks = [Walk("browse", "one", k / 10, k / 10, k / 10 + 0.5, "done") for k in range(10)]
    calls = [Call("GET /v1/me", "browse", w.stage, w.due, w.due, w.ended, 200, True) for w in walks]
    calls.append(Call("GET /v1/me", "browse", "one", 0.5, 0.5, 1.5, 503, False))
    one, two = measures.by_stage(calls, walks, [Window("one", 0, 1), Window("two", 1, 2)])
    assert (one["offered_per_s"], two["offered_per_s"]) == (10, 0)
    assert (one["calls"], two["calls"]) == (11, 0)
    assert one["answered_per_s"] == 5  # those due at 0 to 0.4 ended before 1
    assert two["answered_per_s"] == pytest.approx(5 / 2)
    assert one["ok"] == pytest.approx(10 / 11, abs=1e-4)
    assert one["open"] == pytest.approx(5 * 0.5 + (0.5 + 0.4 + 0.3 + 0.2 + 0.1) + 0.5)
    assert two["open"] == pytest.approx((0.0 + 0.1 + 0.2 + 0.3 + 0.4 + 0.5) / 2)


def test_percentiles_are_values_that_happened() -> None:
    assert [measures.percentile([1, 2, 3, 4], q) for q in (50, 95, 99)] == [2, 4, 4]
    assert measures.percentile(list(range(1, 101)), 99) == 99
    with pytest.raises(ValueError, match="no values"):
        measures.percentile([], 50)
