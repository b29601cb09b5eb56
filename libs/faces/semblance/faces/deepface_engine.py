"""The same two models through DeepFace, as an independent second reading: the only module that imports it.

DeepFace decides its backend and its folder by environment variables, changes the process's warning filters on import
and would download what it misses; here it is given the files, ONNX, and no reason to download.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from pathlib import Path

import cv2
import numpy as np

from semblance.faces.alignment import ARCFACE_SIZE_PX, ARCFACE_TEMPLATE, align, require_image
from semblance.faces.arrays import Embedding, Face, RgbU8
from semblance.faces.detection import SCORE_THRESHOLD_0_1, YuNet, detect_faces
from semblance.faces.engine import SFACE_FILE, YUNET_FILE, require_model, unit
from semblance.faces.errors import FaceModelMissing

# DeepFace keeps one copy of each network for the whole process, so one lock guards all engines.
_USING = threading.Lock()


class DeepFaceEngine:
    """YuNet and SFace by DeepFace; several times slower than OpenCvFaceEngine, and its embeddings agree with it."""

    def __init__(self, models_dir: Path, *, score_threshold_0_1: float = SCORE_THRESHOLD_0_1) -> None:
        """Loads both models offline, without TensorFlow or torch. Raises FaceModelMissing."""
        files = [require_model(models_dir, file) for file in (YUNET_FILE, SFACE_FILE)]
        os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
        os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")
        with _USING, tempfile.TemporaryDirectory(prefix="semblance-deepface-") as home, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.environ["DEEPFACE_HOME"] = home
            weights = Path(home) / ".deepface" / "weights"
            weights.mkdir(parents=True)
            for file in files:
                (weights / file.name).symlink_to(file.resolve())
            from deepface import DeepFace  # noqa: PLC0415 - reads the variables set above on import

            try:
                detector = DeepFace.build_model("yunet", task="face_detector")
                DeepFace.build_model("SFace", task="facial_recognition")
            except ValueError as e:
                raise FaceModelMissing(f"{YUNET_FILE} or {SFACE_FILE}", "cannot be read by DeepFace") from e
        self._deepface = DeepFace
        # DeepFace's own detect_faces keeps two of the five points and rounds them, so its network is asked directly.
        detector.model.setScoreThreshold(score_threshold_0_1)
        self._detector: YuNet = detector.model

    def detect(self, image: RgbU8) -> list[Face]:
        """Faces in an (H, W, 3) image of any size, surest first. Raises InvalidImage."""
        require_image(image)
        with _USING:
            return detect_faces(self._detector, image)

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(128,) float32 of unit length. Raises InvalidImage, InvalidLandmarks."""
        crop = align(image, face.landmarks, ARCFACE_TEMPLATE, ARCFACE_SIZE_PX)
        with _USING:
            answer = self._deepface.represent(
                cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), model_name="SFace", detector_backend="skip", align=False
            )
        return unit(np.asarray(answer[0]["embedding"], dtype=np.float32))
