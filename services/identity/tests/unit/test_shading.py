"""Where the screen's light falls: on round things, flat things, and on everything alike."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

import numpy as np
import pytest

from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.illumination import ScreenColour, draw_colours, lasts_ms, shown_at
from semblance.identity.domain.liveness import Advice, Reading
from semblance.identity.domain.shading import Shade, Shading, shading
from semblance.identity.domain.verdict import judge
from semblance.identity.main import capture_rules_of
from semblance.identity.settings import IdentitySettings

RULES = capture_rules_of(IdentitySettings())
COLOURS = draw_colours(random.Random(3).randrange)
SKIN, WALL = np.array([0.4, 0.25, 0.18]), np.array([0.3, 0.3, 0.25])
ALBEDO = np.random.default_rng(1).uniform(0.5, 1.0, (35, 1))  # brows, lips and cheeks: not where the light falls
ALBEDO_12 = np.random.default_rng(2).uniform(0.5, 1.0, (12, 12, 1))
ROUND = np.linspace(0.05, 0.2, 35)
FLAT = np.full(35, 0.12)


def seen(
    face: np.ndarray, room: float = 0.0, *, wall: np.ndarray = WALL, lag_ms: int = 75, body: float | None = 0.1
) -> list[Shade]:
    """Frames of a face whose spots throw back these shares of the screen, before a wall that throws back `room`, over a
    neck that throws back `body`."""
    frames = []
    for at_ms in range(0, lasts_ms(COLOURS), 110):
        light = np.array(shown_at(COLOURS, at_ms - lag_ms).light)
        spots = SKIN * ALBEDO * (1 + face[:, None] * light)
        below = None if body is None else np.tile(SKIN * (1 + body * light), (24, 1))
        frames.append(Shade(at_ms, spots.astype(np.float32), np.tile(wall * (1 + room * light), (8, 1)), body=below))
    return frames


def test_a_picture_tinted_as_a_whole_lights_the_room_as_well() -> None:
    assert shading(seen(ROUND, 0.12), COLOURS, 75).room_share == pytest.approx(1.0, abs=0.2)
    assert shading(seen(ROUND, 0.02), COLOURS, 75).room_share < RULES.shading.room_share


def test_a_face_that_is_coloured_alone_does_not_light_the_neck() -> None:
    assert shading(seen(ROUND), COLOURS, 75).body_share == pytest.approx(0.8, abs=0.1)
    alone = shading(seen(ROUND, body=0.0), COLOURS, 75).body_share
    assert alone is not None
    assert alone < RULES.shading.body_share
    assert shading(seen(ROUND, body=None), COLOURS, 75).body_share is None


def test_a_neck_that_is_not_seen_or_not_lit_is_told_apart(desk_shown: list[Reading]) -> None:
    order = tuple(Movement)
    hidden = [dataclasses.replace(r, body=None) for r in desk_shown]
    assert judge(hidden, order, COLOURS, RULES) == [Advice.NO_SHOULDERS]
    dark = [dataclasses.replace(r, body=np.tile(SKIN, (24, 1)).astype(np.float32)) for r in desk_shown]
    assert judge(dark, order, COLOURS, RULES) == [Advice.FACE_ALONE]


def test_a_room_too_bright_to_tell_is_not_held_against_anybody() -> None:
    assert shading(seen(ROUND, 0.12, wall=np.array([0.95, 0.95, 0.95])), COLOURS, 75).room_share == 0.0


def test_too_few_frames_or_no_answer_show_nothing() -> None:
    assert shading(seen(ROUND)[:7], COLOURS, 75) == Shading()
    assert shading(seen(np.zeros(35)), COLOURS, 75) == Shading()


@pytest.mark.parametrize(("face", "room", "advice"), [(FLAT, 0.0, Advice.FLAT_LIGHT), (ROUND, 0.12, Advice.TINTED)])
def test_the_verdict_says_which(desk_shown: list[Reading], face: np.ndarray, room: float, advice: Advice) -> None:
    order = tuple(Movement)
    assert judge(desk_shown, order, COLOURS, RULES) == []
    changed = [_with(r, face, room) for r in desk_shown]
    assert judge(changed, order, COLOURS, RULES) == [advice]


def test_nothing_is_asked_of_the_light_where_no_colours_were_shown(desk_shown: Sequence[Reading]) -> None:
    flat = [_with(r, FLAT, 0.0) for r in desk_shown]
    assert judge(flat, tuple(Movement), (), RULES) == []


@pytest.fixture
def desk_shown(shown_readings) -> list[Reading]:
    return shown_readings(tuple(Movement), COLOURS)


def _with(reading: Reading, face: np.ndarray, room: float) -> Reading:
    light = np.array(_screen(COLOURS, reading.at_ms - 80))
    return dataclasses.replace(
        reading,
        spots=(SKIN * ALBEDO * (1 + face[:, None] * light)).astype(np.float32),
        patch=(SKIN * ALBEDO_12 * (1 + np.linspace(face[0], face[-1], 12)[:, None] * light)).astype(np.float32),
        room=np.tile(WALL * (1 + room * light), (8, 1)).astype(np.float32),
    )


def _screen(colours: Sequence[ScreenColour], at_ms: int) -> tuple[float, float, float]:
    return shown_at(colours, at_ms).light
