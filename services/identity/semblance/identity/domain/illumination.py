"""Does the light on a face follow the colours that the screen was told to show, in order and in time?

Skin reflects the screen beside the room's light, so the ratios between its red, green and blue sway with the colour
shown. Ratios do not change with the exposure, and what a camera's white balance does to the whole picture is taken off
by the same ratios of the background: a picture that is tinted as a whole shows nothing. Source of the idea: "face
flashing", Tang et al., NDSS 2018. Not covered: an injected video in which only the face is tinted, to the second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COLOURS = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff")
"""Fully saturated, so that one channel or two carry all of the light."""
STEPS = 8
DURATIONS_MS = (350, 400, 450)
"""At most 2.9 changes a second: below the three flashes (two changes each) of WCAG 2.3.1."""
_LAG_STEP_MS = 25
_FEWEST_FRAMES = 8
_NOTHING = 1e-9
_DARKEST = 1e-4  # a black channel has no logarithm
Light = tuple[float, float, float]
Opponents = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScreenColour:
    """A full-screen colour ("#rrggbb") and how long it is shown."""

    colour: str
    for_ms: int

    @property
    def light(self) -> Light:
        """What it adds to the red, green and blue light on a face; 0 or 1 each."""
        red, green, blue = (int(self.colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        return red, green, blue


@dataclass(frozen=True)
class LightRules:
    """`agreement`: least correlation; `swing`: least sway of the log ratios; `lag_ms`: latest echo."""

    agreement: float
    swing: float
    lag_ms: int


@dataclass(frozen=True)
class Echo:
    """How well the face answered at the one delay that fits best. Never for a person.

    agreement: correlation with the colours shown, mean of two colour axes. swing: how much the log ratios
    sway at all, as a share of what a screen alone would make of them; the smaller of the two.
    """

    agreement: float = -1.0
    swing: float = 0.0
    lag_ms: int = 0


@dataclass(frozen=True)
class Glow:
    """One frame's mean linear red, green and blue of the face's skin and of the background, and the head's pose."""

    at_ms: int
    face: Light
    back: Light
    yaw_deg: float = 0.0
    lowered_widths: float = 0.0


def draw_colours(below: Callable[[int], int]) -> tuple[ScreenColour, ...]:
    """Colours in a random order with random durations, no two alike in a row. `below` as for `draw_challenge`."""
    drawn: list[ScreenColour] = []
    for _ in range(STEPS):
        left = [c for c in COLOURS if not drawn or c != drawn[-1].colour]
        drawn.append(ScreenColour(left[below(len(left))], DURATIONS_MS[below(len(DURATIONS_MS))]))
    return tuple(drawn)


def lasts_ms(colours: Sequence[ScreenColour]) -> int:
    """How long the whole sequence takes, once."""
    return sum(c.for_ms for c in colours)


def shown_at(colours: Sequence[ScreenColour], at_ms: int) -> ScreenColour:
    """The colour on the screen so long after the capture began; after the last comes the first again."""
    left = max(0, at_ms) % lasts_ms(colours)
    for shown in colours:
        if left < shown.for_ms:
            return shown
        left -= shown.for_ms
    return colours[-1]


def echo(frames: Sequence[Glow], colours: Sequence[ScreenColour], latest_ms: int) -> Echo:
    """The best answer over delays from 0 to `latest_ms`: screens, cameras and browsers take their time."""
    if len(frames) < _FEWEST_FRAMES:
        return Echo()
    poses = orthonormal([[1.0, f.yaw_deg / 30, (f.yaw_deg / 30) ** 2, f.lowered_widths] for f in frames])
    seen = without(poses, np.array([opponents(f.face) - opponents(f.back) for f in frames]))
    answers = []
    for lag in range(0, latest_ms + 1, _LAG_STEP_MS):
        expected = np.array([sways(shown_at(colours, f.at_ms - lag)) for f in frames])
        answers.append(_answer(seen, without(poses, expected), lag))
    return max(answers, key=lambda e: e.agreement)


def orthonormal(rows: list[list[float]]) -> Opponents:
    """Columns that span what is known of the head's pose; a row is a frame."""
    q, _ = np.linalg.qr(np.array(rows))
    return np.asarray(q)


def without(poses: Opponents, values: Opponents) -> Opponents:
    """What the head's pose does not explain: a room lights the two sides of a face in different colours."""
    return np.asarray(values - poses @ (poses.T @ values))


def _answer(seen: Opponents, expected: Opponents, lag_ms: int) -> Echo:
    shared, shown, found = ((a * b).sum(axis=0) for a, b in ((expected, seen), (expected, expected), (seen, seen)))
    if not (shown * found > _NOTHING).all():
        return Echo(lag_ms=lag_ms)
    return Echo(float((shared / np.sqrt(shown * found)).mean()), float(np.sqrt(found / shown).min()), lag_ms)


def opponents(light: npt.ArrayLike) -> Opponents:
    """Red against green, and blue against both, as differences of logarithms: free of exposure. light (..., 3)."""
    logs = np.log(np.maximum(_DARKEST, np.asarray(light, np.float64)))
    red, green, blue = logs[..., 0], logs[..., 1], logs[..., 2]
    return np.stack([red - green, blue - (red + green) / 2], axis=-1)


def sways(shown: ScreenColour) -> tuple[float, float]:
    """Which way a colour moves the two ratios, to first order."""
    red, green, blue = shown.light
    return red - green, blue - (red + green) / 2
