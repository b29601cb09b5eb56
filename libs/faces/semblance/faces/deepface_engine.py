"""Any of DeepFace's recognition models, from a file in a folder: the only module that imports DeepFace.

DeepFace decides its backend and its folder by environment variables, changes the process's warning filters on import
and would download what it misses; here it is given the files, ONNX, and no reason to download. It also keeps one copy
of each network for the whole process, by its name alone; networks here are an engine's own, so that two folders in one
process stay two models.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from semblance.faces.alignment import align, require_image
from semblance.faces.arrays import Embedding, Face, RgbU8
from semblance.faces.detection import SCORE_THRESHOLD_0_1, YuNet, detect_faces
from semblance.faces.engine import YUNET_FILE, require_model, unit
from semblance.faces.errors import FaceModelMissing, FaceModelUnusable
from semblance.faces.model import SFACE, FaceModel

# The environment is the process's, so engines are loaded one at a time.
_LOADING = threading.Lock()


class DeepFaceEngine:
    """Faces by YuNet, embeddings by the model given. With SFace several times slower than OpenCvFaceEngine, and its
    embeddings agree with it."""

    def __init__(
        self, models_dir: Path, model: FaceModel = SFACE, *, score_threshold_0_1: float = SCORE_THRESHOLD_0_1
    ) -> None:
        """Loads both networks offline, without TensorFlow or torch. Raises FaceModelMissing, FaceModelUnusable."""
        yunet, weights = require_model(models_dir, YUNET_FILE), require_model(models_dir, model.file)
        with _deepface_home(yunet, weights):
            detector = _build("face_detector", "yunet", YUNET_FILE)
            self._network = _build("facial_recognition", model.network, model.file)
        self.model = model.with_weights(weights)
        # DeepFace's own detect_faces keeps two of the five points and rounds them, so its network is asked directly.
        detector.model.setScoreThreshold(score_threshold_0_1)
        self._detector: YuNet = detector.model
        self._detecting = threading.Lock()
        self._embedding = threading.Lock()
        self._numbers(np.zeros((model.side_px, model.side_px, 3), np.uint8))

    def detect(self, image: RgbU8) -> list[Face]:
        """Faces in an (H, W, 3) image of any size, surest first. Raises InvalidImage."""
        require_image(image)
        with self._detecting:
            return detect_faces(self._detector, image)

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(model.dimensions,) float32 of unit length. Raises InvalidImage, InvalidLandmarks."""
        return self._numbers(align(image, face.landmarks, self.model.template, self.model.side_px))

    def _numbers(self, crop: RgbU8) -> Embedding:
        """What the network makes of a square; DeepFace wants BGR from 0 to 1, in a batch."""
        batch = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)[None].astype(np.float32) / np.float32(255)
        try:
            with self._embedding:
                answer = self._network.forward(batch)
        except Exception as e:  # onnxruntime and dlib raise their own, of no common kind
            raise FaceModelUnusable(
                f"the face model {self.model.file} does not take a face as {self.model.network} does"
            ) from e
        found = unit(np.asarray(answer, dtype=np.float32))
        if found.shape != (self.model.dimensions,) or not np.isfinite(found).all():
            raise FaceModelUnusable(
                f"the face model {self.model.file} answers {found.size} numbers; "
                f"{self.model.network} has {self.model.dimensions} finite ones"
            )
        return found


@contextmanager
def _deepface_home(*files: Path) -> Iterator[None]:
    """DeepFace's folder for the length of a load, with links to these files."""
    os.environ["DEEPFACE_BACKEND_ENGINE"] = "onnx"
    os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")
    with _LOADING, tempfile.TemporaryDirectory(prefix="semblance-deepface-") as home, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.environ["DEEPFACE_HOME"] = home
        weights = Path(home) / ".deepface" / "weights"
        weights.mkdir(parents=True)
        for file in files:
            (weights / file.name).symlink_to(file.resolve())
        yield


def _build(task: str, network: str, file: str) -> Any:
    """A network of our own. Raises FaceModelMissing, FaceModelUnusable."""
    from deepface.modules import modeling  # noqa: PLC0415 - reads the variables set above on import

    try:
        return modeling.get_model_class(task=task, model_name=network)()
    except ImportError as e:
        raise FaceModelUnusable(
            f"DeepFace's {network} needs a package that is not installed",
            remedy="For Dlib install dlib-bin as requirements/pocket.txt pins it.",
        ) from e
    except Exception as e:  # ValueError by DeepFace, RuntimeError by dlib, cv2.error
        raise FaceModelMissing(file, "cannot be read by DeepFace") from e
