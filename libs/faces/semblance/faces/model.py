"""Which network made an embedding. Numbers of two models mean nothing to each other, even where their counts agree."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semblance.faces.alignment import ARCFACE_SIZE_PX, ARCFACE_TEMPLATE
from semblance.faces.arrays import Points
from semblance.faces.errors import FaceModelMissing, UnknownFaceModel

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
SFACE_FILE = "face_recognition_sface_2021dec.onnx"
_PREFIX = "deepface:"
_PORTION_BYTES = 1 << 20
_ARCFACE_EYES_0_1 = (35.2372 / ARCFACE_SIZE_PX, 51.5989 / ARCFACE_SIZE_PX)


@dataclass(frozen=True)
class FaceModel:
    """One recognition network.

    id: what settings, rows and messages call it; of weights that nobody pinned here it ends in "@" and twelve digits of
    their SHA-256, so that two files of one name are two models. network: DeepFace's name for it. side_px: of the square
    that it is shown. eyes_apart_0_1, eyes_down_0_1: how far apart and how far down the eyes lie in that square, as
    shares of its side; landmarks are brought there by a similarity.
    """

    id: str
    network: str
    file: str
    dimensions: int
    side_px: int = ARCFACE_SIZE_PX
    eyes_apart_0_1: float = _ARCFACE_EYES_0_1[0]
    eyes_down_0_1: float = _ARCFACE_EYES_0_1[1]

    @property
    def template(self) -> Points:
        """Where YuNet's five points fall in the square, (5, 2) px: ArcFace's proportions, scaled by the eyes."""
        eyes = ARCFACE_TEMPLATE[:2].mean(axis=0)
        apart = float(np.linalg.norm(ARCFACE_TEMPLATE[1] - ARCFACE_TEMPLATE[0]))
        scale = self.eyes_apart_0_1 * self.side_px / apart
        middle = np.array([eyes[0] / ARCFACE_SIZE_PX, self.eyes_down_0_1]) * self.side_px
        return np.asarray((ARCFACE_TEMPLATE - eyes) * scale + middle, dtype=np.float32)

    def with_weights(self, path: Path) -> FaceModel:
        """The same network with these weights named in its id; a model that is pinned stays as it is."""
        if self.is_pinned:
            return self
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while portion := file.read(_PORTION_BYTES):
                digest.update(portion)
        return replace(self, id=f"{self.id}@{digest.hexdigest()[:12]}")

    @property
    def is_pinned(self) -> bool:
        """Whether the platform fetches the weights by their digest, and ships thresholds for them."""
        return not self.id.startswith(_PREFIX)


SFACE = FaceModel("sface-2021dec", "SFace", SFACE_FILE, 128)


def _deepface(network: str, file: str, dimensions: int, side_px: int, eyes_0_1: tuple[float, float]) -> FaceModel:
    return FaceModel(f"{_PREFIX}{network}", network, file, dimensions, side_px, *eyes_0_1)


# As dlib.get_face_chip with padding 0.25 places the eyes' corners. Source: dlib, image_transforms/interpolation.h.
_DLIB_EYES_0_1 = (0.3503, 0.3141)
# A face with a margin, as the training pictures of these had it; not measured here, for want of weights.
_LOOSE_EYES_0_1 = (0.30, 0.41)

MODELS: Mapping[str, FaceModel] = {
    model.id: model
    for model in (
        SFACE,
        _deepface("ArcFace", "arcface_weights.onnx", 512, 112, _ARCFACE_EYES_0_1),
        _deepface("GhostFaceNet", "ghostfacenet_v1.onnx", 512, 112, _ARCFACE_EYES_0_1),
        _deepface("Facenet", "facenet_weights.onnx", 128, 160, _LOOSE_EYES_0_1),
        _deepface("Facenet512", "facenet512_weights.onnx", 512, 160, _LOOSE_EYES_0_1),
        _deepface("VGG-Face", "vgg_face_weights.onnx", 4096, 224, _LOOSE_EYES_0_1),
        _deepface("OpenFace", "openface_weights.onnx", 128, 96, _LOOSE_EYES_0_1),
        _deepface("Dlib", "dlib_face_recognition_resnet_model_v1.dat", 128, 150, _DLIB_EYES_0_1),
    )
}
"""By what settings call them."""


def model_named(name: str) -> FaceModel:
    """The model that a setting names. DeepFace's SFace is the one SFace. Raises UnknownFaceModel."""
    if name == f"{_PREFIX}{SFACE.network}":
        return SFACE
    try:
        return MODELS[name]
    except KeyError as e:
        raise UnknownFaceModel(name, MODELS) from e


def require_file(models_dir: Path, file: str) -> Path:
    """A model file's path. Raises FaceModelMissing."""
    path = models_dir / file
    if not path.is_file():
        raise FaceModelMissing(file, f"is not in {models_dir}", fetched=file in (YUNET_FILE, SFACE_FILE))
    return path
