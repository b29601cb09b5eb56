"""The benchmark's arithmetic, and its page from made-up outcomes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.identity.bench import register
from semblance.identity.bench.matching import Mated, Scores
from semblance.identity.bench.rates import by_person, det, fnmr_between, threshold_at, upper_bound
from semblance.identity.bench.report import Others, Shipped, summary, write
from semblance.identity.bench.sessions import SCREENS, Measured, Outcome
from semblance.identity.bench.thresholds import Seen, Setting, of_photos, of_sessions
from semblance.identity.bench.traits import light, pose, traits
from semblance.identity.settings import IdentitySettings
from semblance.synthetic_people.lit_attack import SPECIES
from semblance.synthetic_people.people import person


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


def test_each_draw_of_people_sets_its_own_threshold() -> None:
    own, others = {1: [0.9, 0.9], 2: [0.3, 0.9]}, {1: [0.1] * 10, 2: [0.5] + [0.1] * 9}
    assert fnmr_between(own, others, 0.0) == (0.25, 0.0, 0.5)
    assert fnmr_between(own, others, 0.1)[0] == 0.0


def test_people_are_sorted_by_what_can_be_seen() -> None:
    assert traits(person(1_200_114))["hair"] == "hair over an eye"
    assert traits(person(1_200_101))["skin"] in ("lighter", "medium", "darker")
    assert (pose(-12.0), light("in a cafe"), light("at night")) == ("turned 10 to 19", "indoors", "at night")


def measured(passed: str = "") -> Measured:
    found = Measured(right_light=[0.9], wrong_light=[0.1, 0.8])
    for seed in range(4):
        found.outcomes += [Outcome(seed, "genuine", True, "", 0.5, strength) for strength in SCREENS]
        found.outcomes += [
            Outcome(seed, kind, kind == passed, "" if kind == passed else "wrong_light", 0.5, 1.0) for kind in SPECIES
        ]
    return found


def made_up() -> Scores:
    mated = [Mated(k, score) for k in range(4) for score in (0.8, 0.9)] + [Mated(0, 0.4, "grey")]
    others = [(k, k + 1, score) for k in range(4) for score in (0.1, 0.3)]
    return Scores(mated, others, siblings=[0.5], photos={"as taken": 10, "grey": 1}, missed={"as taken": 1})


def test_the_worst_species_is_the_one_that_is_quoted(tmp_path: Path) -> None:
    row = summary(measured("mask"), made_up(), range(4), Shipped(0.55, 0.75), Others({}, {"another": "no weights"}))
    goals = {goal["goal"]: goal for goal in row["goals"]}
    (worst,) = [goal for goal in goals.values() if "worst species (mask)" in goal["goal"]]
    assert (worst["value"], worst["met"]) == (1.0, False)
    assert row["light"]["wrong_colours_passed"] == 1
    write(row, det([0.8, 0.9], [0.1, 0.3]), tmp_path)
    assert json.loads((tmp_path / "identity.json").read_text()) == row
    text = (tmp_path / "identity.md").read_text()
    assert "| mask | 4 of 4 | 100.0% |" in text
    assert "| photo | grey | 1 of 1 |" in text
    assert "another (no weights)" in text
    assert cv2.imread(str(tmp_path / "identity-det.png")).shape == (420, 480, 3)


def test_a_goal_is_met_only_if_the_bound_is(tmp_path: Path) -> None:
    goals = summary(measured(), made_up(), range(4), Shipped(0.55, 0.75))["goals"]
    assert [goal["met"] for goal in goals] == [True, False, True, True]


def test_entries_are_scored_against_other_photos_than_their_own() -> None:
    axes = np.eye(128, dtype=np.float32)
    people = [[axes[0], axes[0], axes[1]], [axes[1], axes[1], axes[1]]]
    own, others = register.scores(people, 1)
    assert own.tolist() == [1.0, 0.0, 1.0, 1.0]
    assert others.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert register.rows(people, 1)[0] == "| 1 | 0.50 | 25.0% | 16.67% |"


def test_a_models_thresholds_keep_others_out_or_the_own_in() -> None:
    others = Setting("IDENTITY_MATCH_THRESHOLD", own=[0.9, 0.95], others=[0.1] * 998 + [0.5012])
    assert others.threshold == 0.502
    assert "| 0.502 | FMR <= 0.1% | 0.0% of 2 | 0.00% of 999 |" in others.line()
    # Of so many others one may pass.
    assert Setting("IDENTITY_MATCH_THRESHOLD", own=[0.9], others=[0.1] * 999 + [0.3, 0.9]).threshold == 0.301
    own = Setting("IDENTITY_SAME_FACE_THRESHOLD", by_own=True, own=[0.7071] * 100, others=[0.3])
    assert own.threshold == 0.707


def test_sessions_and_photos_give_every_threshold_of_identity() -> None:
    """Two people on axes of their own: each is alike to themselves alone."""
    axes = np.eye(4, dtype=np.float32)
    sessions = [[Seen([axis] * 4, [[axis] * 3]) for _ in range(2)] for axis in axes[:2]]
    found = [*of_sessions(sessions), *of_photos([[axis] * 5 for axis in axes[:2]])]
    assert all(min(setting.own) > 0.99 for setting in found)
    assert all(max(setting.others) < 0.01 for setting in found)
    wanted = {f"IDENTITY_{n.upper()}" for n in IdentitySettings.model_fields if n.endswith("_threshold")}
    assert wanted == {s.name for s in found if s.name.startswith("IDENTITY_")} | {"IDENTITY_MATCH_THRESHOLD"}
