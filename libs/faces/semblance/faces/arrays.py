"""The shapes that this library speaks in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RgbU8 = npt.NDArray[np.uint8]  # (H, W, 3) sRGB, 0-255
Points = npt.NDArray[np.float32]  # (5, 2) px, x then y, in YuNet's order
Embedding = npt.NDArray[np.float32]  # (model.dimensions,) unit length
Affine = npt.NDArray[np.float64]  # (2, 3)


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; it may reach beyond the image where a face does."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float

    def overlap_0_1(self, other: Box) -> float:
        """Intersection over union."""
        shared = self._shared(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def share_within_0_1(self, other: Box) -> float:
        """How much of this box lies in the other."""
        return self._shared(other) / self.area if self.area > 0 else 0.0

    @property
    def area(self) -> float:
        """Square pixels."""
        return self.width_px * self.height_px

    def _shared(self, other: Box) -> float:
        width = min(self.x_px + self.width_px, other.x_px + other.width_px) - max(self.x_px, other.x_px)
        height = min(self.y_px + self.height_px, other.y_px + other.height_px) - max(self.y_px, other.y_px)
        return max(width, 0.0) * max(height, 0.0)


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in an image. landmarks (5, 2) float32 px: the person's right eye, left eye, nose tip, right and
    left corner of the mouth (right first: seen from the front that is the picture's left)."""

    box: Box
    landmarks: Points
    score_0_1: float
