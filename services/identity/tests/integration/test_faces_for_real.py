"""Captures of the bundled synthetic people through the real detector and DeepFace; attacks on them fail."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from semblance.faces import OpenCvFaceEngine
from semblance.identity import main
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.errors import InvalidCapture
from semblance.identity.domain.illumination import ScreenColour, draw_colours
from semblance.identity.domain.liveness import Advice
from semblance.identity.domain.session import Session, SessionState
from semblance.identity.domain.verdict import judge
from semblance.identity.handlers import capture, faces
from semblance.identity.ports import Frame
from semblance.identity.settings import IdentitySettings
from semblance.kernel.ids import SubjectId, new_id
from semblance.synthetic_people import bundled
from semblance.synthetic_people.relight import screen

MODELS = Path(__file__).parents[4] / ".cache" / "models"
LEFT, RIGHT, NOD = Movement.TURN_LEFT, Movement.TURN_RIGHT, Movement.NOD
NAMES = tuple(bundled.people())


def answered(name: str, session: Session, order: Sequence[Movement] | None = None) -> list[Frame]:
    """A bundled person answering: their capture in the order asked for (or `order`), under the session's colours."""
    asked = session.challenge if order is None else order
    tint = screen([(c.colour, c.for_ms) for c in session.colours])
    return [Frame(f.at_ms, f.jpeg) for f in bundled.filmed(name, [movement.value for movement in asked], tint)]


def asking(order: Sequence[Movement], colours: Sequence[ScreenColour]) -> Any:
    """As much of a session as `answered` reads."""
    return SimpleNamespace(challenge=tuple(order), colours=tuple(colours))


def decoded(frame: Frame) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(frame.jpeg, np.uint8), cv2.IMREAD_COLOR)


def encoded(at_ms: int, bgr: np.ndarray) -> Frame:
    return Frame(at_ms, cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())


@pytest.fixture(scope="module")
def reader() -> Any:
    return main.readers_of(IdentitySettings(models_dir=MODELS, face_engine="deepface"))[0]


@pytest.fixture
def live(desk: Any, reader: Any) -> Any:
    desk.ports = dataclasses.replace(desk.ports, reader=reader)
    return desk


def unlit(live: Any) -> Any:
    """The desk from now on without the light check, so that nothing but the faces can give a swap away."""
    live.ports = dataclasses.replace(live.ports, rules=dataclasses.replace(live.ports.rules, screen_light=False))
    return live


def submit(desk: Any, session: Session, frames: Sequence[Frame]) -> Session:
    command = capture.SubmitCapture(session.subject_id, session.id, session.nonce, frames)
    return capture.submit_capture(command, desk.ports)


@pytest.mark.parametrize("name", NAMES)
def test_everybody_can_answer_challenges_in_any_order(reader: Any, name: str) -> None:
    rules, dice = main.rules_of(IdentitySettings()).capture, random.Random(NAMES.index(name))
    for order in list(itertools.permutations(Movement))[NAMES.index(name) :: 4]:
        colours = draw_colours(dice.randrange)
        readings = reader.read(answered(name, asking(order, colours))).readings
        assert judge(readings, order, colours, rules) == [], order


def test_the_four_opt_in_and_their_photos_match_them_alone(live: Any) -> None:
    subjects = {}
    for name in NAMES:
        session = live.opened(SubjectId(new_id()), device=name)
        after = submit(live, session, answered(name, session))
        assert after.state is SessionState.SUCCEEDED, after.advice
        subjects[name] = session.subject_id
    engine = OpenCvFaceEngine(MODELS)
    for name in NAMES:
        for photo in bundled.person_photos(name, ("portrait",))[:4]:
            rgb = cv2.cvtColor(cv2.imread(str(photo.path)), cv2.COLOR_BGR2RGB)
            embedding = engine.embed(rgb, engine.detect(rgb)[0])
            for other in NAMES:
                [match] = faces.find_matches(subjects[other], [embedding], live.ports).faces
                assert (match.own, match.other) == (other == name, other != name)


def test_somebody_enrolled_cannot_enrol_again_under_another_account(live: Any) -> None:
    for expected in (SessionState.SUCCEEDED, SessionState.FAILED):
        session = live.opened(SubjectId(new_id()), device=expected.value)
        after = submit(live, session, answered("bo", session))
        assert after.state is expected
    assert after.advice == (Advice.REVIEW.value,)


def attempt(live: Any, frames_of: Any) -> Session:
    session = live.opened(SubjectId(new_id()))
    after = submit(live, session, frames_of(session))
    assert after.state is SessionState.IN_PROGRESS
    assert after.tries_left == 2
    return after


def test_the_wrong_order_fails(live: Any) -> None:
    after = attempt(live, lambda session: answered("ana", session, tuple(reversed(session.challenge))))
    assert after.advice == (Advice.WRONG_ORDER.value,)


