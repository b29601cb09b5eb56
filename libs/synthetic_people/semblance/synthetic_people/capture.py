"""A person in front of their own camera: head turns, a nod, a blink, a smile, with camera noise and, if asked,
coloured screen light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes
from semblance.synthetic_people.geometry import flatten
from semblance.synthetic_people.light import lamps
from semblance.synthetic_people.model import Model, build
from semblance.synthetic_people.people import Person, Rgb
from semblance.synthetic_people.portrait import expose, supersampling, view_of
from semblance.synthetic_people.scenes import Scene, change, scene
from semblance.synthetic_people.style import develop
from semblance.synthetic_people.truth import Truth, truth_of

ACTIONS = ("turn_left", "turn_right", "nod", "blink", "smile")
"""What a challenge can ask for; left and right are the person's own, and the picture is not mirrored."""
WIDTH_PX, HEIGHT_PX = 320, 240
FRAME_MS = 140
POSES: dict[str, tuple[dict[str, float], ...]] = {
    "rest": ({}, {}, {}),
    "turn_left": ({"yaw": 11}, {"yaw": 23}, {"yaw": 31}, {"yaw": 28}, {"yaw": 12}),
    "turn_right": ({"yaw": -11}, {"yaw": -23}, {"yaw": -31}, {"yaw": -28}, {"yaw": -12}),
    "nod": ({"pitch": 8}, {"pitch": 18}, {"pitch": 15}, {"pitch": -7}, {"pitch": -1}),
    "blink": ({}, {"blink": 0.55}, {"blink": 1.0}, {"blink": 0.9}, {"blink": 0.2}),
    "smile": ({"smile": 0.35}, {"smile": 0.8}, {"smile": 0.95}, {"smile": 0.8}, {"smile": 0.3}),
    "hold": ({},) * 10,
}
"""Degrees and weights of each frame of an action. Each begins and ends near rest, so actions join up in any order.
"hold" is how a film ends: still, while the screen goes on showing its colours."""


@dataclass(frozen=True)
class Frame:
    """pixels (240, 320, 3) sRGB at at_ms since the capture began; action is what the person is doing."""

    at_ms: int
    action: str
    pixels: Bytes
    truth: Truth
    screen: Rgb | None


def settings(who: Person, seed: int) -> Scene:
    """Room, light, clothes and lens of a whole capture: indoors, at arm's length, bare-headed."""
    rng = np.random.default_rng([seed, who.seed, 0xCA])
    place = str(rng.choice(["in an office", "against a white wall", "in a library", "in a cafe"]))
    base = scene(
        who, seed, style="photo", place=place, expression="neutral", hat="", blur_px=0.0, jpeg_quality=0, vignette=0.0
    )
    light = replace(
        base.light,
        azimuth_deg=round(float(rng.uniform(-40, 40)), 1),
        elevation_deg=round(float(rng.uniform(25, 50)), 1),
    )
    camera = replace(
        base.camera,
        distance=round(float(rng.uniform(5.5, 8.0)), 2),
        half_height=round(float(rng.uniform(2.2, 2.5)), 2),  # as the page's outline asks: with neck and shoulders
        shift_x=0.0,
        shift_y=-0.25,
        rise=-0.3,
    )
    return change(base, light=light, camera=camera, noise=round(float(rng.uniform(1.5, 4.0)), 2), exposure_stops=0.0)


def frame_scene(base: Scene, pose: dict[str, float], rng: np.random.Generator, drift: np.ndarray) -> Scene:
    yaw, pitch = pose.get("yaw", 0.0) + rng.normal(0, 0.5), pose.get("pitch", 0.0) + rng.normal(0, 0.5)
    extra = {
        "browInnerUp": 0.22,
        "eyeBlink": pose.get("blink", 0.0),
        "mouthSmile": 0.9 * pose.get("smile", 0.0),
        "cheekSquint": 0.5 * pose.get("smile", 0.0),
    }
    return change(
        base,
        yaw_deg=round(float(yaw), 2),
        pitch_deg=round(float(pitch), 2),
        roll_deg=round(float(rng.normal(0, 0.6)), 2),
        gaze_x_deg=round(float(np.clip(-yaw * 0.6, -19, 19)), 2),
        gaze_y_deg=round(float(np.clip(-pitch * 0.5, -9, 9)), 2),
        strength=1.0,
        extra=tuple((k, round(float(v), 3)) for k, v in extra.items() if v > 0),
        shift_x=round(base.camera.shift_x + float(drift[0]), 4),
        shift_y=round(base.camera.shift_y + float(drift[1]), 4),
    )


def capture(who: Person, seed: int, challenge: Sequence[str] = ACTIONS, screen: Sequence[Rgb] = ()) -> list[Frame]:
    """Frames of `who` resting and then doing the challenge in its order. screen: colours that their display flashes,
    one a frame, repeated. Raises ValueError for an action that is not in ACTIONS."""
    if unknown := [a for a in challenge if a not in ACTIONS]:
        raise ValueError(f"unknown actions {unknown}; known are {', '.join(ACTIONS)}")
    cv2.setNumThreads(1)
    base = settings(who, seed)
    resting = build(who, change(base, yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0))
    rng = np.random.default_rng([seed, who.seed, 0xCB])
    frames: list[Frame] = []
    middle: float | None = None
    drift, at_ms = np.zeros(2), 0
    steps = [(action, pose) for action in ("rest", *challenge) for pose in POSES[action]]
    for action, pose in steps:
        drift = drift * 0.8 + rng.normal(0, 0.015, 2)
        own = frame_scene(base, pose, rng, drift)
        colour = screen[len(frames) % len(screen)] if screen else None
        frame, middle = shoot(who, own, resting, screen=colour, middle=middle, number=len(frames))
        frames.append(replace(frame, at_ms=at_ms, action=action))
        at_ms += FRAME_MS + int(rng.integers(-12, 13))
    return frames


def shoot(
    who: Person, own: Scene, resting: Model, *, screen: Rgb | None, middle: float | None, number: int
) -> tuple[Frame, float]:
    """One frame. The camera aims at the resting head and keeps the exposure that the first frame chose."""
    model = build(who, own)
    geometry = flatten(model.parts)
    samples = supersampling(WIDTH_PX)
    # The camera does not follow the head: aim where the resting head is, not at this frame's eyes.
    view = view_of(resting, own.camera, WIDTH_PX * samples)
    light = lamps(geometry, own, view.aim, screen=screen)
    shot = expose(geometry, own, view, light, backdrop=own.seed * 7919 + who.seed, size_px=WIDTH_PX, middle=middle)
    whole = develop(shot.image, WIDTH_PX, own.finish, np.random.default_rng([own.seed, who.seed, number]))
    top = (WIDTH_PX - HEIGHT_PX) // 2
    truth = truth_of(who, own, model, view, shot.depth, samples=samples)
    x, y, w, h = truth.box_px
    truth = replace(
        truth,
        box_px=(x, round(y - top, 2), w, h),
        landmarks_px=tuple((px, round(py - top, 2)) for px, py in truth.landmarks_px),
    )
    return Frame(0, "", np.ascontiguousarray(whole[top : top + HEIGHT_PX]), truth, screen), shot.middle
