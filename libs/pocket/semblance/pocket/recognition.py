"""YuNet and SFace, the judge of the training set and of the results. Model files are found by a folder setting."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MODELS_VARIABLE = "SEMBLANCE_MODELS_DIR"
_DETECTOR, _EMBEDDER = "face_detection_yunet_2023mar.onnx", "face_recognition_sface_2021dec.onnx"
_EDGE_PX, _BORDER_PX = 192, 32


def models_dir() -> Path:
    """Folder of the two ONNX files: $SEMBLANCE_MODELS_DIR, else `.cache/models` of the checkout."""
    chosen = os.environ.get(MODELS_VARIABLE)
    return Path(chosen) if chosen else Path(__file__).parents[4] / ".cache" / "models"


def embedder_path() -> Path:
    """SFace's file."""
    return models_dir() / _EMBEDDER


@dataclass(frozen=True)
class Reading:
    """landmarks (5, 2) px of the picture given; embedding (128,) unit; score 0-1."""

    landmarks: NDArray[np.float32]
    embedding: NDArray[np.float32]
    score_0_1: float


class FaceReader:
    """Reads the largest face of a small picture. It is brought to 192 px with a border, as YuNet wants room."""

    def __init__(self, folder: Path | None = None, least_score_0_1: float = 0.6) -> None:
        folder = folder or models_dir()
        edge = _EDGE_PX + 2 * _BORDER_PX
        self._detector: Any = cv2.FaceDetectorYN.create(
            str(folder / _DETECTOR), "", (edge, edge), least_score_0_1, 0.3, 50
        )
        self._embedder: Any = cv2.FaceRecognizerSF.create(str(folder / _EMBEDDER), "")

    def read(self, picture: NDArray[np.uint8]) -> Reading | None:
        """picture (S, S, 3) RGB, square; None if no face is found."""
        scale = _EDGE_PX / picture.shape[0]
        large = cv2.resize(picture[:, :, ::-1], (_EDGE_PX, _EDGE_PX), interpolation=cv2.INTER_CUBIC)
        framed = cv2.copyMakeBorder(large, *(_BORDER_PX,) * 4, cv2.BORDER_REPLICATE)
        _, faces = self._detector.detect(framed)
        if faces is None:
            return None
        face = max(faces, key=lambda f: f[2] * f[3])
        raw = self._embedder.feature(self._embedder.alignCrop(framed, face))[0]
        points = (face[4:14].reshape(5, 2) - _BORDER_PX) / scale
        embedding = np.asarray(raw / np.linalg.norm(raw), np.float32)
        return Reading(points.astype(np.float32), embedding, float(face[14]))

    def embeddings(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, S, S, 3) to (N, 128), zero rows where no face is found."""
        rows = [self.read(p) for p in pictures]
        return np.stack([np.zeros(128, np.float32) if r is None else r.embedding for r in rows])
