"""Somebody's photo library: the same face over a year of places, lights, clothes and moods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from semblance.synthetic_people.people import Person
from semblance.synthetic_people.portrait import Picture, render
from semblance.synthetic_people.scenes import PLACES, Scene, change, scene

MOODS = ("neutral", "smiling", "smiling", "laughing", "neutral", "smiling", "surprised", "neutral", "smiling", "sad")


@dataclass(frozen=True)
class Shot:
    scene: Scene
    picture: Picture


def scenes_of(who: Person, count: int, seed: int) -> list[Scene]:
    """Photo scenes that walk through the places in a random order; faces are turned at most 28 degrees and eyes are
    open."""
    rng = np.random.default_rng([seed, who.seed, 0x11B])
    places = [PLACES[i] for _ in range(count // len(PLACES) + 1) for i in rng.permutation(len(PLACES))]
    out: list[Scene] = []
    for k in range(count):
        made = scene(
            who, seed * 100_003 + k, style="photo", place=places[k], expression=MOODS[int(rng.integers(len(MOODS)))]
        )
        made = change(
            made,
            yaw_deg=round(float(np.clip(made.yaw_deg, -28, 28)), 2),
            blur_px=0.0,
            azimuth_deg=round(float(np.clip(made.light.azimuth_deg, -70, 70)), 2),
        )
        if made.clothes.hat and rng.random() < 0.6:
            made = change(made, hat="")
        out.append(made)
    return out


def photo_library(who: Person, count: int, seed: int, size_px: int = 512) -> Iterator[Shot]:
    """`count` photos of one person, drawn one by one."""
    for made in scenes_of(who, count, seed):
        yield Shot(made, render(who, made, size_px))
