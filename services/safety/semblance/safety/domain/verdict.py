"""May this picture be seen? Rules over what was measured in it; anything not covered is blocked."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

NOBODY = -1.0  # the score of a comparison with nobody


class Reason(enum.Enum):
    """Why a picture is blocked; goes out with the event."""

    NO_FACE = "no-face"
    FACE_NOT_COVERED = "face-not-covered"
    FACE_OF_ANOTHER_PERSON = "face-of-another-person"
    FACE_OF_LIBRARY_PERSON = "face-of-library-person"
    PUBLIC_FIGURE = "public-figure"
    PROTECTED_FACE = "protected-face"
    CONSENT_OF_ANOTHER = "consent-of-another-required"
    PERSON_MISSING = "person-missing"
    NUDITY = "nudity"
    UNREADABLE = "unreadable"
    TOO_MANY_FACES = "too-many-faces"
    CHECK_UNAVAILABLE = "check-unavailable"
    REVIEW_REFUSED = "review-refused"
    REVIEW_EXPIRED = "review-expired"


class UnknownFaces(enum.Enum):
    """What becomes of a face that is neither the subject's nor like anybody known."""

    BLOCK = "block"
    BLUR = "blur"
    ALLOW = "allow"


@dataclass(frozen=True)
class FaceSeen:
    """One face: where, how sure, its best cosines (NOBODY: nobody to compare with): the subject, anybody else enrolled,
    the other people in the photos of the subject and of whoever asked, the operator's public figures; whether identity
    says that it is protected; whether it could be read at all. own_scores: in a picture of several, the cosine with
    each of them, and own_score is the best of those who are enrolled."""

    box_px: tuple[float, float, float, float]
    found_0_1: float
    own_score: float
    other_score: float
    protected: bool = False
    library_score: float = NOBODY
    figure_score: float = NOBODY
    readable: bool = True
    own_scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class NudePart:
    """Something that nudity was found by."""

    label: str
    score_0_1: float
    box_px: tuple[float, float, float, float]


@dataclass(frozen=True)
class VerdictRules:
    """Thresholds; settings.py sets them and README.md says how they were measured.

    own_floor: a face is the subject's at or above it. other_threshold (and those of library people and figures): at or
    above it a face also looks like somebody else, and passes only if it is the subject's by at least `clear_margin`.
    margin: a subject's face that is somebody else's by more than this is theirs. review_band: so little below a
    threshold it is in doubt, and an operator looks (0: nobody does).
    """

    own_floor: float
    other_threshold: float
    clear_margin: float
    margin: float
    nudity_score_0_1: float
    library_threshold: float = 0.6
    figure_threshold: float = 0.6
    review_band: float = 0.0
    unknown_faces: UnknownFaces = UnknownFaces.BLOCK


@dataclass(frozen=True)
class Judgement:
    """Blocked with `reasons`; or in doubt, for an operator; or to be blurred at these boxes first; or fine."""

    reasons: tuple[Reason, ...] = ()
    doubt: bool = False
    blur_px: tuple[tuple[float, float, float, float], ...] = ()


def judge(
    faces: Sequence[FaceSeen], *, enrolled: bool, nude_parts: Sequence[NudePart], rules: VerdictRules
) -> Judgement:
    """Every reason to block; none only when each face is the subject's, or unknown where that may be, and nothing else
    objects. Some face must be the subject's."""
    own = [enrolled and face.readable and face.own_score >= rules.own_floor for face in faces]
    unknown = [face for face, is_own in zip(faces, own, strict=True) if not is_own]
    reasons = []
    if not faces:
        reasons.append(Reason.NO_FACE)
    elif not any(own) or (unknown and rules.unknown_faces is UnknownFaces.BLOCK):
        reasons.append(Reason.FACE_NOT_COVERED)
    reasons += _somebody_elses(list(zip(faces, own, strict=True)), rules)
    if any(face.protected for face in faces):
        reasons.append(Reason.PROTECTED_FACE)
    if any(part.score_0_1 >= rules.nudity_score_0_1 for part in nude_parts):
        reasons.append(Reason.NUDITY)
    if reasons:
        return Judgement(tuple(reasons))
    blur = tuple(face.box_px for face in unknown) if rules.unknown_faces is UnknownFaces.BLUR else ()
    return Judgement(doubt=any(_in_doubt(face, rules) for face in faces), blur_px=blur)


