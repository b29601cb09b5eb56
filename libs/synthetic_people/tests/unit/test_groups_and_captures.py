from __future__ import annotations

import numpy as np
import pytest

from semblance.synthetic_people import HELD_OUT_FROM, person
from semblance.synthetic_people.attack import KINDS, attack
from semblance.synthetic_people.capture import ACTIONS, HEIGHT_PX, WIDTH_PX, Frame, capture
from semblance.synthetic_people.group import group
from semblance.synthetic_people.library import scenes_of

ANA, BO = HELD_OUT_FROM + 11, HELD_OUT_FROM + 44


def nose_offset(frame: Frame) -> float:
    points = np.array(frame.truth.landmarks_px)
    between = points[:2].mean(0)
    axis = points[1] - points[0]
    return float((points[2] - between) @ axis / (axis @ axis))


def test_a_group_has_a_truth_for_everybody(eyes) -> None:
    people = [person(seed) for seed in (ANA, BO, HELD_OUT_FROM + 13, HELD_OUT_FROM + 56, HELD_OUT_FROM + 28)]
    picture = group(people, 3, 512, hat="", expression="neutral")
    assert picture.pixels.shape[1] == 512
    assert [truth.identity for truth in picture.truths] == [p.seed for p in people]
    found = eyes.faces(picture.pixels)
    assert len(found) == len(people)
    for truth in picture.truths:
        x, y, w, h = truth.box_px
        inside = [f for f in found if x < f[0] + f[2] / 2 < x + w and y < f[1] + f[3] / 2 < y + h]
        assert inside, "every truth box holds the middle of a found face"


def test_a_group_is_two_to_eight() -> None:
    with pytest.raises(ValueError, match="2 to 8"):
        group([person(ANA)], 1)


def test_a_capture_follows_the_challenge() -> None:
    frames = capture(person(ANA), 1, ("turn_right", "blink"))
    assert frames[0].pixels.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert [frame.at_ms for frame in frames] == sorted({frame.at_ms for frame in frames})
    order = list(dict.fromkeys(frame.action for frame in frames))
    assert order == ["rest", "turn_right", "blink"]
    assert min(nose_offset(f) for f in frames if f.action == "turn_right") < -0.2
    assert max(abs(nose_offset(f)) for f in frames if f.action == "rest") < 0.15
    with pytest.raises(ValueError, match="wink"):
        capture(person(ANA), 1, ("wink",))


def test_screen_light_colours_the_face() -> None:
    red, green = capture(person(ANA), 1, (), screen=((1.5, 0.0, 0.0), (0.0, 1.5, 0.0)))[:2]
    x, y, w, h = (int(v) for v in red.truth.box_px)
    face = (slice(y + h // 4, y + 3 * h // 4), slice(x + w // 4, x + 3 * w // 4))
    ratio = [frame.pixels[face].reshape(-1, 3).mean(0) for frame in (red, green)]
    assert ratio[0][0] / ratio[0][1] > 1.3 * ratio[1][0] / ratio[1][1]
    assert (red.screen, green.screen) == ((1.5, 0.0, 0.0), (0.0, 1.5, 0.0))


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_presents_the_target(kind: str) -> None:
    clip = attack(kind, person(ANA), person(BO), 2, ("turn_left", "blink"))
    assert (clip.kind, clip.presented, clip.attacker) == (kind, ANA, BO)
    assert len({frame.pixels.tobytes() for frame in clip.frames}) == len(clip.frames)
    assert all(frame.pixels.shape == (HEIGHT_PX, WIDTH_PX, 3) for frame in clip.frames)
    assert clip.frames[-1].truth.identity == ANA
    if kind == "splice":
        assert clip.frames[0].truth.identity == BO
    if kind == "replay":
        assert [f.action for f in clip.frames][3] != "turn_left"


def test_a_flat_picture_keeps_its_eyes_open_and_hardly_turns() -> None:
    real = {f.action: f for f in capture(person(ANA), 2, ("turn_left",))}
    fake = [f for f in attack("print", person(ANA), person(BO), 2, ("turn_left",)).frames if f.action == "turn_left"]
    assert max(nose_offset(f) for f in fake) < 0.5 * max(nose_offset(f) for f in real.values())


def test_unknown_attacks_are_refused() -> None:
    with pytest.raises(ValueError, match="hologram"):
        attack("hologram", person(ANA), person(BO), 1)


def test_a_library_walks_through_places_with_open_eyes() -> None:
    made = scenes_of(person(ANA), 12, 3)
    assert len({s.place for s in made}) == 12
    assert {s.style for s in made} == {"photo"}
    assert "with closed eyes" not in {s.expression for s in made}
    assert max(abs(s.yaw_deg) for s in made) <= 28


def test_actions_are_the_contracts_words() -> None:
    assert ACTIONS == ("turn_left", "turn_right", "nod", "blink", "smile")
