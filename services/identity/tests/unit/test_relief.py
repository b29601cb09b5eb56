"""What the screen's light does to a face, and what somebody may do to a picture of one."""

from __future__ import annotations

import random

import numpy as np
import pytest

from semblance.identity.domain.illumination import draw_colours, lasts_ms, shown_at
from semblance.identity.domain.relief import GRID, Patched, relief_beyond_a_picture
from semblance.identity.settings import IdentitySettings

LEAST = IdentitySettings().light_relief
COLOURS = draw_colours(random.Random(3).randrange)
SKIN = np.array([0.4, 0.25, 0.18])
DRAWN = np.random.default_rng(1)
FACE = SKIN * DRAWN.uniform(0.5, 1.0, (GRID, GRID, 1))
TURNED_TO_THE_SCREEN = np.linspace(0.02, 0.3, GRID)[None, :, None]
TIMES = tuple(range(0, lasts_ms(COLOURS), 110))


def screen(at_ms: int) -> np.ndarray:
    return np.array(shown_at(COLOURS, at_ms - 75).light)


def noisy(light: np.ndarray, seed: int) -> np.ndarray:
    return (light * np.random.default_rng(seed).normal(1, 0.004, light.shape)).astype(np.float32)


def filmed(answer: np.ndarray, *, bright: float = 1.0) -> float | None:
    """A face that answers the screen like this, spot by spot."""
    frames = [Patched(t, noisy(bright * FACE * (1 + answer * screen(t)), t)) for t in TIMES]
    return relief_beyond_a_picture(frames, COLOURS, 75)


def swapped(seed: int, *, moved: bool = False) -> float | None:
    """A picture of a face, each channel's brightness and contrast set anew for each frame to follow the screen."""
    dice, frames = np.random.default_rng(seed), []
    for t in TIMES:
        picture = FACE ** (1 / 2.2)
        contrast = 1 + 0.05 * screen(t) + dice.normal(0, 0.02, 3)
        seen = picture.mean((0, 1)) + (picture - picture.mean((0, 1))) * contrast + 0.05 * screen(t)
        if moved:
            across, down = dice.normal(0, 0.1, 2)
            by_row, by_column = np.gradient(seen, axis=(0, 1))
            seen = seen + across * by_column + down * by_row
        frames.append(Patched(t, noisy(seen**2.2, t)))
    return relief_beyond_a_picture(frames, COLOURS, 75)


def test_light_that_falls_on_something_round_is_beyond_a_picture() -> None:
    found = filmed(TURNED_TO_THE_SCREEN)
    assert found is not None
    assert found > 2 * LEAST


def test_light_that_falls_alike_everywhere_is_not() -> None:
    found = filmed(np.full((1, GRID, 1), 0.15))
    assert found is not None
    assert found < LEAST / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("moved", [False, True])
def test_a_swapped_face_may_follow_in_brightness_contrast_and_place(seed: int, moved: bool) -> None:
    found = swapped(seed, moved=moved)
    assert found is not None
    assert found < LEAST


def test_what_cannot_be_judged_is_told_apart_from_what_is_flat() -> None:
    assert filmed(TURNED_TO_THE_SCREEN, bright=12.0) is None  # overexposed
    assert filmed(np.zeros((1, 1, 1))) is None  # no answer
    few = [Patched(t, FACE.astype(np.float32)) for t in TIMES[:7]]
    assert relief_beyond_a_picture(few, COLOURS, 75) is None
