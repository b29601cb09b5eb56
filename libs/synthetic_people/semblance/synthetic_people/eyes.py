"""Eyeballs: own spheres with a painted iris. No texture or mesh of anybody else's."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats, Ints, load
from semblance.synthetic_people.people import Person

RINGS, SPOKES = 12, 20
IRIS_RADIANS = 0.5
"""Half angle of the iris seen from the eye's centre: 5.9 mm on a 12 mm radius, widened a little for the sphere being
shrunk."""
SIZE_PX = 96


@lru_cache(maxsize=1)
def ball() -> tuple[Floats, Ints, Floats]:
    """Unit sphere looking along +z, with a bulge for the cornea: vertices (n, 3), triangles, corner uv (iris
    centred)."""
    polar = np.linspace(0, np.pi * 0.62, RINGS)
    around = np.linspace(0, 2 * np.pi, SPOKES, endpoint=False)
    grid = np.stack(
        [
            np.outer(np.sin(polar), np.cos(around)),
            np.outer(np.sin(polar), np.sin(around)),
            np.outer(np.cos(polar), np.ones(SPOKES)),
        ],
        -1,
    )
    grid *= (1 + 0.05 * np.clip(1 - polar / 0.5, 0, 1))[:, None, None]
    radius = (polar / polar[-1])[:, None]
    coordinates = np.stack([0.5 + 0.5 * radius * np.cos(around), 0.5 + 0.5 * radius * np.sin(around)], -1)
    triangles = []
    for r in range(RINGS - 1):
        for s in range(SPOKES):
            a, b, c, d = (
                r * SPOKES + s,
                r * SPOKES + (s + 1) % SPOKES,
                (r + 1) * SPOKES + s,
                (r + 1) * SPOKES + (s + 1) % SPOKES,
            )
            triangles += [[a, c, b], [b, c, d]]
    index = np.array(triangles, np.int32)
    return grid.reshape(-1, 3).astype(np.float32), index, coordinates.reshape(-1, 2).astype(np.float32)[index]


@lru_cache(maxsize=8)
def iris_of(of: Person) -> Bytes:
    """RGBA eyeball texture (96, 96, 4): white with faint veins, limbal ring, streaked iris, pupil."""
    rng = np.random.default_rng([of.seed, 0xE1E])
    y, x = (np.mgrid[0:SIZE_PX, 0:SIZE_PX] + 0.5) / SIZE_PX * 2 - 1
    angle = np.hypot(x, y) * np.pi * 0.62 / IRIS_RADIANS
    turn = np.arctan2(y, x)
    streaks = sum(np.cos(turn * k + rng.uniform(0, 6.3)) * rng.uniform(0.3, 1) for k in (7, 11, 17, 23, 31)) / 3
    colour = np.asarray(of.eye_rgb)[None, None] * (1 + 0.35 * streaks[..., None] * np.clip(angle, 0, 1)[..., None])
    inner = np.array([0.22, 0.11, 0.04]) * 0.8
    collar = np.exp(-(((angle - 0.48) / 0.14) ** 2))[..., None] * 0.4
    colour = colour * (1 - collar) + inner * collar
    colour *= (1 - 0.75 * np.exp(-(((angle - 1.0) / 0.10) ** 2)))[..., None]
    pupil = np.clip((angle - float(rng.uniform(0.34, 0.46))) / 0.05, 0, 1)[..., None]
    colour = colour * pupil + 0.004 * (1 - pupil)
    white = np.array([0.46, 0.43, 0.41]) * (1 - 0.18 * np.clip(angle / 2.6 - 0.5, 0, 1))[..., None]
    white = white * (1 - np.array([0.0, 0.12, 0.12]) * np.clip(angle / 2.2 - 0.6, 0, 1)[..., None])
    edge = np.clip((angle - 1.0) / 0.08, 0, 1)[..., None]
    linear = colour * (1 - edge) + white * edge
    image = (np.clip(linear, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    return np.dstack([cv2.flip(image, 0), np.full((SIZE_PX, SIZE_PX), 255, np.uint8)])


def socket(vertices: Floats, ids: Ints) -> tuple[Floats, float]:
    """Centre and radius of one eyeball, from the body's helper vertices. The helper bulges at the cornea, hence the
    back-set centre."""
    points = vertices[ids]
    low, high = points.min(0), points.max(0)
    radius = float(high[0] - low[0] + high[1] - low[1]) / 4
    centre = (low + high) / 2
    centre[2] = low[2] + radius
    return np.asarray(centre, np.float32), radius * 1.01


def turned(gaze_x_deg: float, gaze_y_deg: float) -> Floats:
    """Rotation (3, 3) of an eyeball: x turns to the person's left, y looks down."""
    a, b = np.radians(gaze_x_deg), np.radians(gaze_y_deg)
    yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return np.asarray(yaw @ pitch, np.float32)


def sockets(vertices: Floats) -> tuple[tuple[Floats, float], tuple[Floats, float]]:
    """(centre, radius) of the person's left and right eye."""
    pack = load()
    return socket(vertices, pack.left_eye), socket(vertices, pack.right_eye)
