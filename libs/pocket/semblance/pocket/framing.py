"""The one framing that the backbone knows: eyes 45 % down, head about 70 % of the height."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RgbU8 = NDArray[np.uint8]
Points = NDArray[np.float32]

# The ArcFace reference points (112 px, arXiv:1801.07698) scaled so that the whole head, hair and shoulders fit.
_ARCFACE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)
_SCALE, _CENTRE, _EYE_LINE = 0.405, 32.0, 28.8
TEMPLATE_64: Points = ((_ARCFACE - (56.0, 51.6)) * _SCALE + (_CENTRE, _EYE_LINE)).astype(np.float32)
_OVERSAMPLE = 2


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """Least-squares rotation, scale and shift. Points (5, 2) px; returns (2, 3). Source: Umeyama 1991."""
    mean_s, mean_t = source.mean(0), target.mean(0)
    a = (source - mean_s).astype(np.float64).view()
    b = (target - mean_t).astype(np.float64)
    norm = float((a**2).sum())
    if norm < 1e-6:
        raise ValueError("the five landmarks fall on one point")
    cos = float((a * b).sum()) / norm
    sin = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / norm
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.hstack([linear, (mean_t - linear @ mean_s)[:, None]])


def align(picture: RgbU8, landmarks: Points, size_px: int = 64, jitter: Points | None = None) -> RgbU8:
    """Cut the face out in the backbone's framing. picture (H, W, 3) RGB; landmarks (5, 2) px: left-of-picture eye,
    other eye, nose, mouth corners; jitter shifts the template (5, 2) px; returns (size, size, 3), edges replicated."""
    template = TEMPLATE_64 if jitter is None else TEMPLATE_64 + jitter
    target = template * (size_px / 64.0 * _OVERSAMPLE)
    warp = similarity(landmarks.astype(np.float32), target.astype(np.float32))
    scale = float(np.hypot(warp[0, 0], warp[1, 0]))
    if scale < 1.0:  # shrink first by area, else a large photo would alias
        height, width = (max(1, round(edge * scale)) for edge in picture.shape[:2])
        ratio = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        warp = similarity((landmarks * ratio).astype(np.float32), target.astype(np.float32))
    edge_px = size_px * _OVERSAMPLE
    large: Any = cv2.warpAffine(
        picture, warp, (edge_px, edge_px), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(large, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)


def random_jitter(rng: np.random.Generator) -> Points:
    """A small shift, zoom and turn of the template (5, 2) px, so that the backbone forgives a detector's error."""
    zoom = float(np.exp(rng.normal(0.0, 0.03)))
    angle = float(rng.normal(0.0, 0.03))
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = TEMPLATE_64.mean(0)
    moved = (TEMPLATE_64 - centre) @ turn.T + centre + rng.normal(0.0, 0.6, 2)
    return np.asarray(moved - TEMPLATE_64, np.float32)


def face_weights(side: int, strength: float) -> NDArray[np.float32]:
    """Loss weights (side, side) of mean 1 that favour the face over the background."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) + 0.5
    eye_to_mouth = TEMPLATE_64[:, 1].mean() / 64.0 * side
    bump = np.exp(-((x - side / 2) ** 2 + (y - eye_to_mouth) ** 2) / (2 * (side * 0.26) ** 2))
    weights = 1.0 + strength * bump
    return np.asarray(weights / weights.mean(), np.float32)
