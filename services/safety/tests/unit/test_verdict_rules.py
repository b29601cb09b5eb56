"""Which faces may be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semblance.safety.domain.verdict import FaceSeen, NudePart, Reason, VerdictRules, judge

RULES = VerdictRules(own_floor=0.4, other_threshold=0.6, clear_margin=0.1, margin=0.05, nudity_score_0_1=0.4)


def seen(own: float, other: float = -1.0) -> FaceSeen:
    return FaceSeen((0, 0, 10, 10), 0.9, own, other)


@pytest.mark.parametrize(
    ("faces", "reasons"),
    [
        ([seen(0.8)], ()),
        ([seen(0.4)], ()),
        ([], (Reason.NO_FACE,)),
        ([seen(0.39)], (Reason.FACE_NOT_COVERED,)),
        ([seen(0.8), seen(0.2)], (Reason.FACE_NOT_COVERED,)),
        ([seen(0.8, 0.5)], ()),
        ([seen(0.45, 0.49)], ()),
        ([seen(0.45, 0.51)], (Reason.FACE_OF_ANOTHER_PERSON,)),
        ([seen(0.68, 0.62)], (Reason.FACE_OF_ANOTHER_PERSON,)),
        ([seen(0.73, 0.62)], ()),
        ([seen(0.1, 0.9)], (Reason.FACE_NOT_COVERED, Reason.FACE_OF_ANOTHER_PERSON)),
        ([seen(0.1, 0.4)], (Reason.FACE_NOT_COVERED,)),
        ([seen(0.9), seen(0.5, 0.9)], (Reason.FACE_OF_ANOTHER_PERSON,)),
    ],
)
def test_every_face_must_be_the_subjects_and_nobody_elses(faces: list[FaceSeen], reasons: tuple[Reason, ...]) -> None:
    assert judge(faces, enrolled=True, nude_parts=[], rules=RULES).reasons == reasons


def test_somebody_who_is_not_enrolled_has_no_face_here() -> None:
    assert judge([seen(0.9)], enrolled=False, nude_parts=[], rules=RULES).reasons == (Reason.FACE_NOT_COVERED,)


def test_a_protected_face_is_a_reason_of_its_own_however_much_it_is_the_subjects() -> None:
    faces = [seen(0.9), replace(seen(0.5), protected=True)]
    assert judge(faces, enrolled=True, nude_parts=[], rules=RULES).reasons == (Reason.PROTECTED_FACE,)


def test_nudity_is_a_reason_of_its_own() -> None:
    part = NudePart("BUTTOCKS_EXPOSED", 0.41, (0, 0, 5, 5))
    assert judge([seen(0.9)], enrolled=True, nude_parts=[part], rules=RULES).reasons == (Reason.NUDITY,)
    unsure = NudePart("BUTTOCKS_EXPOSED", 0.39, (0, 0, 5, 5))
    assert judge([seen(0.9)], enrolled=True, nude_parts=[unsure], rules=RULES).reasons == ()
