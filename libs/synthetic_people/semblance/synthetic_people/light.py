"""One key light and eight sky lights, each with its own shadow map: cheap soft light with ambient occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semblance.synthetic_people.assets import Floats, Ints
from semblance.synthetic_people.geometry import Geometry
from semblance.synthetic_people.people import Rgb
from semblance.synthetic_people.rasterise import fill
from semblance.synthetic_people.scenes import Scene

SKY_LIGHTS = 8
KEY_MAP, SKY_MAP = 256, 96
FIELD = 5.2
"""Width in decimetres of what a shadow map sees."""
SCREEN = np.array([0.0, -0.15, 0.98868600])
"""Towards a telephone held a little below the eyes."""
GOLDEN = np.pi * (3 - 5**0.5)


@dataclass(frozen=True)
class Lamps:
    directions: NDArray[np.float64]
    colours: NDArray[np.float64]
    maps: Floats
    matrices: NDArray[np.float64]
    sizes: Ints
    ambient: NDArray[np.float64]


def sky(scene: Scene) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Directions on a spiral over the upper and front hemisphere, brighter above."""
    rng = np.random.default_rng([scene.seed, 0x11])
    directions, colours = [], []
    colour = np.asarray(scene.light.sky)
    for i in range(SKY_LIGHTS):
        y = 1 - (i + 0.5) / SKY_LIGHTS * 1.5
        ring, turn = np.sqrt(max(0.0, 1 - y * y)), i * GOLDEN + rng.random()
        z = np.sin(turn) * ring
        direction = np.array([np.cos(turn) * ring, y, abs(z) if i % 3 else z])
        directions.append(direction / np.linalg.norm(direction))
        colours.append(colour * (0.55 + 0.45 * y) * 2.0 / SKY_LIGHTS * np.exp(rng.normal(0, 0.25)))
    return directions, colours


def lamps(
    of: Geometry, scene: Scene, aim: Floats, *, field: float = FIELD, key_map: int = KEY_MAP, screen: Rgb | None = None
) -> Lamps:
    """Lights of a scene with their shadow maps of this geometry, centred on aim (3,). field is how wide the maps see,
    in decimetres; screen adds the light of a display held in front of the face, as in a capture that flashes
    colours."""
    azimuth, rise = np.radians(scene.light.azimuth_deg), np.radians(scene.light.elevation_deg)
    key = np.array([np.sin(azimuth) * np.cos(rise), np.sin(rise), np.cos(azimuth) * np.cos(rise)])
    around, colours = sky(scene)
    if screen is not None:
        around, colours = [*around, SCREEN], [*colours, np.asarray(screen)]
    directions = np.array([key, *around])
    count = len(directions)
    sizes = np.array([key_map] + [SKY_MAP] * len(around), np.int32)
    maps = np.full((count, key_map, key_map), 1e9, np.float32)
    matrices = np.zeros((count, 3, 4))
    owner = np.zeros((key_map, key_map), np.int32)
    first, second = np.zeros((key_map, key_map), np.float32), np.zeros((key_map, key_map), np.float32)
    for k, direction in enumerate(directions):
        x = np.cross(-direction, [0.1, 1, 0.05])
        x /= np.linalg.norm(x)
        y = np.cross(x, -direction)
        size, scale = int(sizes[k]), sizes[k] / field
        matrices[k, :, :3] = x * scale, y * scale, -direction
        matrices[k, :2, 3] = size / 2 - x @ aim * scale, size / 2 - y @ aim * scale
        seen = (of.vertices @ matrices[k, :, :3].T + matrices[k, :, 3]).astype(np.float32)
        fill(
            seen,
            of.triangles,
            of.uv,
            of.material,
            of.atlas,
            of.layout,
            of.cut,
            of.gain,
            False,
            maps[k, :size, :size],
            owner[:size, :size],
            first[:size, :size],
            second[:size, :size],
        )
    ambient = np.asarray(scene.light.sky) * 0.22
    return Lamps(directions, np.array([scene.light.key, *colours]), maps, matrices, sizes, ambient)
