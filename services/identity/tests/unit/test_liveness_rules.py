"""The challenge rules over made-up measurements; tests/integration has the same over rendered faces."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import pytest

from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.liveness import Advice, Reading, advise, excursions, frontal
from semblance.identity.main import rules_of
from semblance.identity.settings import IdentitySettings

RULES = rules_of(IdentitySettings()).capture.liveness
LEFT, RIGHT, NOD, BLINK = Movement.TURN_LEFT, Movement.TURN_RIGHT, Movement.NOD, Movement.BLINK
SWING = (0.3, 0.7, 1.0, 1.0, 0.6, 0.2)
STILL = (0.0,) * 4
OPEN, CLOSED = 0.3, 0.1


def reading(k: int, yaw: float = 0.0, nod: float = 0.0, **changes: object) -> Reading:
    """A frame with the head turned by `yaw` and lowered by `nod` (0 to 1)."""
    made = Reading(
        at_ms=k * 100,
        digest=f"{k}",
        faces=1,
        yaw_deg=2.0 + yaw,
        pitch_deg=5.0 + 12.0 * nod,
        face_width_px=120.0,
        eyes_x_px=160.0,
        eyes_y_px=120.0 + 40.0 * nod,
    )
    return dataclasses.replace(made, **changes)


def performed(*movements: Movement, still: Sequence[float] = STILL) -> list[Reading]:
    poses: list[tuple[float, float]] = [(0.0, 0.0) for _ in still]
    shut: list[int] = []
    for movement in movements:
        yaw = {LEFT: 28.0, RIGHT: -28.0}.get(movement, 0.0)
        poses += [(yaw * s, s * (movement is NOD)) for s in SWING]
        shut += [len(poses) - 4, len(poses) - 3] if movement is BLINK else []
        poses += [(0.0, 0.0) for _ in still]
    return [reading(k, yaw, nod, eye_opening=CLOSED if k in shut else OPEN) for k, (yaw, nod) in enumerate(poses)]


@pytest.mark.parametrize("order", [(LEFT, RIGHT, NOD), (NOD, LEFT, RIGHT), (RIGHT, NOD, LEFT)])
def test_the_asked_order_passes(order: tuple[Movement, ...]) -> None:
    readings = performed(*order)
    assert advise(readings, order, RULES) == []
    assert [e.movement for e in excursions(readings, RULES)] == list(order)


@pytest.mark.parametrize(
    "shown", [(RIGHT, LEFT, NOD), (LEFT, RIGHT), (LEFT, RIGHT, NOD, LEFT), (LEFT, NOD, RIGHT), (NOD, NOD)]
)
def test_any_other_order_is_sent_back(shown: tuple[Movement, ...]) -> None:
    assert advise(performed(*shown), (LEFT, RIGHT, NOD), RULES) == [Advice.WRONG_ORDER]


@pytest.mark.parametrize("order", list(itertools.permutations((LEFT, NOD, BLINK))))
def test_eyes_are_closed_where_it_was_asked(order: tuple[Movement, ...]) -> None:
    readings = performed(*order)
    assert advise(readings, order, RULES) == []
    for other in itertools.permutations(order):
        faults = advise(readings, other, RULES)
        moved = [m for m in other if m is not BLINK] != [m for m in order if m is not BLINK]
        assert faults == ([] if other == order else [Advice.WRONG_ORDER if moved else Advice.EYES])


def test_people_blink() -> None:
    """Anywhere, once or often, asked or not."""
    assert advise(performed(BLINK, LEFT, BLINK, BLINK, NOD, BLINK), (LEFT, BLINK, NOD), RULES) == []
    assert advise(performed(LEFT, BLINK, NOD), (LEFT, NOD), RULES) == []


def opened(*openings: float | None) -> list[Reading]:
    return [reading(k, eye_opening=opening) for k, opening in enumerate(openings)]


@pytest.mark.parametrize(
    ("openings", "spans"),
    [
        ((CLOSED, CLOSED), [(10, 12)]),
        ((CLOSED,), []),  # one frame: noise, or a blink that nobody asked for
        ((CLOSED, OPEN, CLOSED), [(10, 13)]),  # one frame that reads as open
        ((CLOSED, OPEN, OPEN, OPEN, CLOSED), []),
        ((0.22, 0.22), []),  # a squint
        ((CLOSED, None, CLOSED), [(10, 13)]),
    ],
)
def test_closed_eyes_are_seen_in_two_frames(openings: tuple[float | None, ...], spans: list[tuple[int, int]]) -> None:
    readings = opened(*[OPEN] * 10, *openings, *[OPEN] * 10)
    assert [(e.first, e.last) for e in excursions(readings, RULES)] == spans


def test_eyes_that_a_nod_hides_are_not_closed() -> None:
    hidden = [dataclasses.replace(r, eye_opening=CLOSED) if r.eyes_y_px > 140 else r for r in performed(LEFT, NOD)]
    assert advise(hidden, (LEFT, NOD, BLINK), RULES) == [Advice.EYES]


def test_without_a_mesh_no_eye_is_closed() -> None:
    assert excursions([reading(k) for k in range(20)], RULES) == []


def test_nodding_twice_is_one_nod() -> None:
    assert advise(performed(LEFT, RIGHT, NOD, NOD), (LEFT, RIGHT, NOD), RULES) == []


def test_a_swing_straight_through_the_middle_is_two_turns() -> None:
    yaws = [0, 0, 0, 0, 10, 28, 28, 9.5, -9.5, -28, -28, -10, 0, 0, 0, 0]
    assert advise([reading(k, yaw) for k, yaw in enumerate(yaws)], (LEFT, RIGHT), RULES) == []


def test_a_movement_that_does_not_come_back_does_not_count() -> None:
    readings = performed(LEFT, RIGHT, NOD)
    assert advise(readings[: -len(STILL) - 2], (LEFT, RIGHT, NOD), RULES) == [Advice.WRONG_ORDER]
    assert advise(readings[: -len(STILL)], (LEFT, RIGHT, NOD), RULES) == []


def test_a_nod_may_begin_before_the_turn_has_quite_ended() -> None:
    readings = performed(LEFT, NOD)
    joined = [r for k, r in enumerate(readings) if not 10 <= k < 14]
    assert advise(joined, (LEFT, NOD), RULES) == []


def test_a_still_photo_fails() -> None:
    assert advise([reading(k) for k in range(40)], (LEFT, RIGHT, NOD), RULES) == [Advice.WRONG_ORDER]


def test_a_picture_moved_down_is_no_nod() -> None:
    readings = [dataclasses.replace(r, pitch_deg=5.0) if r.eyes_y_px > 120 else r for r in performed(LEFT, RIGHT, NOD)]
    assert advise(readings, (LEFT, RIGHT, NOD), RULES) == [Advice.WRONG_ORDER]


def test_a_slow_glance_is_no_turn() -> None:
    yaws = [0, 0, 0, 0, 6, 12, 12, 6, 0, 0, 0, 0, -6, -12, -12, -6, 0, 0, 0, 0]
    assert excursions([reading(k, yaw) for k, yaw in enumerate(yaws)], RULES) == []


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"faces": 2}, Advice.SEVERAL_FACES),
        ({"digest": "0"}, Advice.REPEATED_FRAMES),
        ({"face_width_px": 40.0}, Advice.TOO_SMALL),
        ({"eyes_x_px": 260.0}, Advice.UNSTEADY),
    ],
)
def test_one_bad_frame_is_enough(change: dict[str, object], advice: Advice) -> None:
    readings = performed(LEFT, RIGHT, NOD)
    readings[12] = dataclasses.replace(readings[12], **change)
    assert advice in advise(readings, (LEFT, RIGHT, NOD), RULES)


def test_some_frames_may_miss_the_face_but_not_many() -> None:
    readings = performed(LEFT, RIGHT, NOD)
    blind = [dataclasses.replace(r, faces=0) if r.at_ms in (600, 1700) else r for r in readings]
    assert advise(blind, (LEFT, RIGHT, NOD), RULES) == []
    blinder = [dataclasses.replace(r, faces=0) if k % 3 == 0 else r for k, r in enumerate(readings)]
    assert Advice.NO_FACE in advise(blinder, (LEFT, RIGHT, NOD), RULES)


def test_a_burst_is_too_short() -> None:
    readings = [dataclasses.replace(r, at_ms=k * 10) for k, r in enumerate(performed(LEFT, RIGHT, NOD))]
    assert Advice.TOO_SHORT in advise(readings, (LEFT, RIGHT, NOD), RULES)


def test_somebody_who_never_looks_at_the_camera_is_told_so() -> None:
    assert advise([reading(k, yaw=40.0) for k in range(30)], (LEFT,), RULES) == [Advice.NOT_FRONTAL]


def test_frontal_frames_are_the_still_ones() -> None:
    readings = performed(LEFT)
    assert frontal(readings, RULES)[:4] == [0, 1, 2, 3]
    assert all(abs(readings[i].yaw_deg - 2) <= RULES.neutral_deg for i in frontal(readings, RULES))


def test_advice_never_holds_a_number() -> None:
    assert not any(character.isdigit() for advice in Advice for character in advice.value)
