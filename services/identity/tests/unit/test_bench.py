"""The benchmark's arithmetic, and its page from made-up outcomes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.identity.bench import register
from semblance.identity.bench.matching import Scores
from semblance.identity.bench.rates import by_person, det, threshold_at, upper_bound
from semblance.identity.bench.report import summary, write
from semblance.identity.bench.sessions import SCREENS, Measured, Outcome
from semblance.synthetic_people.lit_attack import SPECIES


def test_no_error_is_the_rule_of_three() -> None:
    assert upper_bound(0, 300) == pytest.approx(3 / 300, rel=0.01)
    assert upper_bound(0, 20) == pytest.approx(0.139, abs=0.001)
    assert upper_bound(2, 100) == pytest.approx(0.0616, abs=0.001)
    assert upper_bound(5, 5) == 1.0


def test_people_are_drawn_and_not_their_values() -> None:
    mean, spread = by_person({1: [1.0] * 10, 2: [0.0] * 10})
    assert mean == 0.5
    assert spread == pytest.approx(0.5)
    assert by_person({k: [0.0, 1.0] for k in range(50)}) == (0.5, 0.0)


def test_a_det_curve_trades_one_error_for_the_other() -> None:
    curve = det([0.9, 0.8, 0.4], [0.1, 0.2, 0.5])
    assert curve[0][1:] == (1.0, 0.0)
    assert threshold_at(curve, 0.0) == pytest.approx(0.8)
    assert threshold_at(det([0.5], [0.9]), 0.0) > 0.9


def measured(passed: str = "") -> Measured:
    found = Measured(right_light=[0.9], wrong_light=[0.1, 0.8])
    for seed in range(4):
        found.outcomes += [Outcome(seed, "genuine", True, "", 0.5, strength) for strength in SCREENS]
        found.outcomes += [
            Outcome(seed, kind, kind == passed, "" if kind == passed else "wrong_light", 0.5, 1.0) for kind in SPECIES
        ]
    return found


def test_the_worst_species_is_the_one_that_is_quoted(tmp_path: Path) -> None:
    scores = Scores(mated={k: [0.8, 0.9] for k in range(4)}, strangers=[0.1, 0.3], siblings=[0.5], photos=10, missed=1)
    row = summary(measured("mask"), scores, range(4), 0.55, 0.75)
    goals = {goal["goal"]: goal for goal in row["goals"]}
    (worst,) = [goal for goal in goals.values() if "worst species (mask)" in goal["goal"]]
    assert (worst["value"], worst["met"]) == (1.0, False)
    assert row["light"]["wrong_colours_passed"] == 1
    write(row, det([0.8, 0.9], [0.1, 0.3]), tmp_path)
    assert json.loads((tmp_path / "identity.json").read_text()) == row
    assert "| mask | 4 of 4 | 100.0% |" in (tmp_path / "identity.md").read_text()
    assert cv2.imread(str(tmp_path / "identity-det.png")).shape == (420, 480, 3)


def test_a_goal_is_met_only_if_the_bound_is(tmp_path: Path) -> None:
    scores = Scores(mated={1: [0.9]}, strangers=[0.1], siblings=[], photos=1)
    goals = summary(measured(), scores, range(4), 0.55, 0.75)["goals"]
    assert [goal["met"] for goal in goals] == [True, False, True, True]


def test_entries_are_scored_against_other_photos_than_their_own() -> None:
    axes = np.eye(128, dtype=np.float32)
    people = [[axes[0], axes[0], axes[1]], [axes[1], axes[1], axes[1]]]
    own, others = register.scores(people, 1)
    assert own.tolist() == [1.0, 0.0, 1.0, 1.0]
    assert others.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert register.rows(people, 1)[0] == "| 1 | 0.50 | 25.0% | 16.67% |"
