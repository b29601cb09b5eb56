"""Which faces may be seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from semblance.safety.domain.verdict import (
    FaceSeen,
    NudePart,
    Reason,
    UnknownFaces,
    VerdictRules,
    judge,
    judge_several,
)

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


def with_policy(policy: UnknownFaces, band: float = 0.0) -> VerdictRules:
    return replace(RULES, unknown_faces=policy, review_band=band)


UNKNOWN = seen(0.1, 0.2)
KNOWN = seen(0.1, 0.6)


@pytest.mark.parametrize(
    ("policy", "faces", "reasons", "blurred"),
    [
        (UnknownFaces.BLOCK, [seen(0.8), UNKNOWN], (Reason.FACE_NOT_COVERED,), 0),
        (UnknownFaces.ALLOW, [seen(0.8), UNKNOWN], (), 0),
        (UnknownFaces.BLUR, [seen(0.8), UNKNOWN, UNKNOWN], (), 2),
        (UnknownFaces.ALLOW, [UNKNOWN], (Reason.FACE_NOT_COVERED,), 0),
        (UnknownFaces.BLUR, [UNKNOWN], (Reason.FACE_NOT_COVERED,), 0),
        (UnknownFaces.ALLOW, [], (Reason.NO_FACE,), 0),
        (UnknownFaces.ALLOW, [seen(0.8), KNOWN], (Reason.FACE_OF_ANOTHER_PERSON,), 0),
        (UnknownFaces.BLUR, [seen(0.8), KNOWN], (Reason.FACE_OF_ANOTHER_PERSON,), 0),
        (UnknownFaces.ALLOW, [seen(0.8), replace(UNKNOWN, protected=True)], (Reason.PROTECTED_FACE,), 0),
        (UnknownFaces.ALLOW, [seen(0.8), replace(UNKNOWN, library_score=0.6)], (Reason.FACE_OF_LIBRARY_PERSON,), 0),
        (UnknownFaces.ALLOW, [seen(0.8), replace(UNKNOWN, figure_score=0.6)], (Reason.PUBLIC_FIGURE,), 0),
    ],
)
def test_an_unknown_face_follows_the_policy_and_a_known_one_never_does(
    policy: UnknownFaces, faces: list[FaceSeen], reasons: tuple[Reason, ...], blurred: int
) -> None:
    judged = judge(faces, enrolled=True, nude_parts=[], rules=with_policy(policy))
    assert (judged.reasons, len(judged.blur_px), judged.doubt) == (reasons, blurred, False)


def test_a_face_that_cannot_be_read_is_an_unknown_one_whatever_its_score_says() -> None:
    unreadable = replace(seen(0.9), readable=False)
    assert judge([unreadable], enrolled=True, nude_parts=[], rules=RULES).reasons == (Reason.FACE_NOT_COVERED,)


@pytest.mark.parametrize(
    ("face", "doubt"),
    [
        (seen(0.66, 0.59), True),
        (seen(0.70, 0.59), False),
        (seen(0.66, 0.57), False),
        (replace(seen(0.66), library_score=0.59), True),
        (replace(seen(0.66), figure_score=0.59), True),
    ],
)
def test_a_little_below_a_threshold_is_a_doubt_unless_it_is_plainly_the_subject(face: FaceSeen, doubt: bool) -> None:
    judged = judge([face], enrolled=True, nude_parts=[], rules=with_policy(UnknownFaces.BLOCK, 0.02))
    assert (judged.reasons, judged.doubt) == ((), doubt)
    assert not judge([face], enrolled=True, nude_parts=[], rules=RULES).doubt


def test_a_doubt_is_no_pass_for_an_unknown_face_either() -> None:
    faces = [seen(0.8), seen(0.1, 0.59)]
    assert judge(faces, enrolled=True, nude_parts=[], rules=with_policy(UnknownFaces.ALLOW, 0.02)).doubt


def several(scores: list[list[float]], consenting: list[bool]) -> tuple[Reason, ...]:
    faces = [seen(-1.0) for _ in scores]
    return judge_several(faces, scores, consenting=consenting, nude_parts=[], rules=RULES).reasons


@pytest.mark.parametrize(
    ("scores", "consenting", "reasons"),
    [
        ([[0.8, 0.1], [0.2, 0.7]], [True, True], ()),
        ([[0.6, 0.58], [0.59, 0.57]], [True, True], ()),  # alike, and both consent
        ([[0.6, 0.2], [0.7, 0.5]], [True, True], ()),  # the second might be either's, the first's is plain
        ([[0.6, 0.58]], [True, True], (Reason.PERSON_MISSING,)),  # one face is not two people's
        ([[0.8, 0.1], [0.7, 0.3]], [True, True], (Reason.PERSON_MISSING,)),  # the first one twice
        ([[0.8, 0.1]], [True, False], (Reason.PERSON_MISSING,)),
        ([[0.8, 0.1], [0.2, 0.3]], [True, True], (Reason.FACE_NOT_COVERED,)),
        (
            [[0.8, 0.1], [0.2, 0.7]],
            [True, False],
            (Reason.FACE_NOT_COVERED, Reason.FACE_OF_ANOTHER_PERSON, Reason.CONSENT_OF_ANOTHER),
        ),
        ([[0.62, 0.64]], [True, False], (Reason.FACE_OF_ANOTHER_PERSON, Reason.CONSENT_OF_ANOTHER)),
        (
            [[0.8, 0.1]],
            [False, False],
            (Reason.FACE_NOT_COVERED, Reason.FACE_OF_ANOTHER_PERSON, Reason.CONSENT_OF_ANOTHER),
        ),
    ],
)
def test_of_several_subjects_everybody_depicted_must_consent(
    scores: list[list[float]], consenting: list[bool], reasons: tuple[Reason, ...]
) -> None:
    assert several(scores, consenting) == reasons


def test_of_several_subjects_somebody_elses_face_is_still_somebody_elses() -> None:
    faces = [seen(-1.0, 0.75)]
    judged = judge_several(faces, [[0.7, 0.5]], consenting=[True, True], nude_parts=[], rules=RULES)
    assert judged.reasons == (Reason.FACE_OF_ANOTHER_PERSON,)
