"""Short hair and beards as fur: copies of the skin pushed outwards, each more transparent (Lengyel et al. 2001,
"Real-time fur")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semblance.synthetic_people import regions
from semblance.synthetic_people.assets import Bytes, Floats, Ints, load
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.skin import noise

LENGTH = {
    "cropped": 0.05,
    "curly": 0.26,
    "receding": 0.06,
    "short": 0.055,
    "goatee": 0.09,
    "full": 0.17,
    "moustache": 0.06,
}
"""How far the outermost shell stands off the skin, in decimetres."""
LAYERS = 5


@dataclass(frozen=True)
class Fur:
    """triangles (t, 3) of the body that carry hair, their corner uv, RGBA texture whose alpha is the density, length
    in decimetres."""

    triangles: Ints
    uv: Floats
    texture: Bytes
    length: float


def density(style: str, p: Floats) -> Floats:
    if style in ("cropped", "curly"):
        return regions.scalp(p, -0.05)
    if style == "receding":
        return np.asarray(regions.scalp(p, 1.0) * 0.9, np.float32)
    return regions.beard(p, style)


@lru_cache(maxsize=16)
def fur_of(of: Person, style: str) -> Fur:
    """Shell hair of one style on this person; the geometry is taken from the body at render time."""
    pack = load()
    head = pack.part == 0
    triangles, uv = pack.triangles[head], pack.uv[head]
    carried = density(style, pack.base)[triangles].max(1) > 0.02
    p = regions.positions()
    rng = np.random.default_rng([of.skin.seed, len(style)])
    shape = (p.shape[0], p.shape[1])
    curl = style == "curly"
    strands = 0.6 * noise(rng, shape, 5.0 if curl else 1.0) + 0.4 * noise(rng, shape, 1.5 if curl else 2.5)
    cover = density(style, p)
    if style in ("goatee", "short", "full", "moustache"):
        cover = cover * (1 - np.clip(1.5 * regions.lips(), 0, 1))
    alpha = np.clip(cover * (0.85 + 0.35 * strands), 0, 1)
    luminance = np.clip(128 + 26 * strands, 20, 255).astype(np.uint8)
    texture = np.dstack([luminance, luminance, luminance, (alpha * 255).astype(np.uint8)])
    return Fur(triangles[carried], uv[carried], np.ascontiguousarray(texture), LENGTH[style])


def layers(vertices: Floats, normals: Floats, length: float, droop: float) -> list[tuple[Floats, float]]:
    """(vertices, alpha gain) of each shell from the inside out; hair droops as it grows."""
    out: list[tuple[Floats, float]] = []
    for k in range(1, LAYERS + 1):
        far = k / LAYERS
        moved = vertices + normals * np.float32(length * far)
        moved[:, 1] -= np.float32(droop * length * far * far)
        out.append((moved.astype(np.float32), 1.25 - 0.75 * far))
    return out
