"""Presentation attacks on a capture: what a camera would see if somebody held up a picture instead of a face.

These are simulations of the artefacts (dots, moire, bezel, paper edge, holes, cuts), made to test that a check
notices them. They prove no error rate for real attacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats
from semblance.synthetic_people.background import background
from semblance.synthetic_people.capture import (
    ACTIONS,
    FRAME_MS,
    HEIGHT_PX,
    POSES,
    WIDTH_PX,
    Frame,
    capture,
    settings,
)
from semblance.synthetic_people.people import Person
from semblance.synthetic_people.portrait import render
from semblance.synthetic_people.scenes import Scene, change
from semblance.synthetic_people.truth import Truth

KINDS = ("print", "screen", "mask", "splice", "replay")


@dataclass(frozen=True)
class Clip:
    """kind of attack, the frames, whose likeness is presented and who stands in front of the camera (both are
    seeds)."""

    kind: str
    frames: tuple[Frame, ...]
    presented: int
    attacker: int


def halftone(image: Bytes, rng: np.random.Generator) -> Bytes:
    """What a cheap printer makes of a picture: less range, a slight cast and a rotated dot screen."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    turn = np.radians(rng.uniform(15, 75))
    pitch = rng.uniform(3.0, 4.0)
    u, v = (x * np.cos(turn) + y * np.sin(turn)) / pitch, (y * np.cos(turn) - x * np.sin(turn)) / pitch
    dots = np.cos(2 * np.pi * u) * np.cos(2 * np.pi * v)
    cast = np.array([1.0, rng.uniform(0.94, 1.0), rng.uniform(0.88, 0.98)])
    return np.asarray(np.clip((image * 0.72 + 38) * cast + dots[:, :, None] * 9, 0, 255), np.uint8)


def displayed(image: Bytes, rng: np.random.Generator) -> Bytes:
    """What a camera sees of a display: moire between two pixel grids, scan bands, bluish white and lifted black."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    beat = rng.uniform(0.16, 0.3, 2)
    moire = np.stack(
        [
            np.sin(2 * np.pi * (x * beat[0] * (1 + 0.012 * k) + y * 0.02))
            * np.sin(2 * np.pi * (y * beat[1] * (1 - 0.012 * k) - x * 0.015))
            for k in range(3)
        ],
        -1,
    )
    bands = np.sin(2 * np.pi * (y / height * rng.uniform(1.5, 3) + rng.random()))[:, :, None]
    shown = (image * 0.9 + 16) * np.array([0.95, 1.0, 1.08]) * (1 + 0.03 * bands) + moire * 13
    return np.asarray(np.clip(shown, 0, 255), np.uint8)


def bezel(image: Bytes) -> Bytes:
    """A black frame with a thin bright edge, as of a tablet."""
    edge = max(6, image.shape[1] // 14)
    framed = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(14, 14, 16))
    return np.asarray(cv2.copyMakeBorder(framed, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(120, 120, 125)), np.uint8)


def sheet(image: Bytes) -> Bytes:
    """White paper margins."""
    edge = max(5, image.shape[1] // 16)
    return np.asarray(
        cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(236, 234, 228)), np.uint8
    )


def held(item: Bytes, room: Bytes, pose: dict[str, float], sway: np.ndarray) -> tuple[Bytes, Floats]:
    """A flat thing held before the camera and turned as the challenge asks: new frame and the homography (3, 3) from
    item to frame."""
    h, w = item.shape[:2]
    yaw, pitch = np.radians(pose.get("yaw", 0.0)), np.radians(pose.get("pitch", 0.0))
    scale = HEIGHT_PX * 0.96 / h
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]], np.float32) / 2 * scale
    x = corners[:, 0] * np.cos(yaw)
    depth = 1 + (corners[:, 0] * np.sin(yaw) + corners[:, 1] * np.sin(pitch)) / 900
    y = corners[:, 1] * np.cos(pitch)
    target = np.stack([x / depth + WIDTH_PX / 2 + sway[0], y / depth + HEIGHT_PX / 2 + sway[1]], 1).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32), target)
    warped = cv2.warpPerspective(item, matrix, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((h, w), 255, np.uint8), matrix, (WIDTH_PX, HEIGHT_PX))[:, :, None] / 255.0
    return np.asarray(warped * mask + room * (1 - mask), np.uint8), np.asarray(matrix, np.float32)


def carried(truth: Truth, matrix: Floats) -> Truth:
    """Truth of a picture that was warped by a homography."""
    points = cv2.perspectiveTransform(np.array([truth.landmarks_px], np.float32), matrix)[0]
    x, y, w, h = truth.box_px
    box = cv2.perspectiveTransform(np.array([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]], np.float32), matrix)[0]
    low, high = box.min(0), box.max(0)
    return replace(
        truth,
        landmarks_px=tuple((round(float(px), 2), round(float(py), 2)) for px, py in points),
        box_px=(
            round(float(low[0]), 2),
            round(float(low[1]), 2),
            round(float(high[0] - low[0]), 2),
            round(float(high[1] - low[1]), 2),
        ),
    )


def facing(target: Person, seed: int) -> Scene:
    """The stolen picture: the target looking straight into a camera."""
    straight = {"yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0, "gaze_x_deg": 0.0, "gaze_y_deg": 0.0}
    return change(settings(target, seed), half_height=1.5, **straight)


def room_of(seed: int, place: str) -> Bytes:
    linear = background(seed, place, WIDTH_PX)
    top = (WIDTH_PX - HEIGHT_PX) // 2
    return np.asarray(np.clip(linear[top : top + HEIGHT_PX] * 0.8, 0, 1) ** (1 / 2.2) * 255, np.uint8)


def flat(
    target: Person,
    attacker: Person,
    seed: int,
    challenge: Sequence[str],
    dress: Callable[[Bytes, np.random.Generator], Bytes],
) -> list[Frame]:
    """A still picture of the target, made into an object by `dress`, moved by the attacker's hands through the
    challenge."""
    rng = np.random.default_rng([seed, target.seed, 0xA7])
    still = facing(target, seed)
    picture = render(target, still, 300)
    item = dress(picture.pixels, rng)
    border = (item.shape[0] - 300) // 2
    shift = np.array([[1, 0, border], [0, 1, border], [0, 0, 1]], np.float32)
    room = room_of(seed + attacker.seed, still.place)
    sway = np.zeros(2)
    frames: list[Frame] = []
    for k, (action, pose, at_ms) in enumerate(moves(challenge)):
        sway = sway * 0.8 + rng.normal(0, 1.6, 2)
        pixels, matrix = held(item, room, pose, sway)
        noisy = np.clip(pixels + np.random.default_rng([seed, k]).normal(0, 2.2, pixels.shape), 0, 255).astype(np.uint8)
        frames.append(Frame(at_ms, action, noisy, carried(picture.truth, matrix @ shift), None))
    return frames


def moves(challenge: Sequence[str]) -> list[tuple[str, dict[str, float], int]]:
    """(action, pose, at_ms) of each frame of a challenge."""
    steps = [(action, pose) for action in ("rest", *challenge) for pose in POSES[action]]
    return [(action, pose, k * FRAME_MS) for k, (action, pose) in enumerate(steps)]


def masked(target: Person, attacker: Person, seed: int, challenge: Sequence[str]) -> list[Frame]:
    """The target's printed face, cut out with holes for the eyes, worn by the attacker."""
    rng = np.random.default_rng([seed, target.seed, 0xA8])
    picture = render(target, facing(target, seed), 320)
    print_out = halftone(picture.pixels, rng)
    source = np.array(picture.truth.landmarks_px, np.float32)
    x, y, w, h = picture.truth.box_px
    cut = np.zeros((320, 320), np.uint8)
    cv2.ellipse(cut, (int(x + w / 2), int(y + h * 0.5)), (int(w * 0.5), int(h * 0.55)), 0, 0, 360, 255, -1, cv2.LINE_AA)
    for eye in source[:2]:
        cv2.ellipse(cut, (int(eye[0]), int(eye[1])), (int(w * 0.12), int(w * 0.06)), 0, 0, 360, 0, -1, cv2.LINE_AA)
    edge = cv2.dilate(cut, np.ones((3, 3), np.uint8)) - cut
    print_out = np.where(edge[:, :, None] > 60, 238, print_out).astype(np.uint8)
    frames: list[Frame] = []
    for frame in capture(attacker, seed, challenge):
        goal = np.array(frame.truth.landmarks_px, np.float32)
        matrix, _ = cv2.estimateAffinePartial2D(source, goal, method=cv2.LMEDS)
        size = (WIDTH_PX, HEIGHT_PX)
        worn = cv2.warpAffine(print_out, matrix, size)
        alpha = cv2.warpAffine(np.maximum(cut, edge), matrix, size)[:, :, None] / 255.0
        pixels = np.asarray(worn * alpha + frame.pixels * (1 - alpha), np.uint8)
        frames.append(replace(frame, pixels=pixels, truth=replace(frame.truth, identity=target.seed)))
    return frames


