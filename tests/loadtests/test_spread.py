"""Intervals of one run hold what they say, against the exact binomial and against many runs."""

from __future__ import annotations

import numpy as np

from loadtests import spread


def test_a_percentile_lies_between_two_of_the_values() -> None:
    assert spread.of_percentile([float(k) for k in range(1, 101)], 50) == "40 to 61"  # David and Nagaraja: 40th, 61st
    assert spread.of_percentile([1.0, 2.0, 3.0], 50) == "less than 1 to more than 3"
    assert spread.of_percentile([float(k) for k in range(100)], 99).endswith("to more than 99")
    assert spread.of_percentile([], 50) == ""


def test_nineteen_of_twenty_runs_have_the_percentile_inside() -> None:
    dice, inside = np.random.default_rng(8), 0
    for _ in range(400):
        low, high = spread.of_percentile(dice.random(200).tolist(), 90).split(" to ")
        inside += float(low) <= 0.9 <= float(high)
    assert inside >= 0.93 * 400  # 0.95 and more, less two standard deviations


def test_a_share_is_clopper_and_pearsons() -> None:
    assert spread.of_share(9, 10) == "0.55498 to 0.99747"
    assert spread.of_share(10, 10) == "0.69150 to 1".replace("0.69150", "0.6915")
    assert spread.of_share(0, 10) == "0 to 0.3085"
    assert spread.of_share(0, 0) == ""


def test_several_are_least_and_most() -> None:
    assert spread.over([3, 1, 2], "rounds") == "1 to 3 over 3 rounds"
    assert spread.over([], "rounds") == ""
