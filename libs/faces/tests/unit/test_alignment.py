"""The similarity transform by its definition, and what the warp does to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semblance.faces import ARCFACE_TEMPLATE, InvalidImage, InvalidLandmarks, align, similarity_transform
from semblance.faces.arrays import Affine, Points

finite = st.floats(-500, 500)


def _apply(transform: Affine, points: Points) -> Points:
    return np.asarray(points @ transform[:, :2].T + transform[:, 2], dtype=np.float32)


@given(angle=st.floats(-3.1, 3.1), scale=st.floats(0.05, 20), x=finite, y=finite)
def test_any_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = np.asarray(ARCFACE_TEMPLATE @ turn.T + [x, y], dtype=np.float32)
    assert np.allclose(_apply(similarity_transform(moved, ARCFACE_TEMPLATE), moved), ARCFACE_TEMPLATE, atol=0.1)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    mirrored = (ARCFACE_TEMPLATE * [-1, 1]).astype(np.float32)
    assert np.linalg.det(similarity_transform(mirrored, ARCFACE_TEMPLATE)[:, :2]) > 0


def test_it_is_the_least_squares_answer() -> None:
    rng = np.random.default_rng(3)
    source = (ARCFACE_TEMPLATE + rng.normal(0, 4, (5, 2))).astype(np.float32)
    best = similarity_transform(source, ARCFACE_TEMPLATE)

    def error(transform: Affine) -> float:
        return float(((_apply(transform, source) - ARCFACE_TEMPLATE) ** 2).sum())

    for _ in range(200):
        a, b, dx, dy = rng.normal(0, 0.02, 4) * [1, 1, 50, 50]
        other = best + np.array([[a, -b, dx], [b, a, dy]])
        assert error(best) <= error(other) + 1e-6


@pytest.mark.parametrize(
    "landmarks",
    [
        np.zeros((5, 2)),
        np.array([[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]),
        np.full((5, 2), np.nan),
        ARCFACE_TEMPLATE[:4],
    ],
    ids=["one place", "one line", "not finite", "four points"],
)
def test_points_that_fix_no_face_are_refused(landmarks: Points) -> None:
    with pytest.raises(InvalidLandmarks):
        align(np.zeros((64, 64, 3), np.uint8), landmarks.astype(np.float32), ARCFACE_TEMPLATE, 112)


@pytest.mark.parametrize("factor", [1, 4, 12])
def test_marks_land_on_the_template_also_from_large_images(factor: int) -> None:
    """Five coloured squares around the landmarks of a face `factor` times the template's size."""
    side = 112 * factor
    image = np.zeros((side, side, 3), np.uint8)
    points = (ARCFACE_TEMPLATE * factor).astype(np.float32)
    for x, y in points:
        reach = 3 * factor
        image[int(y) - reach : int(y) + reach + 1, int(x) - reach : int(x) + reach + 1] = 255
    crop = align(image, points, ARCFACE_TEMPLATE, 112)
    assert crop.shape == (112, 112, 3)
    for x, y in ARCFACE_TEMPLATE:
        patch = crop[int(y) - 6 : int(y) + 8, int(x) - 6 : int(x) + 8, 0].astype(float)
        rows, columns = np.mgrid[int(y) - 6 : int(y) + 8, int(x) - 6 : int(x) + 8]
        assert (patch * columns).sum() / patch.sum() == pytest.approx(x, abs=0.75)
        assert (patch * rows).sum() / patch.sum() == pytest.approx(y, abs=0.75)


def test_beyond_the_image_its_edge_is_repeated_and_the_input_is_untouched() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    before = image.copy()
    crop = align(image, (ARCFACE_TEMPLATE / 4).astype(np.float32) - 10, ARCFACE_TEMPLATE, 112)
    assert (crop == 200).all()
    assert (image == before).all()


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(InvalidImage):
        align(np.zeros((4, 4, 3), np.uint8), ARCFACE_TEMPLATE, ARCFACE_TEMPLATE, 112)