def test_eyes_must_close_when_it_is_asked(live: Any) -> None:
    """The blink comes all the same, only elsewhere."""

    def late(session: Session) -> list[Frame]:
        others = [m for m in session.challenge if m is not Movement.BLINK]
        first = session.challenge[0] is Movement.BLINK
        return answered("cleo", session, [*others, Movement.BLINK] if first else [Movement.BLINK, *others])

    assert attempt(live, late).advice == (Advice.EYES.value,)


def test_a_mirrored_capture_is_the_wrong_order(live: Any) -> None:
    flipped = attempt(live, lambda session: [encoded(f.at_ms, decoded(f)[:, ::-1]) for f in answered("ana", session)])
    assert flipped.advice == (Advice.WRONG_ORDER.value,)


def test_a_still_photo_fails_even_with_noise_and_shaken(live: Any) -> None:
    still = cv2.resize(cv2.imread(str(bundled.person_photos("ana")[0].path)), (320, 320))
    rng = np.random.default_rng(1)

    def shaken(_session: object) -> list[Frame]:
        frames = []
        for k in range(24):
            shift = np.float32([[1, 0, 12 * np.sin(k / 2)], [0, 1, 12 * np.cos(k / 2)]])
            moved = cv2.warpAffine(still, shift, (320, 320), borderMode=cv2.BORDER_REPLICATE)
            noisy = np.clip(moved + rng.normal(0, 2, moved.shape), 0, 255).astype(np.uint8)
            frames.append(encoded(k * 140, noisy))
        return frames

    assert Advice.WRONG_ORDER.value in attempt(live, shaken).advice


def test_a_flat_picture_turned_in_space_fails(live: Any) -> None:
    """A print swung left and right in front of the camera: the perspective changes, the nose does not move."""
    still = cv2.resize(cv2.imread(str(bundled.person_photos("dan")[0].path)), (320, 320))
    square = np.float32([[0, 0], [320, 0], [320, 320], [0, 320]])
    rng = np.random.default_rng(2)

    def swung(_session: object) -> list[Frame]:
        frames = []
        for k, angle in enumerate(
            np.concatenate([np.zeros(4), 40 * np.sin(np.linspace(0, 2 * np.pi, 20)), np.zeros(4)])
        ):
            turn, depth = np.radians(angle), 900.0
            x = (square[:, 0] - 160) * np.cos(turn)
            scale = depth / (depth + (square[:, 0] - 160) * np.sin(turn))
            corners = np.float32(np.stack([160 + x * scale, 160 + (square[:, 1] - 160) * scale], axis=1))
            image = cv2.warpPerspective(
                still, cv2.getPerspectiveTransform(square, corners), (320, 320), borderMode=cv2.BORDER_REPLICATE
            )
            noisy = np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
            frames.append(encoded(k * 140, noisy))
        return frames

    assert Advice.WRONG_ORDER.value in attempt(live, swung).advice


def test_repeated_frames_fail(live: Any) -> None:
    def repeated(session: Session) -> list[Frame]:
        frames = answered("ana", session)
        return [*frames, Frame(frames[-1].at_ms + 140, frames[0].jpeg)]

    assert attempt(live, repeated).advice == (Advice.REPEATED_FRAMES.value,)


def test_two_faces_fail(live: Any) -> None:
    def together(session: Session) -> list[Frame]:
        pairs = zip(answered("ana", session), answered("bo", session), strict=True)
        return [encoded(a.at_ms, np.concatenate([decoded(a), decoded(b)], axis=1)) for a, b in pairs]

    assert attempt(live, together).advice[0] == Advice.SEVERAL_FACES.value
    assert attempt(unlit(live), together).advice == (Advice.SEVERAL_FACES.value,)


@pytest.mark.parametrize("keep", [3, 8, 13])
def test_a_person_swapped_midway_fails(live: Any, keep: int) -> None:
    def swapped(session: Session) -> list[Frame]:
        return answered("ana", session)[:keep] + answered("cleo", session)[keep:]

    # Another skin under the same screen may be seen by its light before the faces are compared.
    assert set(attempt(live, swapped).advice) & {Advice.SAME_PERSON.value, Advice.WRONG_LIGHT.value}
    assert Advice.SAME_PERSON.value in attempt(unlit(live), swapped).advice


def test_a_person_swapped_only_for_the_turns_fails(live: Any) -> None:
    def swapped(session: Session) -> list[Frame]:
        asked = [m.value for m in session.challenge]
        actions = [f.action for f in bundled.filmed("ana", asked, screen([]))]
        mine, theirs = answered("ana", session), answered("cleo", session)
        return [b if "turn" in action else a for action, a, b in zip(actions, mine, theirs, strict=True)]

    # Another skin under the same screen may be seen by its light before the faces are compared.
    assert set(attempt(live, swapped).advice) & {Advice.SAME_PERSON.value, Advice.WRONG_LIGHT.value}
    assert Advice.SAME_PERSON.value in attempt(unlit(live), swapped).advice


