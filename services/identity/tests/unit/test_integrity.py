"""Times and small copies of frames: is it a film?"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from semblance.identity.domain.illumination import ScreenColour
from semblance.identity.domain.integrity import Look, is_even, is_looped
from semblance.identity.domain.liveness import Advice, Reading
from semblance.identity.domain.verdict import frame_faults
from semblance.identity.main import rules_of
from semblance.identity.settings import IdentitySettings

RULES = rules_of(IdentitySettings()).capture.integrity
DICE = np.random.default_rng(1)


def moving(count: int) -> list[Look]:
    """A bright disc that wanders, never twice the same way."""
    y, x = np.mgrid[0:24, 0:32]
    out = []
    for k in range(count):
        cx, cy = 16 + 9 * np.sin(k * 0.7) + 0.4 * k, 12 + 5 * np.cos(k * 0.45)
        disc = 200.0 * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 30)
        out.append(np.repeat(disc[:, :, None], 3, 2).astype(np.float32))
    return out


MOVING = [0.2] * 60


def again(looks: list[Look], noise: float = 1.0) -> list[Look]:
    return [(look + DICE.normal(0, noise, look.shape)).astype(np.float32) for look in looks]


@pytest.mark.parametrize("gap_ms", [60, 110, 140, 240])
def test_a_cameras_rates_are_plausible(gap_ms: int) -> None:
    assert is_even([k * gap_ms for k in range(20)], RULES)


@pytest.mark.parametrize(
    "times",
    [
        [k * 2 for k in range(40)],
        [k * 40 for k in range(40)],
        [k * 400 for k in range(20)],
        [*range(0, 1000, 100), *range(3000, 4000, 100)],
    ],
)
def test_bursts_slide_shows_and_gaps_are_not(times: list[int]) -> None:
    assert not is_even(times, RULES)


def test_a_movement_that_comes_back_to_the_pixel_is_a_loop() -> None:
    film = moving(24)
    assert not is_looped(film, MOVING, RULES)
    assert is_looped([*film[:10], *again(film[:10])], MOVING, RULES)
    assert is_looped([*film, *again(film[5:10])], MOVING, RULES)


def test_sitting_still_is_no_loop() -> None:
    still = moving(1) * 20
    assert not is_looped(again(still, noise=0.3), [0.01] * 20, RULES)
    assert not is_looped(moving(7), MOVING, RULES)


def test_the_screens_colours_come_back_on_who_sits_still() -> None:
    still, glow = moving(1)[0], np.array([60.0, 0, 0], np.float32)
    lit = [still * (1 + glow / 255) if k // 3 % 2 else still for k in range(24)]
    assert not is_looped(again(lit), [0.02] * 24, RULES)


def test_each_fault_has_its_advice() -> None:
    readings = [
        Reading(at_ms=k * 140, digest=str(k), faces=1, look=look, face_width_px=100.0, eyes_x_px=100.0 + k % 9 * 15)
        for k, look in enumerate(moving(20))
    ]
    colours = (ScreenColour("#ff0000", 400), ScreenColour("#0000ff", 400))
    assert frame_faults(readings, colours, RULES) == []
    assert frame_faults(readings[:5], colours, RULES) == [Advice.TOO_SHORT]
    slow = [dataclasses.replace(r, at_ms=r.at_ms * 3) for r in readings]
    assert frame_faults(slow, colours, RULES) == [Advice.UNEVEN]
    looped = [dataclasses.replace(r, look=readings[k % 9].look) for k, r in enumerate(readings)]
    assert frame_faults(looped, colours, RULES) == [Advice.REPEATED_FRAMES]
