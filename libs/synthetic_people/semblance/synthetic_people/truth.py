"""What is known about a picture because we drew it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from semblance.synthetic_people import regions
from semblance.synthetic_people.assets import Floats, Ints, load
from semblance.synthetic_people.model import Model
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.scenes import Scene

POINTS = ("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner")
"""Order of the landmarks, the same as YuNet's; right and left are the person's own."""
BEHIND = 0.10
"""A point that lies this much (decimetres) behind what was drawn is hidden."""


@dataclass(frozen=True)
class View:
    """Pinhole camera: eye (3,), basis (3, 3) as columns right, up, forward, focal length in pixels, aim (3,), side in
    pixels."""

    eye: Floats
    basis: Floats
    focal: float
    aim: Floats
    side: int

    def project(self, points: Floats) -> Floats:
        """Pixel x, pixel y and depth (n, 3)."""
        seen = (points - self.eye) @ self.basis
        out = np.empty((len(seen), 3), np.float32)
        out[:, 0] = self.side / 2 + self.focal * seen[:, 0] / seen[:, 2]
        out[:, 1] = self.side / 2 - self.focal * seen[:, 1] / seen[:, 2]
        out[:, 2] = seen[:, 2]
        return out


@dataclass(frozen=True)
class Truth:
    """identity is the person's seed. landmarks_px (5, 2) in the order of POINTS and box_px (x, y, width, height) in
    the picture's pixels, both may reach outside it. occluded_0_1: share of the camera-facing face that hair, glasses,
    hat or beard cover."""

    identity: int
    scene_seed: int
    landmarks_px: tuple[tuple[float, float], ...]
    box_px: tuple[float, float, float, float]
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    occluded_0_1: float
    attributes: dict[str, str]


@dataclass(frozen=True)
class Marks:
    nose_tip: int
    mouth_right: int
    mouth_left: int
    face: Ints


@lru_cache(maxsize=1)
def marks() -> Marks:
    """Vertex ids on the base head: the nose tip, the lip corners (where the upper and lower lip meet) and the face
    from chin to hairline."""
    pack = load()
    p = pack.base
    on_head = np.zeros(len(p), bool)
    on_head[np.unique(pack.triangles[pack.part == 0])] = True
    nose = np.flatnonzero(on_head & (np.abs(p[:, 0]) < 0.005) & (p[:, 1] > 6.8) & (p[:, 1] < 7.1))
    lip = np.zeros(len(p), bool)
    lip[np.unique(pack.triangles[(pack.part == 0)][lips_at(pack.uv[pack.part == 0]).max(1) > 0.5])] = True
    mouth = np.flatnonzero(lip & on_head)
    face = np.flatnonzero(
        on_head
        & (p[:, 1] > 6.3)
        & (p[:, 1] < 7.85)
        & (p[:, 2] > 0.55)
        & (np.abs(p[:, 0]) < 0.8)
        & (regions.scalp(p) < 0.5)
        & (p[:, 2] > 1.0 - 0.6 * (p[:, 1] - 6.3))
    )
    return Marks(
        int(nose[p[nose, 2].argmax()]),
        int(mouth[p[mouth, 0].argmin()]),
        int(mouth[p[mouth, 0].argmax()]),
        face.astype(np.int32),
    )


def lips_at(uv: Floats) -> Floats:
    """Lip mask at texture coordinates (..., 2)."""
    mask = regions.lips()
    height, width = mask.shape
    x = np.clip((uv[..., 0] * width).astype(int), 0, width - 1)
    y = np.clip(((1 - uv[..., 1]) * height).astype(int), 0, height - 1)
    return np.asarray(mask[y, x], np.float32)


def occlusion(model: Model, view: View, depth: Floats) -> float:
    """Share of the face's camera-facing vertices that something else was drawn over."""
    ids = marks().face
    sight = view.eye - model.body[ids]
    towards = (sight * model.parts[0].normals[ids]).sum(1) > 0.1 * np.linalg.norm(sight, axis=1)
    points = view.project(model.body[ids[towards]])
    x, y = points[:, 0].astype(int), points[:, 1].astype(int)
    inside = (x >= 0) & (y >= 0) & (x < view.side) & (y < view.side)
    if not inside.any():
        return 1.0
    hidden = depth[y[inside], x[inside]] < points[inside, 2] - BEHIND
    return round(float(hidden.mean()), 4)


def attributes(who: Person, scene: Scene) -> dict[str, str]:
    return {
        "age": who.age_word,
        "sex": who.sex,
        "hair": who.hair.style,
        "hair_colour": who.hair.colour,
        "beard": who.hair.beard,
        "eyes": who.eye_colour,
        "glasses": "yes" if who.glasses else "no",
        "hat": scene.clothes.hat or "none",
        "expression": scene.expression,
        "place": scene.place,
        "style": scene.style,
    }


def truth_of(who: Person, scene: Scene, model: Model, view: View, depth: Floats, *, samples: int) -> Truth:
    """samples: supersampled pixels per output pixel, along one side."""
    m = marks()
    forward = model.rotation @ np.array([0, 0, 0.12], np.float32)
    points = np.stack(
        [
            model.eyes[1] + forward,
            model.eyes[0] + forward,
            model.body[m.nose_tip],
            model.body[m.mouth_right],
            model.body[m.mouth_left],
        ]
    )
    landmarks = view.project(points)[:, :2] / samples
    outline = view.project(model.body[m.face])[:, :2] / samples
    low = np.minimum(outline.min(0), landmarks.min(0))
    high = np.maximum(outline.max(0), landmarks.max(0))
    return Truth(
        identity=who.seed,
        scene_seed=scene.seed,
        landmarks_px=tuple((round(float(x), 2), round(float(y), 2)) for x, y in landmarks),
        box_px=(
            round(float(low[0]), 2),
            round(float(low[1]), 2),
            round(float(high[0] - low[0]), 2),
            round(float(high[1] - low[1]), 2),
        ),
        yaw_deg=scene.yaw_deg,
        pitch_deg=scene.pitch_deg,
        roll_deg=scene.roll_deg,
        occluded_0_1=occlusion(model, view, depth),
        attributes=attributes(who, scene),
    )
