"""The face mesh on people who do not exist: where its points lie, and what is read off them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.faces import (
    Box,
    Face,
    FaceEngine,
    FaceMesh,
    FaceModelMissing,
    InvalidLandmarks,
    Mesh,
    eye_opening,
    five_points,
    mesh_yaw_deg,
)
from semblance.faces.arrays import RgbU8
from semblance.synthetic_people import bundled
from semblance.synthetic_people.bundled import BundledFrame

NAMES = tuple(bundled.people())


@pytest.fixture(scope="module")
def mesh() -> FaceMesh:
    return FaceMesh()


def pixels(frame: BundledFrame) -> RgbU8:
    return np.asarray(cv2.imread(str(frame.path))[:, :, ::-1], dtype=np.uint8)


@pytest.fixture(scope="module")
def fitted(mesh: FaceMesh, opencv: FaceEngine) -> dict[str, list[tuple[BundledFrame, Mesh]]]:
    """Everybody's capture, by name."""

    def frames(name: str) -> Iterator[tuple[BundledFrame, Mesh]]:
        for frame in bundled.capture(name):
            image = pixels(frame)
            yield frame, mesh.fit(image, opencv.detect(image)[0])

    return {name: list(frames(name)) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_points_lie_where_they_were_drawn(fitted: dict[str, list[tuple[BundledFrame, Mesh]]], name: str) -> None:
    for frame, found in fitted[name]:
        truth = np.array(frame.truth.landmarks_px)
        if frame.action in ("rest", "blink", "smile"):
            eyes_px = np.linalg.norm(truth[1] - truth[0])
            assert np.linalg.norm(five_points(found) - truth, axis=1).mean() < 0.2 * eyes_px
            assert found.score_0_1 > 0.9
        assert found.points.shape == (468, 3)
        assert found.points.dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_a_turn_reads_as_one_and_nothing_else_does(
    fitted: dict[str, list[tuple[BundledFrame, Mesh]]], name: str
) -> None:
    by = {
        a: [mesh_yaw_deg(m) for f, m in fitted[name] if f.action == a]
        for a in ("turn_left", "turn_right", "nod", "smile")
    }
    assert max(by["turn_left"]) > 20
    assert min(by["turn_right"]) < -20
    assert max(abs(yaw) for yaw in by["nod"] + by["smile"]) < 8


@pytest.mark.parametrize("name", NAMES)
def test_closed_eyes_are_half_as_open(fitted: dict[str, list[tuple[BundledFrame, Mesh]]], name: str) -> None:
    resting = np.median([eye_opening(m) for f, m in fitted[name] if f.action == "rest"])
    shut = sorted(eye_opening(m) / resting for f, m in fitted[name] if f.action == "blink")
    assert shut[1] < 0.72
    assert min(eye_opening(m) / resting for f, m in fitted[name] if f.action in ("rest", "smile")) > 0.72


def test_a_picture_turned_in_space_reads_as_straight(mesh: FaceMesh, opencv: FaceEngine) -> None:
    image = pixels(bundled.capture("ana")[0])
    high, wide = image.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    for narrow in (0.0, 0.1, 0.2):
        far = np.array([[0, 0], [wide, narrow * high], [wide, (1 - narrow) * high], [0, high]], np.float32)
        squeeze = np.array([[1 - 2 * narrow, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
        turned = cv2.warpPerspective(image, squeeze @ cv2.getPerspectiveTransform(corners, far), (wide, high))
        assert abs(mesh_yaw_deg(mesh.fit(turned, opencv.detect(turned)[0]))) < 10


def test_the_mesh_turns_with_the_picture(mesh: FaceMesh, opencv: FaceEngine) -> None:
    image = pixels(bundled.capture("bo")[0])
    upright = mesh.fit(image, opencv.detect(image)[0])
    around = cv2.getRotationMatrix2D((160, 120), 20, 1.0)
    tilted_image = cv2.warpAffine(image, around, (320, 240), borderMode=cv2.BORDER_REPLICATE)
    tilted = mesh.fit(tilted_image, opencv.detect(tilted_image)[0])
    expected = upright.points[:, :2] @ around[:, :2].T + around[:, 2]
    assert np.linalg.norm(tilted.points[:, :2] - expected, axis=1).mean() < 3
    assert abs(mesh_yaw_deg(tilted) - mesh_yaw_deg(upright)) < 5


def test_nothing_is_no_face(mesh: FaceMesh) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    points = np.array([[130, 100], [190, 100], [160, 130], [135, 160], [185, 160]], np.float32)
    assert mesh.fit(noise, Face(Box(100, 60, 120, 140), points, 0.9)).score_0_1 < 0.5


@pytest.mark.parametrize("points", [np.zeros((5, 2), np.float32), np.full((5, 2), np.nan, np.float32)])
def test_points_that_are_no_face_are_refused(mesh: FaceMesh, points: np.ndarray) -> None:
    with pytest.raises(InvalidLandmarks):
        mesh.fit(np.zeros((64, 64, 3), np.uint8), Face(Box(0, 0, 30, 30), points, 0.9))


def test_a_mesh_in_one_spot_has_no_angle_and_no_eyes() -> None:
    flat = Mesh(np.zeros((468, 3), np.float32), 1.0)
    with pytest.raises(InvalidLandmarks):
        eye_opening(flat)
    with pytest.raises(InvalidLandmarks):
        mesh_yaw_deg(flat)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "face_mesh.onnx").write_bytes(b"no model")
    with pytest.raises(FaceModelMissing, match=r"face_mesh\.onnx"):
        FaceMesh(tmp_path / "face_mesh.onnx")
