"""Alignment puts any face where the template says."""

import numpy as np
import pytest

from semblance.pocket.framing import TEMPLATE_64, align, face_weights, random_jitter, similarity


def turned(points: np.ndarray, angle: float, zoom: float, shift: tuple[float, float]) -> np.ndarray:
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points @ turn.T + shift).astype(np.float32)


def test_similarity_undoes_turn_zoom_and_shift() -> None:
    source = turned(TEMPLATE_64, 0.4, 3.0, (50.0, -7.0))
    warp = similarity(source, TEMPLATE_64)
    np.testing.assert_allclose(source @ warp[:, :2].T + warp[:, 2], TEMPLATE_64, atol=1e-3)


@pytest.mark.parametrize("zoom", [0.8, 1.5, 9.0])
def test_a_mark_at_the_nose_lands_at_the_templates_nose(zoom: float) -> None:
    landmarks = turned(TEMPLATE_64, 0.2, zoom, (40.0 * zoom, 20.0 * zoom))
    edge = int(150 * zoom)
    y, x = np.mgrid[0:edge, 0:edge]
    nose = landmarks[2]
    near = np.exp(-((x - nose[0]) ** 2 + (y - nose[1]) ** 2) / (2 * (1.5 * zoom) ** 2))
    picture = np.repeat((near * 255).astype(np.uint8)[:, :, None], 3, 2)
    cut = align(picture, landmarks)
    row, column = np.unravel_index(cut[:, :, 0].argmax(), cut.shape[:2])
    assert cut.shape == (64, 64, 3)
    assert abs(column - TEMPLATE_64[2, 0]) <= 1.0
    assert abs(row - TEMPLATE_64[2, 1]) <= 1.0


def test_equal_landmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="one point"):
        align(np.zeros((64, 64, 3), np.uint8), np.full((5, 2), 10.0, np.float32))


def test_the_template_is_upright_and_centred() -> None:
    assert TEMPLATE_64[:2, 1].mean() / 64 == pytest.approx(0.45, abs=0.01)
    assert TEMPLATE_64[0, 0] < 32 < TEMPLATE_64[1, 0]


def test_jitter_is_small() -> None:
    rng = np.random.default_rng(1)
    assert max(np.abs(random_jitter(rng)).max() for _ in range(50)) < 5.0


def test_face_weights_favour_the_face_and_average_to_one() -> None:
    weights = face_weights(8, 1.2)
    assert weights.mean() == pytest.approx(1.0, abs=1e-5)
    assert weights[4, 4] > 1.5 * weights[0, 0]
