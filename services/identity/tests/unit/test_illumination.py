"""Colours and their echo on a face, over made-up light."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence

import pytest

from semblance.identity.domain.illumination import (
    COLOURS,
    Glow,
    ScreenColour,
    draw_colours,
    echo,
    lasts_ms,
    shown_at,
)
from semblance.identity.domain.liveness import Advice, Reading
from semblance.identity.domain.verdict import light_faults
from semblance.identity.main import rules_of
from semblance.identity.settings import IdentitySettings

RULES = rules_of(IdentitySettings()).capture.light
SHOWN = tuple(
    ScreenColour(COLOURS[k], ms) for k, ms in zip((0, 1, 5, 2, 3, 4, 0, 2), (350, 450, 400) * 3, strict=False)
)


def faces(shown: Sequence[ScreenColour], *, lag_ms: int = 100, share: float = 0.1, gap_ms: int = 110) -> list[Glow]:
    """Skin under a room's light and a share of the screen's, every `gap_ms`."""
    frames = []
    for at_ms in range(0, lasts_ms(shown) + 400, gap_ms):
        light = shown_at(shown, at_ms - lag_ms).light
        red, green, blue = (skin * (1 + share * c) for skin, c in zip((0.4, 0.25, 0.2), light, strict=True))
        frames.append(Glow(at_ms, (red, green, blue), (0.3, 0.3, 0.3)))
    return frames


def readings(frames: Sequence[Glow]) -> list[Reading]:
    return [
        Reading(at_ms=f.at_ms, digest=str(f.at_ms), faces=1, face_width_px=100.0, skin=f.face, back=f.back)
        for f in frames
    ]


def times(light: tuple[float, float, float], gains: Sequence[float]) -> tuple[float, float, float]:
    red, green, blue = (c * gain for c, gain in zip(light, gains, strict=True))
    return red, green, blue


def test_colours_never_repeat_at_once_and_are_hard_to_guess() -> None:
    dice = random.Random(1)
    drawn = [draw_colours(dice.randrange) for _ in range(500)]
    assert len({tuple(c.colour for c in colours) for colours in drawn}) > 490
    assert all(a.colour != b.colour for colours in drawn for a, b in itertools.pairwise(colours))
    assert max(lasts_ms(colours) for colours in drawn) <= 3600


def test_no_colour_is_shorter_than_three_flashes_a_second_allow() -> None:
    dice = random.Random(2)
    assert all(c.for_ms * 2 > 1000 / 3 for c in draw_colours(dice.randrange))


@pytest.mark.parametrize("lag_ms", [0, 60, 150, 280])
def test_a_face_that_follows_late_by_a_constant_time_passes(lag_ms: int) -> None:
    assert light_faults(readings(faces(SHOWN, lag_ms=lag_ms)), SHOWN, RULES) == []
    assert abs(echo(faces(SHOWN, lag_ms=lag_ms), SHOWN, 300).lag_ms - lag_ms) <= 50


def test_too_late_is_wrong() -> None:
    assert light_faults(readings(faces(SHOWN, lag_ms=650)), SHOWN, RULES) != []


def test_another_order_is_wrong() -> None:
    for other in itertools.islice(itertools.permutations(SHOWN), 1, 2000, 97):
        if sum(a.colour == b.colour for a, b in zip(other, SHOWN, strict=True)) < 4:
            assert light_faults(readings(faces(other)), SHOWN, RULES) != [], other


def test_exposure_and_white_balance_of_the_whole_picture_do_not_matter() -> None:
    dice = random.Random(3)
    changed = []
    for f in faces(SHOWN):
        gains = [dice.uniform(0.7, 1.3) for _ in range(3)]
        changed.append(dataclasses.replace(f, face=times(f.face, gains), back=times(f.back, gains)))
    assert light_faults(readings(changed), SHOWN, RULES) == []


def test_a_picture_that_is_tinted_as_a_whole_shows_nothing() -> None:
    tinted = []
    for f in faces(SHOWN, share=0.0):
        gains = [1 + 0.3 * c for c in shown_at(SHOWN, f.at_ms).light]
        tinted.append(dataclasses.replace(f, face=times(f.face, gains), back=times(f.back, gains)))
    assert light_faults(readings(tinted), SHOWN, RULES) == [Advice.LIGHT_UNSEEN]


def test_light_that_only_the_pose_changes_is_no_echo() -> None:
    swung = [
        dataclasses.replace(f, face=times(f.face, (1 + yaw / 100, 1.0, 1 - yaw / 100)), yaw_deg=yaw)
        for f, yaw in zip(faces(SHOWN, share=0.0), itertools.cycle([0.0, 10.0, 25.0, 10.0, 0.0, -20.0]), strict=False)
    ]
    assert echo(swung, SHOWN, 300).agreement < RULES.agreement


def test_faint_light_is_told_apart_from_wrong_light() -> None:
    assert light_faults(readings(faces(SHOWN, share=0.001)), SHOWN, RULES) == [Advice.LIGHT_UNSEEN]
    assert light_faults(readings(faces(tuple(reversed(SHOWN)))), SHOWN, RULES) == [Advice.WRONG_LIGHT]


def test_a_few_frames_show_no_light() -> None:
    assert light_faults(readings(faces(SHOWN)[:7]), SHOWN, RULES) == [Advice.LIGHT_UNSEEN]
    assert light_faults([dataclasses.replace(r, faces=0) for r in readings(faces(SHOWN))], SHOWN, RULES) != []
