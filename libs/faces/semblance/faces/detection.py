"""YuNet over several sizes of one image, so that both a portrait and a face in a crowd are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from semblance.faces.arrays import Box, Face, RgbU8

SCORE_THRESHOLD_0_1 = 0.7
_NMS_0_1 = 0.3
_SAME_FACE_0_1 = 0.35
_PART_OF_FACE_0_1 = 0.85  # a large view also "finds" faces in the cheek of a face too large for it
_TOP_K = 500
_SMALLEST_BORDER_PX = 8


class YuNet(Protocol):
    """The part of cv2.FaceDetectorYN that is used."""

    def setInputSize(self, size: tuple[int, int]) -> None: ...

    def detect(self, image: npt.NDArray[np.uint8]) -> tuple[int, npt.NDArray[np.float32] | None]: ...


@dataclass(frozen=True)
class _Pass:
    """One look: the image's longer side scaled to `side_px`, with an edge of `border_0_1` of it repeated around."""

    side_px: int
    border_0_1: float


def passes(longer_side_px: int) -> list[_Pass]:
    """YuNet was trained on faces of some 10 to 300 px (OpenCV Zoo's model card): a small view finds the faces that
    fill the image (the border helps where they are cut), larger views those that are small in it."""
    looks = [_Pass(320, 0.25)]
    if longer_side_px > 320:
        looks.append(_Pass(640, 0.0))
    if longer_side_px > 900:
        looks.append(_Pass(1280, 0.0))
    if longer_side_px > 2000:
        looks.append(_Pass(2048, 0.0))
    return looks


def load_yunet(path: str, score_threshold_0_1: float) -> YuNet:
    """The network, ready for any size. Raises cv2.error where the file is no model."""
    network: YuNet = cv2.FaceDetectorYN.create(path, "", (320, 320), score_threshold_0_1, _NMS_0_1, _TOP_K)
    return network


def detect_faces(network: YuNet, image: RgbU8) -> list[Face]:
    """Faces by falling score, each once; not thread-safe, as the network is not."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    found = [face for look in passes(max(image.shape[:2])) for face in _look(network, bgr, look)]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: face.score_0_1, reverse=True):
        if not any(_is_again(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def _is_again(box: Box, surer: Box) -> bool:
    return box.overlap_0_1(surer) >= _SAME_FACE_0_1 or box.share_within_0_1(surer) >= _PART_OF_FACE_0_1


def _look(network: YuNet, bgr: npt.NDArray[np.uint8], look: _Pass) -> list[Face]:
    height, width = bgr.shape[:2]
    scale = look.side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    view = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    border_px = round(look.side_px * look.border_0_1) if look.border_0_1 else _SMALLEST_BORDER_PX
    view = cv2.copyMakeBorder(view, border_px, border_px, border_px, border_px, cv2.BORDER_REPLICATE)
    network.setInputSize((view.shape[1], view.shape[0]))
    _, rows = network.detect(view)
    if rows is None:
        return []
    factor = np.array([size[0] / width, size[1] / height], dtype=np.float32)
    faces = []
    for row in rows:
        corner, extent = (row[0:2] - border_px) / factor, row[2:4] / factor
        landmarks = ((row[4:14].reshape(5, 2) - border_px) / factor).astype(np.float32)
        centre = corner + extent / 2
        if 0 <= centre[0] < width and 0 <= centre[1] < height:  # a smeared border is no face
            box = Box(float(corner[0]), float(corner[1]), float(extent[0]), float(extent[1]))
            faces.append(Face(box, landmarks, min(1.0, float(row[14]))))
    return faces
