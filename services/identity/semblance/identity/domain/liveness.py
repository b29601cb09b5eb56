"""Does a capture show one live person doing what was asked? Rules over per-frame measurements, no pixels.

Turns and eyes come from a mesh of the face, nods from the five YuNet landmarks. The mesh reads a flat picture as
frontal however it is turned, so a photo or a still screen shows no turn. Not covered: an injected or deep-faked
video, a three-dimensional mask.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from semblance.identity.domain.challenge import HEAD, Movement
from semblance.identity.domain.illumination import Light
from semblance.identity.domain.integrity import Look
from semblance.identity.domain.relief import Patch
from semblance.identity.domain.shading import Spots


class Advice(enum.Enum):
    """What to do better; the name is for the operator, the value for the person. Never a score."""

    NO_FACE = "Keep your whole face in the picture, with light from the front."
    SEVERAL_FACES = "Only your face may be in the picture."
    TOO_SMALL = "Come closer to the camera."
    REPEATED_FRAMES = "The pictures repeat. Capture again with a live camera."
    UNEVEN = "The pictures came too slowly, too fast or with gaps. Close other programs and capture again."
    UNSTEADY = "Stay in front of the camera from start to end."
    NOT_FRONTAL = "Look straight at the camera at the start and after each movement."
    WRONG_ORDER = "Make each movement once, clearly, in the order shown, and come back to the middle in between."
    EYES = "Close both eyes for a second when asked to, with your head at rest, and keep hair and reflections off them."
    LIGHT_UNSEEN = (
        "The screen's colours cannot be seen on your face. Turn its brightness up, come closer, avoid the sun."
    )
    WRONG_LIGHT = "The light on your face did not follow the screen. Show the colours from the start, and only you."
    TINTED = "The whole picture shows the colours, not only you. Switch filters off and sit further from the wall."
    FLAT_LIGHT = (
        "Your face looks flat in the screen's light. Wear nothing over it, turn the screen's brightness up and a lamp "
        "on at one side, and hold still at the end."
    )
    FACE_ALONE = "The colours show on your face alone. Switch effects off, and let the screen light your neck too."
    NO_SHOULDERS = "Sit back a little, so that your neck and shoulders can be seen."
    TOO_SHORT = "Take more time: a capture lasts some seconds."
    SAME_PERSON = "The same person must be seen from start to end, well lit, without anything over the face."
    NOT_YOU = "This does not look like the person who opted in before. Try again in better light."
    REVIEW = "We cannot finish this by ourselves; a person has to look at it. Read this session again in some days."


@dataclass(frozen=True)
class Reading:
    """One frame, measured. With `faces` 0 the rest describes nothing. Yaw is positive to the person's own left.

    eye_opening: the lids' distance in widths of an eye, the mean of both. skin, back: mean linear light of the face's
    skin and of the room; spots, room, body, patch: the same of the parts of grids. look: a small copy.
    """

    at_ms: int
    digest: str
    faces: int
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    eye_opening: float | None = None
    face_width_px: float = 0.0
    eyes_x_px: float = 0.0
    eyes_y_px: float = 0.0
    skin: Light | None = field(default=None, repr=False)
    back: Light | None = field(default=None, repr=False)
    look: Look | None = field(default=None, repr=False, compare=False)
    spots: Spots | None = field(default=None, repr=False, compare=False)
    patch: Patch | None = field(default=None, repr=False, compare=False)
    room: Spots | None = field(default=None, repr=False, compare=False)
    body: Spots | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class LivenessRules:
    """Limits over readings; where a number comes from is said in settings.py, which sets them."""

    turn_deg: float
    neutral_deg: float
    nod_widths: float
    nod_back_widths: float
    nod_deg: float
    min_face_width_px: float
    min_duration_ms: int
    max_faceless_share: float
    max_step_widths: float
    min_frontal_frames: int
    eyes_closed_share: float
    eyes_closed_ms: int


@dataclass(frozen=True)
class Excursion:
    """One movement away from the middle and back, or eyes closed: from frame `first` to before frame `last`."""

    movement: Movement
    first: int
    last: int


def advise(readings: Sequence[Reading], challenge: Sequence[Movement], rules: LivenessRules) -> list[Advice]:
    """Everything that is wrong with the capture, most basic first; empty when it shows the challenge."""
    basic = _basic_faults(readings, rules)
    if basic:
        return basic
    seen = [r for r in readings if r.faces == 1]
    if len(frontal(readings, rules)) < rules.min_frontal_frames:
        return [Advice.NOT_FRONTAL]
    faults = [] if _steady(seen, rules) else [Advice.UNSTEADY]
    found = excursions(readings, rules)
    shown = _without_repeats([e.movement for e in found if e.movement in HEAD])
    if shown != [m for m in challenge if m in HEAD]:
        faults.append(Advice.WRONG_ORDER)
    elif Movement.BLINK in challenge and not _closed_in_turn(found, challenge):
        faults.append(Advice.EYES)
    return faults


def _closed_in_turn(found: Sequence[Excursion], challenge: Sequence[Movement]) -> bool:
    """Whether the eyes were closed between what was asked before and after. People blink: more often does no harm."""
    at = list(challenge).index(Movement.BLINK)
    before, after = ([e for e in found if e.movement in part] for part in (challenge[:at], challenge[at + 1 :]))
    begin, end = max((e.last for e in before), default=0), min((e.first for e in after), default=math.inf)
    return any(e.movement is Movement.BLINK and begin <= e.first and e.last <= end for e in found)


def frontal(readings: Sequence[Reading], rules: LivenessRules) -> list[int]:
    """Indices of frames in which the one face looks at the camera."""
    middle = _middle(readings, rules)
    return [i for i, r in enumerate(readings) if r.faces == 1 and middle.holds(r, rules)]


def with_open_eyes(readings: Sequence[Reading], rules: LivenessRules) -> list[int]:
    """The frontal frames without those of closed eyes: a lid reflects otherwise than an eye."""
    closed = {i for e in _blinks(readings, rules) for i in range(e.first, e.last)}
    return [i for i in frontal(readings, rules) if i not in closed]


def excursions(readings: Sequence[Reading], rules: LivenessRules) -> list[Excursion]:
    """The movements shown, in order."""
    return sorted([*_head(readings, rules), *_blinks(readings, rules)], key=lambda e: e.first)


def _blinks(readings: Sequence[Reading], rules: LivenessRules) -> list[Excursion]:
    """Eyes closed long enough to be seen in two frames, against the session's own usual opening. Neither turned nor
    nodding: a nod hides eyes behind glasses. Who shuts the eyes lets the head sink a little."""
    middle = _middle(readings, rules)
    still = [(i, r) for i, r in enumerate(readings) if r.faces == 1 and middle.nearly_holds(r, rules)]
    front = [(i, r.eye_opening) for i, r in still if r.eye_opening is not None]
    if not front:
        return []
    limit = rules.eyes_closed_share * median(opening for _, opening in front)
    runs: list[list[int]] = []
    for i in (i for i, opening in front if opening <= limit):
        if runs and readings[i].at_ms - readings[runs[-1][-1]].at_ms <= _SAME_BLINK_MS:
            runs[-1].append(i)
        else:
            runs.append([i])
    long = [r for r in runs if readings[r[-1]].at_ms - readings[r[0]].at_ms >= rules.eyes_closed_ms]
    return [Excursion(Movement.BLINK, run[0], run[-1] + 1) for run in long]


def _head(readings: Sequence[Reading], rules: LivenessRules) -> list[Excursion]:
    """Turns and nods, in order. The last one need not be back in the middle, but on its way there."""
    middle = _middle(readings, rules)
    found: list[Excursion] = []
    away: Movement | None = None
    first = 0
    for i, r in enumerate(readings):
        if r.faces != 1:
            continue
        now = middle.left_by(r, rules)
        if away is not None and (middle.is_back(away, r, rules) or _swings_over(away, now)):
            found.append(Excursion(away, first, i))
            away = None
        if now is not None and (away is None or (away is Movement.NOD and now is not away)):
            if away is None:  # else a turn that began with the chin low
                first = i
            away = now
    if away is not None and middle.is_coming_back(away, readings[first:], rules):
        found.append(Excursion(away, first, len(readings)))
    return [e for e in found if e.movement is not Movement.NOD or _tips(readings[e.first : e.last], middle, rules)]


def _swings_over(away: Movement, now: Movement | None) -> bool:
    """From one side to the other, too fast for a frame in the middle."""
    turns = (Movement.TURN_LEFT, Movement.TURN_RIGHT)
    return away in turns and now in turns and now is not away


_COMING_BACK = 0.75
_SAME_BLINK_MS = 300  # one frame of a closed eye may read as open


@dataclass(frozen=True)
class _Middle:
    """Where this person is when they look straight ahead."""

    yaw_deg: float
    pitch_deg: float
    eyes_y_px: float
    face_width_px: float

    def lowered_widths(self, r: Reading) -> float:
        """How far the eyes have come down, in widths of the face."""
        return (r.eyes_y_px - self.eyes_y_px) / self.face_width_px

    def holds(self, r: Reading, rules: LivenessRules) -> bool:
        """Whether the face is (back) in the middle."""
        turned = abs(r.yaw_deg - self.yaw_deg) > rules.neutral_deg
        return not turned and abs(self.lowered_widths(r)) <= rules.nod_back_widths

    def nearly_holds(self, r: Reading, rules: LivenessRules) -> bool:
        """Whether the face is neither turned nor lowered as far as a nod."""
        return abs(r.yaw_deg - self.yaw_deg) <= rules.neutral_deg and self.lowered_widths(r) < rules.nod_widths

    def is_back(self, away: Movement, r: Reading, rules: LivenessRules) -> bool:
        """Whether the movement is over: a turn by its angle, a nod by the height of the eyes."""
        if away is Movement.NOD:
            return self.lowered_widths(r) <= rules.nod_back_widths
        return abs(r.yaw_deg - self.yaw_deg) <= rules.neutral_deg

    def is_coming_back(self, away: Movement, since: Sequence[Reading], rules: LivenessRules) -> bool:
        """Whether the capture ends on the way back to the middle: well below the movement's far end."""
        seen = [r for r in since if r.faces == 1]
        if away is Movement.NOD:
            return self.lowered_widths(seen[-1]) < rules.nod_widths
        angles = [abs(r.yaw_deg - self.yaw_deg) for r in seen]
        return angles[-1] <= _COMING_BACK * max(angles)

    def left_by(self, r: Reading, rules: LivenessRules) -> Movement | None:
        """The movement that this frame is the far end of."""
        yaw = r.yaw_deg - self.yaw_deg
        if yaw >= rules.turn_deg:
            return Movement.TURN_LEFT
        if yaw <= -rules.turn_deg:
            return Movement.TURN_RIGHT
        return Movement.NOD if self.lowered_widths(r) >= rules.nod_widths else None


