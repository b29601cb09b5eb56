"""YuNet and SFace through OpenCV: the recogniser that the platform runs."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2

from semblance.faces.alignment import ARCFACE_SIZE_PX, ARCFACE_TEMPLATE, align, require_image
from semblance.faces.arrays import Embedding, Face, RgbU8
from semblance.faces.detection import SCORE_THRESHOLD_0_1, detect_faces, load_yunet
from semblance.faces.engine import SFACE_FILE, YUNET_FILE, require_model, unit
from semblance.faces.errors import FaceModelMissing
from semblance.faces.model import SFACE


class OpenCvFaceEngine:
    """One pair of networks behind two locks: OpenCV's networks keep state and are not thread-safe."""

    model = SFACE

    def __init__(self, models_dir: Path, *, score_threshold_0_1: float = SCORE_THRESHOLD_0_1) -> None:
        """Loads both models (some 0.3 s, 170 MB). Raises FaceModelMissing."""
        yunet, sface = require_model(models_dir, YUNET_FILE), require_model(models_dir, SFACE_FILE)
        try:
            self._detector = load_yunet(str(yunet), score_threshold_0_1)
            self._recogniser = cv2.FaceRecognizerSF.create(str(sface), "")
        except cv2.error as e:
            raise FaceModelMissing(f"{YUNET_FILE} or {SFACE_FILE}", "cannot be read") from e
        self._detecting = threading.Lock()
        self._embedding = threading.Lock()

    def detect(self, image: RgbU8) -> list[Face]:
        """Faces in an (H, W, 3) image of any size, surest first. Raises InvalidImage."""
        require_image(image)
        with self._detecting:
            return detect_faces(self._detector, image)

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(128,) float32 of unit length. Raises InvalidImage, InvalidLandmarks."""
        crop = align(image, face.landmarks, ARCFACE_TEMPLATE, ARCFACE_SIZE_PX)
        with self._embedding:
            return unit(self._recogniser.feature(cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)))
