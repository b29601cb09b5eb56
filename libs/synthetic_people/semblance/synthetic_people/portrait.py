"""Person + Scene -> pixels and truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from semblance.synthetic_people.assets import Bytes, Floats, Ints
from semblance.synthetic_people.background import background
from semblance.synthetic_people.geometry import Geometry, flatten
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


def view_of(model: Model, camera: Camera, side: int) -> View:
    """Pinhole camera in front of the face; side is the width of the square picture in pixels."""
    between = (model.eyes[0] + model.eyes[1]) / 2
    aim = between + np.array([camera.shift_x, camera.shift_y, -0.5])
    eye = aim + np.array([0, camera.rise, camera.distance])
    forward = (aim - eye) / np.linalg.norm(aim - eye)
    right = np.cross(forward, [0, 1, 0])
    right /= np.linalg.norm(right)
    return View(
        eye,
        np.stack([right, np.cross(right, forward), forward], 1),
        side / 2 / (camera.half_height / camera.distance),
        aim,
        side,
    )


def draw(geometry: Geometry, view: View, light: Lamps) -> tuple[Floats, Ints, Floats]:
    """Linear RGB (s, s, 3), material + 1 or 0 (s, s), and depth (s, s)."""
    side = view.side
    depth, owner = np.full((side, side), FAR, np.float32), np.full((side, side), -1, np.int32)
    first, second = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    g = geometry
    fill(
        view.project(g.vertices),
        g.triangles,
        g.uv,
        g.material,
        g.atlas,
        g.layout,
        g.cut,
        g.gain,
        True,
        depth,
        owner,
        first,
        second,
    )
    out, mask = np.zeros((side, side, 3), np.float32), np.zeros((side, side), np.int32)
    shade(
        *(g.vertices, g.normals, g.triangles, g.uv, g.material, g.atlas, g.layout),
        *(g.tint, g.gloss, g.sharpness, g.wrap, g.relative, g.mean, LINEAR, owner, first, second, view.eye),
        *(light.directions, light.colours, light.maps, light.matrices, light.sizes, light.ambient, out, mask),
    )
    return out, mask, depth


def supersampling(size_px: int) -> int:
    return 3 if size_px <= 160 else 2


@dataclass(frozen=True)
class Exposure:
    """An undeveloped picture: image (n, n, 3) sRGB, depth (s, s) at the supersampled size, and the skin luminance it
    was exposed for."""

    image: Bytes
    depth: Floats
    middle: float


def expose(
    geometry: Geometry,
    where: Scene,
    view: View,
    light: Lamps,
    *,
    backdrop: int,
    size_px: int,
    middle: float | None = None,
) -> Exposure:
    """Draw, put the place behind, and expose. backdrop seeds the place; a given `middle` holds the exposure, as in a
    video."""
    colour, mask, depth = draw(geometry, view, light)
    back = background(backdrop, where.place, size_px)
    work = size_px if where.style == "photo" or size_px > 160 else size_px * 2
    solid = (mask > 0).astype(np.float32)
    colour = cv2.resize(colour, (work, work), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(solid, (work, work), interpolation=cv2.INTER_AREA)[:, :, None]
    linear = colour + (back if work == size_px else cv2.resize(back, (work, work), interpolation=cv2.INTER_LINEAR)) * (
        1 - cover
    )
    if middle is None:
        skin = np.concatenate([[False], geometry.skin])[mask] & (depth < FAR)
        lit = lit_luminance(colour, skin, work)
        middle = float(np.median(lit)) if len(lit) else 0.26
    return Exposure(tone_map(linear, middle, where.finish, where.place == "at night"), depth, middle)


def render(who: Person, where: Scene, size_px: int = 128) -> Picture:
    """One portrait. The same arguments give the same pixels on the same machine and library versions."""
    cv2.setNumThreads(1)
    model = build(who, where)
    geometry = flatten(model.parts)
    samples = supersampling(size_px)
    view = view_of(model, where.camera, size_px * samples)
    light = lamps(geometry, where, view.aim)
    shot = expose(geometry, where, view, light, backdrop=where.seed * 7919 + who.seed, size_px=size_px)
    pixels = develop(shot.image, size_px, where.finish, np.random.default_rng([where.seed, who.seed, 0xF1]))
    return Picture(pixels, truth_of(who, where, model, view, shot.depth, samples=samples))


def lit_luminance(colour: Floats, skin: NDArray[np.bool_], work: int) -> Floats:
    """Mean channel of fully skin-covered pixels, for exposure."""
    share = cv2.resize(skin.astype(np.float32), (work, work), interpolation=cv2.INTER_AREA)
    return np.asarray(colour[share > 0.99].mean(1) if (share > 0.99).any() else np.zeros(0), np.float32)