def _middle(readings: Sequence[Reading], rules: LivenessRules) -> _Middle:
    """Medians over the frames that are roughly frontal."""
    near = [r for r in readings if r.faces == 1 and abs(r.yaw_deg) <= rules.turn_deg]
    if not near:
        return _Middle(0.0, 0.0, 0.0, 1.0)
    return _Middle(
        yaw_deg=median(r.yaw_deg for r in near),
        pitch_deg=median(r.pitch_deg for r in near),
        eyes_y_px=median(r.eyes_y_px for r in near),
        face_width_px=median(r.face_width_px for r in near),
    )


def _tips(nod: Sequence[Reading], middle: _Middle, rules: LivenessRules) -> bool:
    """Whether the head tipped: the chin goes back behind the forehead. A picture moved down stays flat."""
    tipped = sorted((r.pitch_deg - middle.pitch_deg for r in nod if r.faces == 1), reverse=True)
    most = tipped[: max(1, len(tipped) // 2)]
    return sum(most) / len(most) >= rules.nod_deg


def _basic_faults(readings: Sequence[Reading], rules: LivenessRules) -> list[Advice]:
    faults = []
    if len({r.digest for r in readings}) < len(readings):
        faults.append(Advice.REPEATED_FRAMES)
    if readings[-1].at_ms - readings[0].at_ms < rules.min_duration_ms:
        faults.append(Advice.TOO_SHORT)
    if any(r.faces > 1 for r in readings):
        faults.append(Advice.SEVERAL_FACES)
    if sum(r.faces == 0 for r in readings) > rules.max_faceless_share * len(readings):
        faults.append(Advice.NO_FACE)
    elif any(r.faces == 1 and r.face_width_px < rules.min_face_width_px for r in readings):
        faults.append(Advice.TOO_SMALL)
    return faults


def _steady(seen: Sequence[Reading], rules: LivenessRules) -> bool:
    """No jump of the face by more than so many of its own widths from one frame to the next."""
    for a, b in itertools.pairwise(seen):
        limit = rules.max_step_widths * max(a.face_width_px, b.face_width_px)
        if abs(a.eyes_x_px - b.eyes_x_px) > limit or abs(a.eyes_y_px - b.eyes_y_px) > limit:
            return False
    return True


def _without_repeats(movements: Sequence[Movement]) -> list[Movement]:
    """People nod twice: the same movement twice in a row is one."""
    return [m for i, m in enumerate(movements) if i == 0 or movements[i - 1] is not m]
