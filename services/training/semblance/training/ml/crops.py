"""From a photo to what may be learnt: the own face in the backbone's framing, and nobody else's."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.faces import Box, Embedding, Face, FaceEngine, Points, RgbU8, align
from semblance.training.domain.errors import UnreadablePhoto
from semblance.training.ports import Photo

_MARGIN = 0.35  # of the box on every side: hair and chin belong to a face as well
_BLUR_OF_WIDTH = 0.35


@dataclass(frozen=True)
class OwnFace:
    """crop (S, S, 3) RGB in the framing; embedding (128,) of the photo's full resolution."""

    crop: RgbU8 = field(repr=False)
    embedding: Embedding = field(repr=False)


def own_face(photo: Photo, faces: FaceEngine, framing: Points, size_px: int) -> OwnFace:
    """Cut the own face out; other faces are blurred first, as far as they do not lie over it.

    framing (5, 2) px in the crop. Raises UnreadablePhoto, InvalidLandmarks.
    """
    image = decode(photo.data)
    found = faces.detect(image)
    own = _own(photo, found)
    others = [face for face in found if face.box.overlap_0_1(own.box) < 0.5]
    embedding = faces.embed(image, own)
    return OwnFace(
        align(cover(image, own.box, [face.box for face in others]), own.landmarks, framing, size_px), embedding
    )


def decode(data: bytes) -> RgbU8:
    """JPEG, PNG or WebP to (H, W, 3) RGB. Raises UnreadablePhoto."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise UnreadablePhoto
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def cover(image: RgbU8, own: Box, others: list[Box]) -> RgbU8:
    """A copy in which the other faces are blurred past recognition; the own face's ellipse is left as it is."""
    covered = image.copy()
    kept = _ellipse(image.shape[:2], own, 0.0)
    for other in others:
        mask = _ellipse(image.shape[:2], other, _MARGIN) & ~kept
        sigma = max(2.0, other.width_px * _BLUR_OF_WIDTH)
        small = max(1, round(image.shape[1] / sigma)), max(1, round(image.shape[0] / sigma))
        coarse = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        blurred = cv2.resize(coarse, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
        covered[mask] = blurred[mask]
    return covered


def _own(photo: Photo, found: list[Face]) -> Face:
    """The face that ingest found to be the own one; its landmarks are ingest's."""
    points = np.asarray(photo.landmarks, np.float32).reshape(5, 2)
    middle = points.mean(axis=0)
    near = sorted(found, key=lambda face: float(np.linalg.norm(face.landmarks.mean(axis=0) - middle)))
    span = float(np.ptp(points[:, 0])) or 1.0
    if near and np.linalg.norm(near[0].landmarks.mean(axis=0) - middle) < span:
        return Face(near[0].box, points, near[0].score_0_1)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = float(high[0] - low[0]), float(high[1] - low[1])
    return Face(Box(float(low[0] - width / 2), float(low[1] - height), 2 * width, 2.5 * height), points, 1.0)


def _ellipse(shape: tuple[int, ...], box: Box, margin: float) -> NDArray[np.bool_]:
    """The box's ellipse (H, W), grown by `margin` of the box on every side."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    radius_x = max(1.0, box.width_px * (0.5 + margin))
    radius_y = max(1.0, box.height_px * (0.5 + margin))
    centre_x, centre_y = box.x_px + box.width_px / 2, box.y_px + box.height_px / 2
    inside: NDArray[np.bool_] = ((x - centre_x) / radius_x) ** 2 + ((y - centre_y) / radius_y) ** 2 <= 1.0
    return inside
