"""Warping a face to a five-point template."""

from __future__ import annotations

import cv2
import numpy as np

from semblance.faces.arrays import Affine, Points, RgbU8
from semblance.faces.errors import InvalidImage, InvalidLandmarks

# Source: arXiv:1801.07698 (ArcFace), as in OpenCV's FaceRecognizerSF::alignCrop; px in a 112 x 112 picture.
ARCFACE_TEMPLATE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
ARCFACE_SIZE_PX = 112
_FLATTEST = 1e-3  # smallest to largest spread of five points; below it they lie on one line
_SHRINK_FIRST = 0.5  # bilinear sampling skips pixels below half size


def similarity_transform(source: Points, target: Points) -> Affine:
    """The rotation, uniform scale and shift that bring `source` (5, 2) closest to `target` (5, 2), as (2, 3).

    Never a reflection. Raises InvalidLandmarks. Source: Umeyama, IEEE TPAMI 13(4), 1991, eq. 40-43.
    """
    points, goal = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if points.shape != goal.shape or points.ndim != 2 or not (np.isfinite(points).all() and np.isfinite(goal).all()):
        raise InvalidLandmarks
    middle, goal_middle = points.mean(axis=0), goal.mean(axis=0)
    centred, goal_centred = points - middle, goal - goal_middle
    spread = np.linalg.svd(centred, compute_uv=False)
    if spread[0] == 0 or spread[1] < _FLATTEST * spread[0]:
        raise InvalidLandmarks
    u, singular, vt = np.linalg.svd(goal_centred.T @ centred / len(points))
    sign = np.array([1.0, 1.0 if np.linalg.det(u) * np.linalg.det(vt) >= 0 else -1.0])
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / centred.var(axis=0).sum())
    shift = goal_middle - scale * rotation @ middle
    return np.column_stack([scale * rotation, shift])


def align(image: RgbU8, landmarks: Points, template: Points, size_px: int) -> RgbU8:
    """Warp a face so that its landmarks fall on `template`.

    image (H, W, 3) sRGB; landmarks and template (5, 2) px, the template's in the result; returns a new
    (size_px, size_px, 3) array. Beyond the image its edge is repeated. Large faces are averaged down, not skipped
    through. Raises InvalidLandmarks, InvalidImage.
    """
    require_image(image)
    transform = similarity_transform(landmarks, template)
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    source = image
    if scale < _SHRINK_FIRST:
        size = (max(1, round(image.shape[1] * scale * 2)), max(1, round(image.shape[0] * scale * 2)))
        source = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        factor = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
        # Pixel centres lie at half integers: x_small = (x + 0.5) * factor - 0.5.
        transform = np.column_stack(
            [transform[:, :2] / factor, transform[:, 2] + transform[:, :2] @ ((0.5 - 0.5 * factor) / factor)]
        )
    return np.asarray(
        cv2.warpAffine(source, transform, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def require_image(image: RgbU8) -> None:
    """Raise InvalidImage unless (H, W, 3) uint8 with sides of 8 px or more."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < 8:
        raise InvalidImage(image.shape, str(image.dtype))
