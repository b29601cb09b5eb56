"""Finding every face in a picture: whole, then closer; and uncovered bodies."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from semblance.faces import Box, FaceEngine, RgbU8
from semblance.safety.domain.errors import UnreadablePicture
from semblance.safety.domain.verdict import NudePart
from semblance.safety.ml.nudity import NudityDetector
from semblance.safety.ports import FoundFace

MAX_SIDE_PX = 4096
_WHOLE_SIDES_PX = (320, 640, 1280)  # YuNet wants faces of some 20 to 300 px; made pictures may be 64 px wide
_TILE_SIDE_PX = 640
_SAME_FACE_OVERLAP_0_1 = 0.3


@dataclass(frozen=True)
class _View:
    """A part of the picture, scaled: a point (x, y) of it lies at (left + x / scale, top + y / scale)."""

    image: RgbU8
    left_px: float
    top_px: float
    scale: float


class PictureEyes:
    """Looks at the whole picture in several sizes, then at four overlapping quarters enlarged.

    A face found only in the closer look must be found with `closer_look_score_0_1`, for texture looks like small faces.
    """

    def __init__(self, engine: FaceEngine, nudity: NudityDetector, *, closer_look_score_0_1: float) -> None:
        self._engine = engine
        self._nudity = nudity
        self._closer_look_score_0_1 = closer_look_score_0_1

    def faces(self, png: bytes, *, width_px: int, height_px: int) -> list[FoundFace]:
        """Every face once, boxes in the picture's pixels. Raises UnreadablePicture, Unavailable."""
        image = _decode(png, width_px, height_px)
        found: list[tuple[Box, FoundFace]] = []
        for view in _whole(image):
            self._add(found, view, lowest_0_1=0.0)
        for view in _quarters(image):
            self._add(found, view, lowest_0_1=self._closer_look_score_0_1)
        return [face for _, face in found]

    def nude_parts(self, png: bytes) -> list[NudePart]:
        """Uncovered parts of bodies, boxes in the picture's pixels."""
        image = _decode(png)
        scale = max(1.0, 320 / max(image.shape[:2]))
        return self._nudity.detect(_resized(image, scale), scale)

    def _add(self, found: list[tuple[Box, FoundFace]], view: _View, *, lowest_0_1: float) -> None:
        for face in self._engine.detect(view.image):
            box = Box(
                view.left_px + face.box.x_px / view.scale,
                view.top_px + face.box.y_px / view.scale,
                face.box.width_px / view.scale,
                face.box.height_px / view.scale,
            )
            if face.score_0_1 < lowest_0_1 or any(_same(box, known) for known, _ in found):
                continue
            corners = (round(box.x_px, 1), round(box.y_px, 1), round(box.width_px, 1), round(box.height_px, 1))
            found.append((box, FoundFace(corners, face.score_0_1, self._engine.embed(view.image, face))))


def _whole(image: RgbU8) -> Iterator[_View]:
    """The picture in several sizes; the middle one first, because it is the surest."""
    longest = max(image.shape[:2])
    sides = sorted(_WHOLE_SIDES_PX, key=lambda side: abs(side - 640))
    for side in sides:
        scale = side / longest
        if 0.2 <= scale <= 12:
            yield _View(_resized(image, scale), 0.0, 0.0, scale)


def _quarters(image: RgbU8) -> Iterator[_View]:
    """Four overlapping parts, each some two thirds of a side, enlarged."""
    height, width = image.shape[:2]
    part_h, part_w = round(height * 0.62), round(width * 0.62)
    for top in (0, height - part_h):
        for left in (0, width - part_w):
            part = np.ascontiguousarray(image[top : top + part_h, left : left + part_w])
            scale = _TILE_SIDE_PX / max(part.shape[:2])
            yield _View(_resized(part, scale), float(left), float(top), scale)


def _same(a: Box, b: Box) -> bool:
    """Two boxes over one face: they overlap, or the middle of one lies in the other and sizes are alike."""
    if a.overlap_0_1(b) >= _SAME_FACE_OVERLAP_0_1:
        return True
    x, y = a.x_px + a.width_px / 2, a.y_px + a.height_px / 2
    inside = b.x_px <= x <= b.x_px + b.width_px and b.y_px <= y <= b.y_px + b.height_px
    return inside and 0.4 <= a.width_px / b.width_px <= 2.5


def _resized(image: RgbU8, scale: float) -> RgbU8:
    if abs(scale - 1) < 0.02:
        return image
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, size, interpolation=way), dtype=np.uint8)


def _decode(png: bytes, width_px: int | None = None, height_px: int | None = None) -> RgbU8:
    """The picture's pixels, of the announced size if one is given. Raises UnreadablePicture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
                _require_size(image.size, (width_px, height_px))
                return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as e:
        raise UnreadablePicture("it is no PNG") from e


def _require_size(size: tuple[int, int], announced: Sequence[int | None]) -> None:
    if not 8 <= min(size) <= max(size) <= MAX_SIDE_PX:
        raise UnreadablePicture(f"its sides must be 8 to {MAX_SIDE_PX} px")
    if any(said is not None and said != is_ for said, is_ in zip(announced, size, strict=True)):
        raise UnreadablePicture("its size is not the one announced")