def judge_several(
    faces: Sequence[FaceSeen],
    own_scores: Sequence[Sequence[float]],
    *,
    consenting: Sequence[bool],
    nude_parts: Sequence[NudePart],
    rules: VerdictRules,
) -> Judgement:
    """The same for a request with several subjects: `own_scores` has each face's cosine with each of them, `consenting`
    whether the consent of each stands and they are enrolled.

    A face is its best subject's. One whose consent does not stand is somebody else to every face, and a reason of its
    own where a face is theirs. Two who both consent may be alike: either way a consent covers the face. Everybody must
    be seen: a picture that shows one of two is not the one that both agreed to.
    """
    seen, missing = [], False
    for face, scores in zip(faces, own_scores, strict=True):
        yes = [score for score, consents in zip(scores, consenting, strict=True) if consents]
        no = [score for score, consents in zip(scores, consenting, strict=True) if not consents]
        own, refused = max(yes, default=NOBODY), max(no, default=NOBODY)
        missing = missing or (refused >= rules.own_floor and refused > own - rules.margin)
        seen.append(replace(face, own_score=own, other_score=max(face.other_score, refused)))
    judged = judge(seen, enrolled=any(consenting), nude_parts=nude_parts, rules=rules)
    if missing:
        return replace(judged, reasons=(*judged.reasons, Reason.CONSENT_OF_ANOTHER))
    if not judged.reasons and not _everybody_seen(seen, own_scores, consenting, rules.own_floor):
        return Judgement((Reason.PERSON_MISSING,))
    return judged


def _everybody_seen(
    faces: Sequence[FaceSeen], own_scores: Sequence[Sequence[float]], consenting: Sequence[bool], floor: float
) -> bool:
    """Whether everybody can be given a face of their own that is theirs (Kuhn's matching)."""
    could_be = [
        [i for i, scores in enumerate(own_scores) if faces[i].readable and consents and scores[person] >= floor]
        for person, consents in enumerate(consenting)
    ]
    given: dict[int, int] = {}

    def seat(person: int, tried: set[int]) -> bool:
        for face in could_be[person]:
            if face not in tried:
                tried.add(face)
                if face not in given or seat(given[face], tried):
                    given[face] = person
                    return True
        return False

    return all(seat(person, set()) for person in range(len(consenting)))


def _somebody_elses(faces: Sequence[tuple[FaceSeen, bool]], rules: VerdictRules) -> list[Reason]:
    """Whose, in kinds of people; never which person."""
    return [
        reason
        for reason, score_of, threshold in _comparisons(rules)
        if any(_is_theirs(score_of(face), face.own_score, threshold, rules, is_own=is_own) for face, is_own in faces)
    ]


def _is_theirs(score: float, own_score: float, threshold: float, rules: VerdictRules, *, is_own: bool) -> bool:
    if is_own and score > own_score + rules.margin:
        return True
    return score >= threshold and own_score < score + rules.clear_margin


def _in_doubt(face: FaceSeen, rules: VerdictRules) -> bool:
    """A little below a threshold, and not plainly the subject's."""
    return rules.review_band > 0 and any(
        score_of(face) >= threshold - rules.review_band and face.own_score < score_of(face) + rules.clear_margin
        for _, score_of, threshold in _comparisons(rules)
    )


def is_known(face: FaceSeen, rules: VerdictRules) -> bool:
    """Whether a face is like anybody at all, nearly or quite: what must not be left of a blurred one."""
    known = [(face.own_score, rules.own_floor)]
    known += [(score_of(face), threshold - rules.review_band) for _, score_of, threshold in _comparisons(rules)]
    return face.protected or any(score >= threshold for score, threshold in known)


def _comparisons(rules: VerdictRules) -> tuple[tuple[Reason, Callable[[FaceSeen], float], float], ...]:
    return (
        (Reason.FACE_OF_ANOTHER_PERSON, lambda face: face.other_score, rules.other_threshold),
        (Reason.FACE_OF_LIBRARY_PERSON, lambda face: face.library_score, rules.library_threshold),
        (Reason.PUBLIC_FIGURE, lambda face: face.figure_score, rules.figure_threshold),
    )