def spliced(target: Person, attacker: Person, seed: int, challenge: Sequence[str]) -> list[Frame]:
    """Two people in one video: the attacker does the challenge, the target's face is cut in for half of it."""
    own, theirs = capture(attacker, seed, challenge), capture(target, seed, challenge)
    half = len(own) // 2
    return [
        replace(late, at_ms=frame.at_ms) if k >= half else frame
        for k, (frame, late) in enumerate(zip(own, theirs, strict=True))
    ]


def replayed(target: Person, _attacker: Person, seed: int, challenge: Sequence[str]) -> list[Frame]:
    """A clean video of the target, recorded earlier for another challenge: right face, wrong order."""
    old = (
        tuple(reversed(challenge))
        if tuple(reversed(challenge)) != tuple(challenge)
        else tuple(a for a in ACTIONS if a not in challenge)
    )
    return capture(target, seed, old)


MAKERS: dict[str, Callable[[Person, Person, int, Sequence[str]], list[Frame]]] = {
    "print": lambda target, attacker, seed, challenge: flat(
        target, attacker, seed, challenge, lambda image, rng: sheet(halftone(image, rng))
    ),
    "screen": lambda target, attacker, seed, challenge: flat(
        target, attacker, seed, challenge, lambda image, rng: bezel(displayed(image, rng))
    ),
    "mask": masked,
    "splice": spliced,
    "replay": replayed,
}


def attack(kind: str, target: Person, attacker: Person, seed: int, challenge: Sequence[str] = ACTIONS) -> Clip:
    """One attack of a kind in KINDS on a session that asked for `challenge`. Raises ValueError for an unknown kind."""
    if kind not in MAKERS:
        raise ValueError(f"unknown attack {kind!r}; known are {', '.join(KINDS)}")
    cv2.setNumThreads(1)
    return Clip(kind, tuple(MAKERS[kind](target, attacker, seed, challenge)), target.seed, attacker.seed)
