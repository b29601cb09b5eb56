"""The whole judgement of a capture by rules: is it a film, of one face, that moves and shines as it was asked to?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.illumination import Glow, LightRules, ScreenColour, echo, lasts_ms
from semblance.identity.domain.integrity import IntegrityRules, is_even, is_looped
from semblance.identity.domain.liveness import Advice, LivenessRules, Reading, advise, frontal, with_open_eyes
from semblance.identity.domain.relief import FRAMES_AT_LEAST
from semblance.identity.domain.shading import Shade, ShadingRules, shading


@dataclass(frozen=True)
class CaptureRules:
    """Four checks: the movements, the light in time and in space, and the frames themselves."""

    liveness: LivenessRules
    light: LightRules
    shading: ShadingRules
    integrity: IntegrityRules


def judge(
    readings: Sequence[Reading], challenge: Sequence[Movement], colours: Sequence[ScreenColour], rules: CaptureRules
) -> list[Advice]:
    """Everything that is wrong, most basic first; empty when all that was asked for is shown. `colours` may be empty:
    sessions that were opened without them are judged without light."""
    faults = frame_faults(readings, colours, rules.integrity)
    faults += [f for f in advise(readings, challenge, rules.liveness) if f not in faults]
    if colours:
        faults += light_faults(readings, colours, rules.light) or shading_faults(readings, colours, rules)
    return faults


def frame_faults(readings: Sequence[Reading], colours: Sequence[ScreenColour], rules: IntegrityRules) -> list[Advice]:
    """Whether it is one film, long enough to have shown every colour."""
    faults = []
    times = [r.at_ms for r in readings]
    if not is_even(times, rules):
        faults.append(Advice.UNEVEN)
    if times[-1] - times[0] < lasts_ms(colours):
        faults.append(Advice.TOO_SHORT)
    looks = [(r, r.look) for r in readings if r.look is not None]
    if is_looped([look for _, look in looks], [_moved(a, b) for (a, _), (b, _) in itertools.pairwise(looks)], rules):
        faults.append(Advice.REPEATED_FRAMES)
    return faults


def _moved(before: Reading, after: Reading) -> float:
    """How far the head went, in widths of the face; a turn of a quarter is one width. 0 where no face was seen."""
    if before.faces != 1 or after.faces != 1:
        return 0.0
    went_px = math.hypot(after.eyes_x_px - before.eyes_x_px, after.eyes_y_px - before.eyes_y_px)
    return went_px / max(after.face_width_px, 1.0) + abs(after.yaw_deg - before.yaw_deg) / 90


def light_faults(readings: Sequence[Reading], colours: Sequence[ScreenColour], rules: LightRules) -> list[Advice]:
    """Whether the face answers the screen. A faint answer is told apart from a wrong one, so that it can be mended."""
    found = echo(glows(readings), colours, rules.lag_ms)
    if found.agreement >= rules.agreement and found.swing >= rules.swing:
        return []
    return [Advice.LIGHT_UNSEEN if found.swing < rules.swing else Advice.WRONG_LIGHT]


def shading_faults(readings: Sequence[Reading], colours: Sequence[ScreenColour], rules: CaptureRules) -> list[Advice]:
    """Whether the screen's light falls on a round face and the body below it, and not on everything alike."""
    lag_ms = echo(glows(readings), colours, rules.light.lag_ms).lag_ms
    found = shading(_shades(readings, straight(readings, rules.liveness)), colours, lag_ms)
    if found.room_share > rules.shading.room_share:
        return [Advice.TINTED]
    if found.relief is None:
        return [Advice.LIGHT_UNSEEN]
    if found.relief < rules.shading.relief:
        return [Advice.FLAT_LIGHT]
    if found.body_share is None:
        return [Advice.NO_SHOULDERS]
    return [] if found.body_share >= rules.shading.body_share else [Advice.FACE_ALONE]


def straight(readings: Sequence[Reading], rules: LivenessRules) -> list[Reading]:
    """The frames in which the face looks at the camera, with open eyes if those are enough."""
    front = with_open_eyes(readings, rules)
    if len(front) < FRAMES_AT_LEAST:
        front = frontal(readings, rules)
    return [readings[i] for i in front]


def _shades(readings: Sequence[Reading], front: Sequence[Reading]) -> list[Shade]:
    middle_px = median([r.eyes_y_px for r in readings if r.faces == 1] or [0.0])
    return [
        Shade(
            at_ms=r.at_ms,
            face=r.spots,
            room=r.room,
            yaw_deg=r.yaw_deg,
            lowered_widths=(r.eyes_y_px - middle_px) / max(r.face_width_px, 1.0),
            body=r.body,
            patch=r.patch,
        )
        for r in front
        if r.spots is not None and r.room is not None
    ]


def glows(readings: Sequence[Reading]) -> list[Glow]:
    """The light and the pose of every frame with one face."""
    lit = [(r, r.skin, r.back) for r in readings if r.faces == 1 and r.skin is not None and r.back is not None]
    if not lit:
        return []
    middle_px = median(r.eyes_y_px for r, _, _ in lit)
    return [
        Glow(r.at_ms, skin, back, r.yaw_deg, (r.eyes_y_px - middle_px) / max(r.face_width_px, 1.0))
        for r, skin, back in lit
    ]
