"""NudeNet's network: the only module that reads its package. It finds parts of bodies; it knows nothing of age, acts or
violence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import nudenet
import numpy as np
import numpy.typing as npt
import onnxruntime

from semblance.faces import RgbU8
from semblance.safety.domain.errors import NudityModelUnavailable
from semblance.safety.domain.verdict import NudePart

UNCOVERED: Mapping[int, str] = {
    2: "BUTTOCKS_EXPOSED",
    3: "FEMALE_BREAST_EXPOSED",
    4: "FEMALE_GENITALIA_EXPOSED",
    6: "ANUS_EXPOSED",
    14: "MALE_GENITALIA_EXPOSED",
}
"""Of NudeNet's eighteen labels, by their places in the network's answer."""
_SIDE_PX = 320  # what the network of the package was trained at
_CANDIDATE_0_1, _COUNTS_0_1, _NMS_0_1 = 0.2, 0.25, 0.45  # Source: nudenet 3.4.2, _postprocess
Floats = npt.NDArray[np.float32]


class NudityDetector:
    """The model that comes in NudeNet's package, read from there: no download. Safe to call from many threads.

    The same numbers as its NudeDetector, which takes every core for itself and a loop in Python over 2100 rows.
    """

    def __init__(self, *, threads: int = 1) -> None:
        """Raises NudityModelUnavailable."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        try:
            path = Path(nudenet.__file__).parent / "320n.onnx"
            self._session = onnxruntime.InferenceSession(str(path), options)
            self._input = self._session.get_inputs()[0].name
        except Exception as e:
            raise NudityModelUnavailable("the nudity model cannot be loaded") from e

    def detect(self, image: RgbU8, scale: float = 1.0) -> list[NudePart]:
        """Uncovered parts in an (H, W, 3) image that was enlarged by `scale`; boxes as before that."""
        (answer,) = self._session.run(None, {self._input: seen(image)})
        return [
            NudePart(UNCOVERED[label], score, (box[0] / scale, box[1] / scale, box[2] / scale, box[3] / scale))
            for label, score, box in parts(answer[0].T, image)
            if label in UNCOVERED
        ]


def parts(rows: Floats, image: RgbU8) -> list[tuple[int, float, tuple[int, int, int, int]]]:
    """Label, score and box in whole px of everything found. rows (n, 22): middle, size, a score for each label."""
    height, width = image.shape[:2]
    scores = rows[:, 4:].max(axis=1)
    rows, scores = rows[scores >= _CANDIDATE_0_1], scores[scores >= _CANDIDATE_0_1]
    if not len(rows):
        return []
    corner = (rows[:, :2] - rows[:, 2:4] / 2) * max(height, width) / _SIDE_PX
    corner = np.clip(corner, 0, (width, height))
    size = np.minimum(rows[:, 2:4] * max(height, width) / _SIDE_PX, np.array([width, height]) - corner)
    boxes = np.concatenate([corner, size], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), _COUNTS_0_1, _NMS_0_1)
    labels = rows[:, 4:].argmax(axis=1)
    return [
        (int(labels[k]), float(scores[k]), (int(boxes[k, 0]), int(boxes[k, 1]), int(boxes[k, 2]), int(boxes[k, 3])))
        for k in np.asarray(kept, dtype=np.int64).reshape(-1)
    ]


def seen(image: RgbU8) -> Floats:
    """(1, 3, 320, 320) 0-1, blue first, as NudeNet shows a file to it: made square by black below or beside it."""
    height, width = image.shape[:2]
    side = max(height, width)
    square = image
    if height != width:
        square = cv2.copyMakeBorder(image, 0, side - height, 0, side - width, cv2.BORDER_CONSTANT)
    return np.asarray(cv2.dnn.blobFromImage(square, 1 / 255.0, (_SIDE_PX, _SIDE_PX), swapRB=True), dtype=np.float32)
