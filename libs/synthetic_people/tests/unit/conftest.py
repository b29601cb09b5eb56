from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM, person, render, scene

MODELS = Path(__file__).parents[4] / ".cache" / "models"


@pytest.fixture(scope="session", autouse=True)
def compiled() -> None:
    """numba compiles on the first picture ever (seconds); no single test should be blamed for it."""
    who = person(HELD_OUT_FROM)
    render(who, scene(who, 0), 64)


class Eyes:
    """YuNet and SFace through OpenCV, as a caller of the library would judge its pictures."""

    def __init__(self) -> None:
        self.detector = cv2.FaceDetectorYN.create(
            str(MODELS / "face_detection_yunet_2023mar.onnx"), "", (320, 320), 0.7, 0.3, 50
        )
        self.recogniser = cv2.FaceRecognizerSF.create(str(MODELS / "face_recognition_sface_2021dec.onnx"), "")

    def faces(self, rgb: np.ndarray) -> list[np.ndarray]:
        """Rows of YuNet: x, y, w, h, five points, score."""
        self.detector.setInputSize((rgb.shape[1], rgb.shape[0]))
        found = self.detector.detect(np.ascontiguousarray(rgb[:, :, ::-1]))[1]
        return [] if found is None else list(found)

    def embed(self, rgb: np.ndarray, face: np.ndarray) -> np.ndarray:
        bgr = np.ascontiguousarray(rgb[:, :, ::-1])
        vector = self.recogniser.feature(self.recogniser.alignCrop(bgr, face))[0]
        return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def eyes() -> Eyes:
    if not (MODELS / "face_detection_yunet_2023mar.onnx").exists():
        pytest.skip("the face models are not here; `make models` fetches them")
    return Eyes()
