"""YuNet in one look at one picture, at its own size, down to faint answers: for who wants to decide on the looks.

The same file and the same numbers as in detection.py, through ONNX Runtime, which takes half the time of OpenCV's
reader. `detection.detect_faces` remains the way to find the faces of a photo.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from semblance.faces.arrays import Box, Face, RgbU8
from semblance.faces.engine import YUNET_FILE, require_model
from semblance.faces.errors import FaceModelMissing

_STRIDES_PX = (8, 16, 32)
_NMS_0_1 = 0.3
_SQUARE_PX = 32  # the network halves its input five times
_QUIET = 3  # errors only: a shape that the file did not announce is not worth a line a look
Floats = npt.NDArray[np.float32]


class FaceScanner(Protocol):
    """One look at a picture. Safe to call from many threads."""

    def scan(self, image: RgbU8, *, lowest_0_1: float) -> list[Face]:
        """Everything that looks like a face at or above `lowest_0_1`, surest first, each once in this look."""


class OnnxFaceScanner:
    """One network on one thread; ONNX Runtime's sessions may be shared."""

    def __init__(self, models_dir: Path, *, threads: int = 1) -> None:
        """Loads the model (some 20 ms). Raises FaceModelMissing."""
        path = require_model(models_dir, YUNET_FILE)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = _QUIET
        try:
            self._session = onnxruntime.InferenceSession(_of_any_size(path), options)
        except Exception as e:
            raise FaceModelMissing(YUNET_FILE, "cannot be read") from e

    def scan(self, image: RgbU8, *, lowest_0_1: float) -> list[Face]:
        """See FaceScanner. `image` (H, W, 3) sRGB of any size; memory grows with it: some 100 bytes a pixel."""
        planes = _planes(image)
        outputs = self._session.run(None, {"input": planes})
        width = planes.shape[3]
        rows = np.concatenate(
            [_rows(outputs, which, width // stride, stride, lowest_0_1) for which, stride in enumerate(_STRIDES_PX)]
        )
        if not len(rows):
            return []
        kept = cv2.dnn.NMSBoxes(rows[:, :4].tolist(), rows[:, 14].tolist(), lowest_0_1, _NMS_0_1)
        return [_face(rows[i]) for i in np.asarray(kept, dtype=np.int64).reshape(-1)]


def _of_any_size(path: Path) -> bytes:
    """The model with its input's height and width left open; the file says 640."""
    model = onnx.load(str(path))
    sides = model.graph.input[0].type.tensor_type.shape.dim
    sides[2].dim_param, sides[3].dim_param = "height", "width"
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = "places"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def _planes(image: RgbU8) -> Floats:
    """(1, 3, H, W), blue first, 0-255; black below and on the right until both sides are such as the network wants."""
    height, width = image.shape[:2]
    whole = [-(-side // _SQUARE_PX) * _SQUARE_PX for side in (height, width)]
    make = np.empty if whole == [height, width] else np.zeros
    planes: Floats = make((1, 3, *whole), dtype=np.float32)
    for channel, plane in enumerate(cv2.split(image)):
        planes[0, 2 - channel, :height, :width] = plane
    return planes


def _rows(outputs: list[Floats], which: int, columns: int, stride: int, lowest_0_1: float) -> Floats:
    """(n, 15): x, y, width, height, five points, score. Source: OpenCV's FaceDetectorYN::postProcess."""
    sure, there, box, points = (outputs[which + 3 * k][0] for k in range(4))
    score = np.sqrt(np.clip(sure[:, 0], 0, 1) * np.clip(there[:, 0], 0, 1))
    places = np.flatnonzero(score >= lowest_0_1)
    grid = np.stack([places % columns, places // columns], axis=1).astype(np.float32)
    middle = (grid + box[places, :2]) * stride
    size = np.exp(np.clip(box[places, 2:4], None, 8)) * stride
    marks = (points[places].reshape(-1, 5, 2) + grid[:, None]) * stride
    return np.concatenate(
        [middle - size / 2, size, marks.reshape(-1, 10), score[places, None]], axis=1, dtype=np.float32
    )


def _face(row: Floats) -> Face:
    x_px, y_px, width_px, height_px = (float(v) for v in row[:4])
    return Face(Box(x_px, y_px, width_px, height_px), row[4:14].reshape(5, 2).copy(), min(1.0, float(row[14])))
