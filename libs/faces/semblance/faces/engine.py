"""What the platform needs from a face recogniser."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from semblance.faces.arrays import Embedding, Face, RgbU8
from semblance.faces.model import SFACE_FILE, YUNET_FILE, FaceModel
from semblance.faces.model import require_file as require_model

__all__ = ["SFACE_FILE", "YUNET_FILE", "FaceEngine", "require_model", "similarity", "unit"]


class FaceEngine(Protocol):
    """Finds faces and turns a face into numbers. Safe to call from many threads."""

    @property
    def model(self) -> FaceModel:
        """Whose numbers these are, by the weights in hand."""

    def detect(self, image: RgbU8) -> list[Face]:
        """Faces in an (H, W, 3) image of any size, surest first. Raises InvalidImage."""

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(model.dimensions,) float32 of unit length. Raises InvalidImage, InvalidLandmarks."""


def similarity(a: Embedding, b: Embedding) -> float:
    """Cosine of two unit vectors, -1 to 1: higher is more alike."""
    return float(np.dot(a, b))


def unit(vector: Embedding) -> Embedding:
    """`vector` flattened, scaled to unit length, float32."""
    flat = np.asarray(vector, dtype=np.float32).reshape(-1)
    return flat / max(float(np.linalg.norm(flat)), 1e-12)
