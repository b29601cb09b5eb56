"""NudeNet: the only module that imports it. It finds parts of bodies; it knows nothing of age, acts or violence."""

from __future__ import annotations

from pathlib import Path

import cv2
import nudenet
import onnxruntime
from nudenet import NudeDetector

from semblance.faces import RgbU8
from semblance.safety.domain.errors import NudityModelUnavailable
from semblance.safety.domain.verdict import NudePart

_UNCOVERED = frozenset(
    {
        "FEMALE_BREAST_EXPOSED",
        "FEMALE_GENITALIA_EXPOSED",
        "MALE_GENITALIA_EXPOSED",
        "BUTTOCKS_EXPOSED",
        "ANUS_EXPOSED",
    }
)


class NudityDetector:
    """The model that comes in NudeNet's package, read from there: no download. Safe to call from many threads."""

    def __init__(self, *, threads: int = 1) -> None:
        """Raises NudityModelUnavailable."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        try:
            self._detector = NudeDetector()
            # NudeNet takes every core for itself; the same file on as many threads as it is given.
            self._detector.onnx_session = onnxruntime.InferenceSession(
                str(Path(nudenet.__file__).parent / "320n.onnx"), options
            )
        except Exception as e:
            raise NudityModelUnavailable("the nudity model cannot be loaded") from e

    def detect(self, image: RgbU8, scale: float = 1.0) -> list[NudePart]:
        """Uncovered parts in an (H, W, 3) image that was enlarged by `scale`; boxes as before that."""
        found = self._detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        return [
            NudePart(part["class"], float(part["score"]), tuple(round(v / scale, 1) for v in part["box"]))
            for part in found
            if part["class"] in _UNCOVERED
        ]
