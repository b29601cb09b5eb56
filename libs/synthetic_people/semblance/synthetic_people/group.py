"""Two to eight people in one picture, lit together so that they shade each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats
from semblance.synthetic_people.geometry import flatten
from semblance.synthetic_people.light import lamps
from semblance.synthetic_people.model import Model, build
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.portrait import expose, supersampling
from semblance.synthetic_people.scenes import Scene, change, scene
from semblance.synthetic_people.style import develop
from semblance.synthetic_people.truth import Truth, View, truth_of

FEWEST, MOST = 2, 8
SPACING = 3.0
"""Between neighbours' heads, in decimetres: people who pose together stand close."""
ROW_RISE, ROW_DEPTH = 2.3, 2.6
ASPECT = 0.62
"""Height of a group picture by its width."""
TALL_EYES = 7.3
FLOOR = 3.9
"""Nothing below this height may show: the clothes end there."""


@dataclass(frozen=True)
class GroupPicture:
    """pixels (height, width, 3) sRGB, and one truth for each person in the order they were given."""

    pixels: Bytes
    truths: tuple[Truth, ...]


def standing(model: Model) -> Floats:
    """Let the arms hang: the assets hold them out, which only a wide picture shows. New body vertices (v, 3)."""
    body = model.body.copy()
    for side in (1.0, -1.0):
        reach = np.clip((body[:, 0] * side - 1.45) / 0.5, 0, 1)
        reach = (reach * reach * (3 - 2 * reach))[:, None]
        shoulder = np.array([1.55 * side, 5.0, 0.0], np.float32)
        angle = np.radians(-38.0 * side)
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]], np.float32)
        body = body * (1 - reach) + ((body - shoulder) @ turn.T + shoulder) * reach
    return np.asarray(body, np.float32)


def moved(model: Model, by: Floats) -> Model:
    """The same person standing elsewhere. Parts that share vertices go on sharing them."""
    shifted: dict[int, Floats] = {}
    for part in model.parts:
        if id(part.vertices) not in shifted:
            shifted[id(part.vertices)] = (part.vertices + by).astype(np.float32)
    parts = [replace(part, vertices=shifted[id(part.vertices)]) for part in model.parts]
    return Model((model.body + by).astype(np.float32), model.rotation, (model.eyes[0] + by, model.eyes[1] + by), parts)


def places_of(count: int, rng: np.random.Generator) -> list[Floats]:
    """Where each stands: one row up to three people, then two rows with the back row higher and in the gaps."""
    front = count if count <= 3 else (count + 1) // 2
    out: list[Floats] = []
    for k in range(count):
        row, at, size = (0, k, front) if k < front else (1, k - front, count - front)
        x = (at - (size - 1) / 2) * SPACING * (1.0 if row == 0 else 1.05)
        depth = -row * ROW_DEPTH - (0.9 if (at % 2) and row == 0 else 0.0)
        out.append(
            np.array(
                [x + rng.normal(0, 0.12), row * ROW_RISE + rng.normal(0, 0.25), depth + rng.normal(0, 0.15)], np.float32
            )
        )
    return out


def camera_of(spots: Sequence[Floats], side: int) -> View:
    """A square view that holds everybody; the picture is its middle band."""
    points = np.array(spots)
    half = (points[:, 0].max() - points[:, 0].min()) / 2 + 2.0
    top = points[:, 1].max() + 9.2
    half = max(half, (top - FLOOR) / 2 / ASPECT)
    aim = np.array([points[:, 0].mean(), FLOOR + half * ASPECT, 0.5])
    distance = 5.5 * half
    basis = np.stack([np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, -1.0])], 1)
    return View(aim + np.array([0, 0, distance]), basis, side / 2 / (half / distance), aim, side)


def group(people: Sequence[Person], seed: int, width_px: int = 768, **overrides: Any) -> GroupPicture:
    """All of `people` in one place. Overrides go to every person's scene. Raises ValueError outside 2 to 8 people."""
    if not FEWEST <= len(people) <= MOST:
        raise ValueError(f"a group has {FEWEST} to {MOST} people, not {len(people)}")
    cv2.setNumThreads(1)
    rng = np.random.default_rng([seed, 0x6A])
    spots = places_of(len(people), rng)
    scenes: list[Scene] = []
    models: list[Model] = []
    first = scene(people[0], seed, **({"style": "photo"} | overrides))
    for who, spot in zip(people, spots, strict=True):
        own = scene(who, seed * 31 + who.seed, **({"style": "photo", "place": first.place} | overrides))
        own = change(
            own,
            yaw_deg=round(own.yaw_deg * 0.5 - float(spot[0]) * 2.5, 2),
            pitch_deg=own.pitch_deg * 0.5,
            light=first.light,
            finish=first.finish,
        )
        built = build(who, own, standing)
        scenes.append(own)
        # Some are tall, some short, but nobody vanishes behind the lower edge.
        lift = np.array([0, TALL_EYES * 0.6 - built.eyes[0][1] * 0.6, 0], np.float32)
        models.append(moved(built, spot + lift))
    samples = supersampling(width_px)
    view = camera_of(spots, width_px * samples)
    geometry = flatten([part for model in models for part in model.parts])
    wide = float(np.ptp([s[0] for s in spots])) + 6.0
    light = lamps(geometry, first, np.array([view.aim[0], 7.0, 0.0]), field=wide, key_map=512)
    shot = expose(geometry, first, view, light, backdrop=seed, size_px=width_px)
    whole = develop(shot.image, width_px, first.finish, np.random.default_rng([seed, 0xF2]))
    height = int(width_px * ASPECT) // 2 * 2
    top = (width_px - height) // 2
    truths = tuple(
        lowered(truth_of(who, own, model, view, shot.depth, samples=samples), top)
        for who, own, model in zip(people, scenes, models, strict=True)
    )
    return GroupPicture(np.ascontiguousarray(whole[top : top + height]), truths)


def lowered(truth: Truth, rows: int) -> Truth:
    """Truth after `rows` were cut off the top."""
    x, y, w, h = truth.box_px
    return replace(
        truth,
        box_px=(x, round(y - rows, 2), w, h),
        landmarks_px=tuple((px, round(py - rows, 2)) for px, py in truth.landmarks_px),
    )
