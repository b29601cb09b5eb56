"""Person + Scene -> pixels and truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.synthetic_people.assets import Bytes, Floats, Ints
from semblance.synthetic_people.background import background
from semblance.synthetic_people.light import Lamps, lamps
from semblance.synthetic_people.model import Model, build
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.rasterise import LINEAR, fill, shade
from semblance.synthetic_people.scenes import Camera, Scene
from semblance.synthetic_people.style import develop, tone_map
from semblance.synthetic_people.truth import Truth, View, truth_of

FAR = np.float32(1e9)


@dataclass(frozen=True)
class Picture:
    """pixels (size, size, 3) sRGB 0-255, and what is known about them."""

    pixels: Bytes
    truth: Truth


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


def flatten(model: Model) -> Geometry:
    """Join the parts. Parts that share a vertex array share it here too."""
    places: dict[int, int] = {}
    vertices, normals, triangles, layout, texels = [], [], [], [], []
    at = texel = 0
    textures: dict[int, int] = {}
    for part in model.parts:
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
    materials = [part.material for part in model.parts]
    return Geometry(
        np.concatenate(vertices),
        np.concatenate(normals),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate([part.uv for part in model.parts]),
        np.repeat(np.arange(len(materials), dtype=np.int32), [len(part.triangles) for part in model.parts]),
        np.concatenate(texels),
        np.array(layout, np.int64),
        np.array([m.cut for m in materials], np.int32),
        np.array([m.gain for m in materials]),
        np.array([m.skin for m in materials]),
        *(np.array([getattr(m, name) for m in materials], np.float64) for name in ("tint", "gloss", "sharpness", "wrap", "relative", "mean")),
    )


def view_of(model: Model, camera: Camera, side: int) -> View:
    """Pinhole camera in front of the face; side is the width of the square picture in pixels."""
    between = (model.eyes[0] + model.eyes[1]) / 2
    aim = between + np.array([camera.shift_x, camera.shift_y, -0.5])
    eye = aim + np.array([0, camera.rise, camera.distance])
    forward = (aim - eye) / np.linalg.norm(aim - eye)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    return View(eye, np.stack([right, np.cross(right, forward), forward], 1), side / 2 / (camera.half_height / camera.distance), aim, side)


def draw(geometry: Geometry, view: View, light: Lamps) -> tuple[Floats, Ints, Floats]:
    """Linear RGB (s, s, 3), material + 1 or 0 (s, s), and depth (s, s)."""
    side = view.side
    depth, owner = np.full((side, side), FAR, np.float32), np.full((side, side), -1, np.int32)
    first, second = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    g = geometry
    fill(view.project(g.vertices), g.triangles, g.uv, g.material, g.atlas, g.layout, g.cut, g.gain, True, depth, owner, first, second)
    out, mask = np.zeros((side, side, 3), np.float32), np.zeros((side, side), np.int32)
    shade(g.vertices, g.normals, g.triangles, g.uv, g.material, g.atlas, g.layout, g.tint, g.gloss, g.sharpness, g.wrap, g.relative, g.mean, LINEAR,
          owner, first, second, view.eye, light.directions, light.colours, light.maps, light.matrices, light.sizes, light.ambient, out, mask)  # fmt: skip
    return out, mask, depth


def supersampling(size_px: int) -> int:
    return 3 if size_px <= 160 else 2


def render(who: Person, where: Scene, size_px: int = 128) -> Picture:
    """One portrait. The same arguments give the same pixels on the same machine and library versions."""
    cv2.setNumThreads(1)
    model = build(who, where)
    geometry = flatten(model)
    samples = supersampling(size_px)
    view = view_of(model, where.camera, size_px * samples)
    light = lamps(geometry.vertices, geometry.triangles, geometry.uv, geometry.material, geometry.atlas, geometry.layout, geometry.cut, geometry.gain, where, view.aim)
    colour, mask, depth = draw(geometry, view, light)
    back = background(where.seed * 7919 + who.seed, where.place, size_px)
    work = size_px if where.style == "photo" or size_px > 160 else size_px * 2
    solid = (mask > 0).astype(np.float32)
    colour = cv2.resize(colour, (work, work), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(solid, (work, work), interpolation=cv2.INTER_AREA)[:, :, None]
    linear = colour + (back if work == size_px else cv2.resize(back, (work, work), interpolation=cv2.INTER_LINEAR)) * (1 - cover)
    lit = solid_skin(geometry, mask, depth)
    middle = float(np.median(out)) if len(out := lit_luminance(colour, lit, work)) else 0.26
    image = tone_map(linear, middle, where.finish, where.place == "at night")
    pixels = develop(image, size_px, where.finish, np.random.default_rng([where.seed, who.seed, 0xF1]))
    return Picture(pixels, truth_of(who, where, model, view, depth, samples))


def solid_skin(geometry: Geometry, mask: Ints, depth: Floats) -> NDArray[np.bool_]:
    return np.concatenate([[False], geometry.skin])[mask] & (depth < FAR)


def lit_luminance(colour: Floats, skin: NDArray[np.bool_], work: int) -> Floats:
    """Mean channel of fully skin-covered pixels, for exposure."""
    share = cv2.resize(skin.astype(np.float32), (work, work), interpolation=cv2.INTER_AREA)
    return np.asarray(colour[share > 0.99].mean(1) if (share > 0.99).any() else np.zeros(0), np.float32)
