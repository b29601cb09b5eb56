"""The engine that settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from semblance.faces.engine import FaceEngine
from semblance.faces.model import SFACE, FaceModel
from semblance.faces.opencv_engine import OpenCvFaceEngine

Library = Literal["opencv", "deepface"]


def load_engine(model: FaceModel, models_dir: Path, *, sface_by: Library = "opencv") -> FaceEngine:
    """SFace by either library, every other model by DeepFace. Raises FaceModelMissing."""
    if model == SFACE and sface_by == "opencv":
        return OpenCvFaceEngine(models_dir)
    from semblance.faces.deepface_engine import DeepFaceEngine  # noqa: PLC0415 - a second to import

    return DeepFaceEngine(models_dir, model)