def test_a_recording_of_another_session_fails(live: Any) -> None:
    """The right person and the right order, under the colours of another time."""
    old = draw_colours(random.Random(5).randrange)
    after = attempt(live, lambda session: answered("ana", asking(session.challenge, old)))
    assert after.advice == (Advice.WRONG_LIGHT.value,)


def test_a_face_in_the_dark_fails(live: Any) -> None:
    after = attempt(live, lambda session: answered("bo", asking(session.challenge, ())))
    assert after.advice[0] in (Advice.LIGHT_UNSEEN.value, Advice.WRONG_LIGHT.value)


def test_a_video_tinted_as_a_whole_fails(live: Any) -> None:
    def tinted(session: Session) -> list[Frame]:
        tint = screen([(c.colour, c.for_ms) for c in session.colours])
        frames = answered("cleo", asking(session.challenge, ()))
        gains = [1 + 0.25 * np.array(tint(f.at_ms)[::-1]) for f in frames]
        return [
            encoded(f.at_ms, np.clip(decoded(f) * g, 0, 255).astype(np.uint8))
            for f, g in zip(frames, gains, strict=True)
        ]

    faults = {Advice.LIGHT_UNSEEN.value, Advice.WRONG_LIGHT.value, Advice.TINTED.value}
    assert set(attempt(live, tinted).advice) & faults


def test_a_face_tinted_alone_and_evenly_fails(live: Any) -> None:
    """The right colours, to the second, on an oval that follows the face: in time nothing is wrong with it."""
    finder = OpenCvFaceEngine(MODELS)

    def tinted(session: Session) -> list[Frame]:
        tint = screen([(c.colour, c.for_ms) for c in session.colours])
        return [oval(frame, tint(frame.at_ms)) for frame in answered("cleo", asking(session.challenge, ()))]

    def oval(frame: Frame, light: tuple[float, float, float]) -> Frame:
        bgr = decoded(frame)
        box = finder.detect(np.ascontiguousarray(bgr[:, :, ::-1]))[0].box
        share = np.zeros(bgr.shape[:2], np.float32)
        centre = (int(box.x_px + box.width_px / 2), int(box.y_px + box.height_px * 0.45))
        cv2.ellipse(share, centre, (int(box.width_px * 0.6), int(box.height_px * 0.65)), 0, 0, 360, 1.0, -1)
        share = cv2.GaussianBlur(share, (0, 0), 4)[:, :, None]
        gain = (1 + 0.25 * share * np.array(light[::-1])) ** (1 / 2.2)
        return encoded(frame.at_ms, np.clip(bgr * gain, 0, 255).astype(np.uint8))

    assert attempt(live, tinted).advice == (Advice.FLAT_LIGHT.value,)


def test_a_loop_that_was_compressed_anew_fails(live: Any) -> None:
    def looped(session: Session) -> list[Frame]:
        frames = answered("dan", session)
        end = frames[-1].at_ms
        return frames + [encoded(end + 140 + f.at_ms, decoded(f)) for f in frames]

    assert Advice.REPEATED_FRAMES.value in attempt(live, looped).advice


def test_a_lower_exposure_passes(live: Any) -> None:
    """As a camera's automatic exposure drifts, by a third of a stop from frame to frame."""
    dice = random.Random(6)
    session = live.opened(SubjectId(new_id()))
    frames = [
        encoded(f.at_ms, np.clip(decoded(f) * dice.uniform(0.85, 1.0), 0, 255).astype(np.uint8))
        for f in answered("bo", session)
    ]
    assert submit(live, session, frames).state is SessionState.SUCCEEDED


@pytest.mark.parametrize("bad", ["png", "huge", "text", "tiny"])
def test_a_frame_that_is_no_small_jpeg_costs_no_try(live: Any, bad: str) -> None:
    session = live.opened(SubjectId(new_id()))
    frames = answered("ana", session)
    grey = np.full((480, 480, 3), 128, np.uint8)
    jpeg = {
        "png": cv2.imencode(".png", grey)[1].tobytes(),
        "huge": cv2.imencode(".jpg", cv2.resize(grey, (800, 600)))[1].tobytes(),
        "text": b"not a picture",
        "tiny": cv2.imencode(".jpg", grey[:32, :32])[1].tobytes(),
    }[bad]
    with pytest.raises(InvalidCapture):
        submit(live, session, [*frames[:-1], Frame(frames[-1].at_ms, jpeg)])
    assert capture.get_session(session.subject_id, session.id, live.ports).tries_left == 3
