"""Where on a head something is, as soft masks over positions on the unshaped base head (decimetres).

Painting by position instead of by texture coordinate lets one mask serve texels and vertices alike."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.synthetic_people.assets import Floats, load
from semblance.synthetic_people.rasterise import fill

TEXTURE_SCALE = 2
EYE = (0.308, 7.284)


def ramp(x: NDArray[np.floating[Any]], start: float, end: float) -> Floats:
    """Smooth step from 0 at start to 1 at end (which may lie below start)."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def spot(p: Floats, x: float, y: float, wide: float, high: float, *, mirrored: bool = True) -> Floats:
    """A Gaussian on the front of the face, on both sides if mirrored."""
    across = np.abs(p[..., 0]) - x if mirrored else p[..., 0] - x
    return np.asarray(
        np.exp(-((across / wide) ** 2) - ((p[..., 1] - y) / high) ** 2) * ramp(p[..., 2], 0.7, 1.1), np.float32
    )


def scalp(p: Floats, receding: float = 0.0) -> Floats:
    """Where hair grows on the head, 0-1."""
    line = np.interp(
        p[..., 2], [-0.4, 0.15, 0.35, 0.55, 0.8, 1.05, 1.25, 1.45], [6.62, 6.75, 7.3, 7.45, 7.5, 7.72, 7.92, 8.02]
    )
    line = line + receding * (0.30 * np.exp(-(((np.abs(p[..., 0]) - 0.38) / 0.25) ** 2)) + 0.22) * ramp(
        p[..., 2], 0.5, 1.0
    )
    ear = np.exp(-(((p[..., 2] - 0.3) / 0.28) ** 2) - ((p[..., 1] - 7.12) / 0.3) ** 2) * ramp(
        np.abs(p[..., 0]), 0.66, 0.74
    )
    return np.asarray(ramp(p[..., 1] - line, -0.04, 0.07) * (1 - np.clip(1.6 * ear, 0, 1)), np.float32)


def beard(p: Floats, style: str) -> Floats:
    """Where a beard of this style grows, 0-1, lips not yet taken out."""
    x, y, z = np.abs(p[..., 0]), p[..., 1], p[..., 2]
    moustache = (
        ramp(x, 0.34, 0.27) * ramp(y, 6.65, 6.70) * ramp(y - 0.07 * (1 - x / 0.34), 6.82, 6.75) * ramp(z, 1.25, 1.35)
    )
    chin = ramp(x, 0.36, 0.26) * ramp(y, 6.62, 6.55) * ramp(y, 6.2, 6.28) * ramp(z, 1.0, 1.15)
    corners = ramp(x, 0.40, 0.34) * ramp(x, 0.2, 0.26) * ramp(y, 6.35, 6.45) * ramp(y, 6.8, 6.72) * ramp(z, 1.1, 1.2)
    line = 6.70 + 0.42 * np.clip(x - 0.3, 0, 1)
    jaw = ramp(y - line, 0.05, -0.05) * ramp(y, 6.16, 6.3) * ramp(z, 0.45, 0.6) * ramp(x, 0.82, 0.76)
    sideburn = (
        ramp(x, 0.58, 0.66)
        * ramp(z, 0.5, 0.58)
        * ramp(z, 0.86, 0.76)
        * ramp(y, 6.6, 6.7)
        * ramp(y, 7.45, 7.35)
        * ramp(x, 0.8, 0.76)
    )
    if style == "moustache":
        return np.asarray(moustache, np.float32)
    if style == "goatee":
        return np.asarray(np.maximum.reduce([moustache, chin, corners]), np.float32)
    return np.asarray(np.maximum.reduce([moustache, chin, corners, jaw, sideburn * 0.8]), np.float32)


@lru_cache(maxsize=1)
def positions() -> Floats:
    """Base-head position (h, w, 3) of each texel of the head skin; texels outside the island take a far-off point."""
    pack = load()
    height, width = (side * TEXTURE_SCALE for side in next(iter(pack.skins.values())).shape[:2])
    head = pack.part == 0
    uv, triangles = pack.uv[head], pack.triangles[head]
    corners = np.zeros((len(uv) * 3, 3), np.float32)
    corners[:, 0], corners[:, 1] = (uv[..., 0] * width).ravel(), ((1 - uv[..., 1]) * height).ravel()
    owner = np.full((height, width), -1, np.int32)
    depth, first, second = (
        np.full((height, width), 9.0, np.float32),
        np.zeros((height, width), np.float32),
        np.zeros((height, width), np.float32),
    )
    plain = np.zeros((1, 4), np.uint8)
    order = np.arange(len(uv) * 3, dtype=np.int32).reshape(-1, 3)
    none = np.zeros(len(uv), np.int32)
    fill(
        corners,
        order,
        uv,
        none,
        plain,
        np.array([[0, 1, 1]], np.int64),
        np.zeros(1, np.int32),
        np.ones(1),
        False,
        depth,
        owner,
        first,
        second,
    )
    a, b = first[..., None], second[..., None]
    corner = pack.base[triangles[np.maximum(owner, 0)]]
    found = corner[:, :, 0] * a + corner[:, :, 1] * b + corner[:, :, 2] * (1 - a - b)
    hole = (owner < 0).astype(np.uint8)
    # Texels just outside the island are read by bilinear filtering: give them their nearest neighbour's place.
    _, nearest = cv2.distanceTransformWithLabels(hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros((nearest.max() + 1, 3), np.float32)
    table[nearest[hole == 0]] = found[hole == 0]
    out = np.asarray(np.where(hole[:, :, None] > 0, table[nearest], found), np.float32)
    out.setflags(write=False)
    return out


@lru_cache(maxsize=1)
def lips() -> Floats:
    """Lip mask (h, w) 0-1 on the head skin's texels."""
    height, width = positions().shape[:2]
    return np.asarray(cv2.resize(load().lips, (width, height), interpolation=cv2.INTER_LINEAR) / 255.0, np.float32)
