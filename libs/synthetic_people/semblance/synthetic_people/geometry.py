"""A model as flat arrays, the form that the rasteriser reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semblance.synthetic_people.assets import Bytes, Floats, Ints
from semblance.synthetic_people.model import Part


@dataclass(frozen=True)
class Geometry:
    """All parts of a model as flat arrays for the rasteriser; table holds one row a material."""

    vertices: Floats
    normals: Floats
    triangles: Ints
    uv: Floats
    material: Ints
    atlas: Bytes
    layout: NDArray[np.int64]
    cut: Ints
    gain: NDArray[np.float64]
    skin: NDArray[np.bool_]
    tint: NDArray[np.float64]
    gloss: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    wrap: NDArray[np.float64]
    relative: NDArray[np.float64]
    mean: NDArray[np.float64]


def flatten(parts: list[Part]) -> Geometry:
    """Join the parts. Parts that share a vertex array share it here too."""
    places: dict[int, int] = {}
    vertices, normals, triangles, layout, texels = [], [], [], [], []
    at = texel = 0
    textures: dict[int, int] = {}
    for part in parts:
        if id(part.vertices) not in places:
            places[id(part.vertices)] = at
            vertices.append(part.vertices)
            normals.append(part.normals)
            at += len(part.vertices)
        triangles.append(part.triangles + places[id(part.vertices)])
        if id(part.texture) not in textures:
            textures[id(part.texture)] = texel
            texels.append(part.texture.reshape(-1, 4))
            texel += len(texels[-1])
        layout.append((textures[id(part.texture)], part.texture.shape[1], part.texture.shape[0]))
    materials = [part.material for part in parts]
    return Geometry(
        np.concatenate(vertices),
        np.concatenate(normals),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate([part.uv for part in parts]),
        np.repeat(np.arange(len(materials), dtype=np.int32), [len(part.triangles) for part in parts]),
        np.concatenate(texels),
        np.array(layout, np.int64),
        np.array([m.cut for m in materials], np.int32),
        np.array([m.gain for m in materials]),
        np.array([m.skin for m in materials]),
        *(
            np.array([getattr(m, name) for m in materials], np.float64)
            for name in ("tint", "gloss", "sharpness", "wrap", "relative", "mean")
        ),
    )
