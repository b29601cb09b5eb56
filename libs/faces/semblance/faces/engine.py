"""What the platform needs from a face recogniser."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from semblance.faces.arrays import Embedding, Face, RgbU8
from semblance.faces.errors import FaceModelMissing

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
SFACE_FILE = "face_recognition_sface_2021dec.onnx"


class FaceEngine(Protocol):
    """Finds faces and turns a face into numbers. Safe to call from many threads."""

    def detect(self, image: RgbU8) -> list[Face]:
        """Faces in an (H, W, 3) image of any size, surest first. Raises InvalidImage."""

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(128,) float32 of unit length. Raises InvalidImage, InvalidLandmarks."""


def similarity(a: Embedding, b: Embedding) -> float:
    """Cosine of two unit vectors, -1 to 1: higher is more alike."""
    return float(np.dot(a, b))


def unit(vector: Embedding) -> Embedding:
    """`vector` flattened, scaled to unit length, float32."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    return flat / max(float(np.linalg.norm(flat)), 1e-12)


def require_model(models_dir: Path, file: str) -> Path:
    """The model's path. Raises FaceModelMissing."""
    path = models_dir / file
    if not path.is_file():
        raise FaceModelMissing(file, "is not there")
    return path
