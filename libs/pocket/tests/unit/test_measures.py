"""The measures agree with what can be computed by hand."""

import numpy as np
import pytest

from semblance.pocket.measures import area_under_curve, best_of, likeness


def test_area_under_curve_counts_pairs() -> None:
    assert area_under_curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert area_under_curve(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    assert area_under_curve(np.array([0.0, 2.0]), np.array([1.0])) == 0.5


def axis(k: int) -> np.ndarray:
    return np.eye(128, dtype=np.float32)[k]


def test_likeness_of_perfect_and_missing_faces() -> None:
    gallery = np.stack([axis(0), axis(0), axis(1), axis(1)])
    owner = np.array([7, 7, 8, 8])
    result = likeness(np.stack([axis(0), axis(1), np.zeros(128, np.float32)]), np.array([7, 8, 8]), gallery, owner)
    assert result.found == pytest.approx(2 / 3)
    assert result.rank1 == pytest.approx(2 / 3)
    assert result.auc == 1.0
    assert result.share == pytest.approx(1.0)


def test_best_of_prefers_the_likest_found_face() -> None:
    made = np.stack([axis(1), axis(0), np.zeros(128, np.float32), -axis(2)])
    reference = np.stack([axis(0)] * 2 + [axis(2)] * 2)
    assert best_of(made, reference, 2).tolist() == [1, 3]
