"""The light of a coloured screen on a captured face, added after the drawing.

Light adds up: a frame under any colour is the frame without the screen plus that colour's share of what a white screen
adds, in linear light and channel by channel. So each frame is drawn twice, and every colour sequence costs only
arithmetic. A camera's white balance and exposure are held, as `capture` holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes
from semblance.synthetic_people.capture import ACTIONS, FRAME_MS, POSES, Frame, frame_scene, settings, shoot
from semblance.synthetic_people.model import build
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.relight import Tint, under
from semblance.synthetic_people.scenes import change

WHITE = 0.5
"""What a white screen adds, in the renderer's linear light; a room's key light is about 1 to 2. At 0.35 m a telephone
gives a face some 30 to 80 lx, an office 300 to 500 lx."""


@dataclass(frozen=True)
class Lit:
    """One moment, twice: `dark` without the screen's light and `white` under a white screen; (240, 320, 3) sRGB."""

    dark: Frame
    white: Bytes


def lit(frames: Sequence[Lit], tint: Tint, *, strength: float = 1.0, lag_ms: int = 0) -> list[Frame]:
    """The frames as a camera sees them while the screen shows `tint`, `lag_ms` late."""
    shown = [(moment, tint(max(0, moment.dark.at_ms - lag_ms))) for moment in frames]
    return [
        replace(moment.dark, pixels=under(moment.dark.pixels, moment.white, colour, strength), screen=colour)
        for moment, colour in shown
    ]


def film(who: Person, seed: int, challenge: Sequence[str] = ACTIONS) -> list[Lit]:
    """What `capture(who, seed, challenge)` draws and then a second of holding still, each frame with its twin under a
    white screen: the same pose, grain and exposure. Raises ValueError for an action that is not in ACTIONS."""
    if unknown := [a for a in challenge if a not in ACTIONS]:
        raise ValueError(f"unknown actions {unknown}; known are {', '.join(ACTIONS)}")
    cv2.setNumThreads(1)
    return list(_moments(who, seed, challenge))


def _moments(who: Person, seed: int, challenge: Sequence[str]) -> Iterator[Lit]:
    base = settings(who, seed)
    resting = build(who, change(base, yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0))
    rng = np.random.default_rng([seed, who.seed, 0xCB])
    middle: float | None = None
    drift, at_ms = np.zeros(2), 0
    for number, (action, pose) in enumerate((a, p) for a in ("rest", *challenge, "hold") for p in POSES[a]):
        drift = drift * 0.8 + rng.normal(0, 0.015, 2)
        own = frame_scene(base, pose, rng, drift)
        dark, middle = shoot(who, own, resting, screen=None, middle=middle, number=number)
        white, _ = shoot(who, own, resting, screen=(WHITE, WHITE, WHITE), middle=middle, number=number)
        yield Lit(replace(dark, at_ms=at_ms, action=action), white.pixels)
        at_ms += FRAME_MS + int(rng.integers(-12, 13))
