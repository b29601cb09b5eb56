"""The measurement itself, on an index small enough for a test."""

from __future__ import annotations

import numpy as np
import pytest

from semblance.faces.bench_index import STRANGERS_COSINE, brute_force, measure, people, probes_of


def test_people_lie_as_far_apart_as_said() -> None:
    rows = people(400, np.random.default_rng(1))[::5]
    cosines = rows @ rows.T
    apart = cosines[~np.eye(len(rows), dtype=bool)]
    assert float(apart.mean()) == pytest.approx(STRANGERS_COSINE * 0.8, abs=0.05)


def test_probes_of_all_kinds_are_asked_and_answered_alike() -> None:
    figures = measure(rows=2000, probes=50, timed=5)
    assert (figures.same_first, figures.probes, figures.timed) == (50, 50, 5)


def test_brute_force_is_the_largest_cosine() -> None:
    dice = np.random.default_rng(2)
    rows = people(50, dice)
    asked = np.stack(list(probes_of(rows, 10, dice)))
    assert brute_force(rows, asked) == [int((rows @ face).argmax()) for face in asked]
