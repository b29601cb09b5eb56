"""The looks at a picture: in which sizes, on which side, and how a look's places become places in the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from semblance.faces import Box, Face, Points, RgbU8

WHOLE_PX = 320  # with a border around it: faces that fill the picture, also those that its edge cuts
TURNED_PX = 288  # the same on its sides, with less of a border
BETWEEN_PX = 640
CLOSE_PX = 1024  # small pictures are enlarged to this, so that a face of a few pixels becomes one of some twenty
_TILE_PX = 1344
_TILE_OVERLAP_PX = 224
_BORDER_0_1 = 0.25
_BORDER_TURNED_0_1 = 1 / 18
_LARGEST_ENLARGEMENT = 20.0
CELL_PX = 128  # of a closer look at one place
_FACE_IN_CELL_PX = 50.0
_FINE_CELL_PX = 224  # of the last look, for landmarks
_CLOSE_BORDER_PX = 16  # around the close look, for faces that the picture's edge cuts
CLOSER_ANGLES_DEG = (0, 45, 90, 135, 180, 225, 270, 315)
Affine = npt.NDArray[np.float64]  # (2, 3)


@dataclass(frozen=True)
class View:
    """One look: `to_picture` (2, 3) maps its points to the picture's. `turned_deg`: a face upright in the view lies
    at this angle in the picture, counter-clockwise."""

    image: RgbU8
    to_picture: Affine
    turned_deg: int

    def face(self, face: Face) -> Face:
        """A face of this view where it is in the picture; its box is upright there, and as large as the face."""
        middle = self._points(
            np.array([[face.box.x_px + face.box.width_px / 2, face.box.y_px + face.box.height_px / 2]])
        )[0]
        scale = math.hypot(self.to_picture[0, 0], self.to_picture[1, 0])
        width, height = face.box.width_px * scale, face.box.height_px * scale
        if self.turned_deg % 180 == 90:
            width, height = height, width
        elif self.turned_deg % 180:
            width = height = math.sqrt(width * height)
        box = Box(float(middle[0] - width / 2), float(middle[1] - height / 2), width, height)
        return Face(box, self._points(face.landmarks).astype(np.float32), face.score_0_1)

    def _points(self, points: Points | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(points, dtype=np.float64) @ self.to_picture[:, :2].T + self.to_picture[:, 2]


def whole(image: RgbU8, side_px: int, *, turned_deg: int = 0) -> View:
    """The whole picture with its longer side at `side_px`, its edge repeated around it, turned by quarters."""
    return framed(resized(image, side_px / max(image.shape[:2])), image, turned_deg=turned_deg)


def framed(small: RgbU8, image: RgbU8, *, turned_deg: int = 0) -> View:
    """The same of a picture that was made small before."""
    side_px = max(small.shape[:2])
    scale = side_px / max(image.shape[:2])
    border_px = round(side_px * (_BORDER_TURNED_0_1 if turned_deg else _BORDER_0_1))
    small = _bordered(small, border_px)
    to_picture = np.array([[1 / scale, 0, -border_px / scale], [0, 1 / scale, -border_px / scale]])
    return _turned(View(small, to_picture, 0), turned_deg)


def close(image: RgbU8, *, turned_deg: int = 0) -> Iterator[View]:
    """The picture at its own size, or enlarged; in overlapping tiles where it is larger than one."""
    longest = max(image.shape[:2])
    scale = min(max(1.0, CLOSE_PX / longest), _LARGEST_ENLARGEMENT)
    large = resized(image, scale)
    for top in _steps(large.shape[0]):
        for left in _steps(large.shape[1]):
            tile = np.ascontiguousarray(large[top : top + _TILE_PX, left : left + _TILE_PX])
            x, y = (left - _CLOSE_BORDER_PX) / scale, (top - _CLOSE_BORDER_PX) / scale
            to_picture = np.array([[1 / scale, 0, x], [0, 1 / scale, y]])
            yield _turned(View(_bordered(tile, _CLOSE_BORDER_PX), to_picture, 0), turned_deg)


def at(image: RgbU8, box: Box, turned_deg: int, *, fine: bool = False) -> View:
    """A small square around a place, turned so that a face lying at `turned_deg` stands upright in it. `fine`: a larger
    square of the same place."""
    cell_px = _FINE_CELL_PX if fine else CELL_PX
    width = max(math.sqrt(max(box.area, 1.0)), 1.0)
    scale = _FACE_IN_CELL_PX / width * cell_px / CELL_PX
    reach_px = cell_px / scale * 0.75
    x, y = box.x_px + box.width_px / 2, box.y_px + box.height_px / 2
    left, top = max(0, math.floor(x - reach_px)), max(0, math.floor(y - reach_px))
    around = image[top : math.ceil(y + reach_px) + 1, left : math.ceil(x + reach_px) + 1]
    shrink = min(1.0, scale * 2)
    if shrink < 1:  # pixels are averaged, not skipped
        around = cv2.resize(around, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    angle = math.radians(turned_deg)
    # From the cell to the picture: a turn about the middle, then the place.
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]) / scale
    to_picture = np.column_stack([turn, np.array([x, y]) - turn @ np.full(2, cell_px / 2)])
    to_around = to_picture.copy()
    to_around[:, 2] -= (left, top)
    to_around *= shrink
    cell = cv2.warpAffine(
        around,
        to_around,
        (cell_px, cell_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return View(np.asarray(cell, dtype=np.uint8), to_picture, turned_deg)


def resized(image: RgbU8, scale: float) -> RgbU8:
    """The picture at another size; itself where that is the same."""
    if abs(scale - 1) < 0.02:
        return image
    size = (max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale)))
    way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    half = (image.shape[1] // 2, image.shape[0] // 2)
    if half[0] >= size[0] and half[1] >= size[1]:  # halves are averaged ten times as fast as other shares
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(cv2.resize(image, size, interpolation=way), dtype=np.uint8)


def _bordered(image: RgbU8, border_px: int) -> RgbU8:
    edged = cv2.copyMakeBorder(image, border_px, border_px, border_px, border_px, cv2.BORDER_REPLICATE)
    return np.asarray(edged, dtype=np.uint8)


def _steps(side_px: int) -> list[int]:
    if side_px <= _TILE_PX:
        return [0]
    count = math.ceil((side_px - _TILE_OVERLAP_PX) / (_TILE_PX - _TILE_OVERLAP_PX))
    return [round(k * (side_px - _TILE_PX) / (count - 1)) for k in range(count)]


def _turned(view: View, turned_deg: int) -> View:
    """The view turned so that what lay at `turned_deg` (a multiple of 90) stands upright."""
    quarters = turned_deg // 90 % 4
    if not quarters:
        return view
    height, width = view.image.shape[:2]
    # What np.rot90 with -quarters does to points, back again.
    back = {
        1: np.array([[0.0, 1, 0], [-1, 0, height]]),
        2: np.array([[-1.0, 0, width], [0, -1, height]]),
        3: np.array([[0.0, -1, width], [1, 0, 0]]),
    }[quarters]
    linear = view.to_picture[:, :2] @ back[:, :2]
    shift = view.to_picture[:, :2] @ back[:, 2] + view.to_picture[:, 2]
    image = np.ascontiguousarray(np.rot90(view.image, -quarters))
    return View(image, np.column_stack([linear, shift]), turned_deg)
