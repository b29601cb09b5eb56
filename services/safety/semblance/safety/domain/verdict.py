"""May this picture be seen? Rules over what was measured in it; anything not covered is blocked."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Reason(enum.Enum):
    """Why a picture is blocked; goes out with the event."""

    NO_FACE = "no-face"
    FACE_NOT_COVERED = "face-not-covered"
    FACE_OF_ANOTHER_PERSON = "face-of-another-person"
    PROTECTED_FACE = "protected-face"
    NUDITY = "nudity"
    UNREADABLE = "unreadable"
    CHECK_UNAVAILABLE = "check-unavailable"


@dataclass(frozen=True)
class FaceSeen:
    """One face: where, how sure, its best cosines with the subject's templates and anybody else's (-1: none), whether
    identity says that it is protected."""

    box_px: tuple[float, float, float, float]
    found_0_1: float
    own_score: float
    other_score: float
    protected: bool = False


@dataclass(frozen=True)
class NudePart:
    """Something that nudity was found by."""

    label: str
    score_0_1: float
    box_px: tuple[float, float, float, float]


@dataclass(frozen=True)
class VerdictRules:
    """Thresholds; settings.py sets them and README.md says how they were measured.

    own_floor: a face is the subject's at or above it. other_threshold: at or above it a face also looks like somebody
    else, and passes only if it is the subject's by at least `clear_margin`. margin: a face that is somebody else's by
    more than this is theirs, however low both scores are.
    """

    own_floor: float
    other_threshold: float
    clear_margin: float
    margin: float
    nudity_score_0_1: float


def judge(
    faces: Sequence[FaceSeen], *, enrolled: bool, nude_parts: Sequence[NudePart], rules: VerdictRules
) -> tuple[Reason, ...]:
    """Every reason to block; empty only when each face is the subject's and nothing else objects."""
    reasons = []
    if not faces:
        reasons.append(Reason.NO_FACE)
    if faces and (not enrolled or any(face.own_score < rules.own_floor for face in faces)):
        reasons.append(Reason.FACE_NOT_COVERED)
    if any(_is_anothers(face, rules) for face in faces):
        reasons.append(Reason.FACE_OF_ANOTHER_PERSON)
    if any(face.protected for face in faces):
        reasons.append(Reason.PROTECTED_FACE)
    if any(part.score_0_1 >= rules.nudity_score_0_1 for part in nude_parts):
        reasons.append(Reason.NUDITY)
    return tuple(reasons)


def _is_anothers(face: FaceSeen, rules: VerdictRules) -> bool:
    if face.other_score > face.own_score + rules.margin:
        return True
    return face.other_score >= rules.other_threshold and face.own_score < face.other_score + rules.clear_margin
