"""A second opinion: dlib's ResNet, which neither conditions nor trains anything here."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.pocket.framing import TEMPLATE_64

_PACKAGE = "face_recognition_models"
_RECOGNISER, _LANDMARKS = "dlib_face_recognition_resnet_model_v1.dat", "shape_predictor_5_face_landmarks.dat"
_EDGE_PX = 256


def dlib_models_dir() -> Path:
    """Folder of dlib's files. The package is found, not imported: its own __init__ wants setuptools at run time.
    Raises FileNotFoundError with what to install."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError(f"{_PACKAGE} is not installed; `make bench-pocket` installs it")
    return Path(next(iter(found.submodule_search_locations))) / "models"


class DlibJudge:
    """Embeds pictures in the framing: the box is constant, so that no detector decides who is judged."""

    def __init__(self, folder: Path | None = None) -> None:
        import dlib  # noqa: PLC0415 - a measuring tool, not a dependency: requirements/pocket.txt

        folder = folder or dlib_models_dir()
        self._dlib: Any = dlib
        self._points = dlib.shape_predictor(str(folder / _LANDMARKS))
        self._network = dlib.face_recognition_model_v1(str(folder / _RECOGNISER))
        scale = _EDGE_PX / 64.0
        left, right = TEMPLATE_64[0, 0], TEMPLATE_64[1, 0]
        # dlib's detector draws a box of about 2.2 eye distances, a third of it above the eyes.
        side, centre = 2.6 * float(right - left) * scale, float(left + right) / 2 * scale
        top = float(TEMPLATE_64[:2, 1].mean()) * scale - 0.32 * side
        self._box = dlib.rectangle(round(centre - side / 2), round(top), round(centre + side / 2), round(top + side))

    def embeddings(self, pictures: NDArray[np.uint8], found: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(N, S, S, 3) RGB in the framing to (N, 128) unit rows; zero rows where `found` is false."""
        out = np.zeros((len(pictures), 128), np.float32)
        for row in np.flatnonzero(found):
            large = cv2.resize(pictures[row], (_EDGE_PX, _EDGE_PX), interpolation=cv2.INTER_CUBIC)
            shape = self._points(large, self._box)
            raw = np.array(self._network.compute_face_descriptor(large, shape), np.float32)
            out[row] = raw / np.linalg.norm(raw)
        return out
