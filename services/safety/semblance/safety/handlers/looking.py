"""One look at a picture: cheap refusals first, then every face against everybody it could be."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from semblance.kernel.consent import Depicted
from semblance.kernel.errors import Gone, Unavailable
from semblance.kernel.ids import SubjectId
from semblance.safety.domain.picture import BLURRED, Measured, PictureCheck
from semblance.safety.domain.verdict import NOBODY, FaceSeen, Judgement, NudePart, Reason, VerdictRules, is_known
from semblance.safety.ports import BoxPx, Embedding, FaceScores, FoundFace, Pixels, Ports

GoOn = Callable[[], None]


@dataclass(frozen=True)
class Blurred:
    """The bytes that may be seen in place of those that were made, as they lie in quarantine."""

    key: str
    sha256: str


@dataclass(frozen=True)
class Examined:
    """What one look at a picture gave. `gone`: the person's key is destroyed, there is nobody left to tell. `doubt`: an
    operator must decide. `blurred`: these bytes instead."""

    reasons: tuple[str, ...] = ()
    measured: Measured = field(default_factory=Measured)
    gone: bool = False
    doubt: bool = False
    blurred: Blurred | None = None


def look(check: PictureCheck, png: bytes, ports: Ports, go_on: GoOn) -> Examined:
    """Raises UnreadablePicture, TooManyPlaces, Unavailable, Gone, and what `go_on` raises."""
    image = ports.eyes.open(png, width_px=check.width_px, height_px=check.height_px)
    nude = tuple(ports.eyes.nude_parts(image))
    if any(part.score_0_1 >= ports.verdict_rules.nudity_score_0_1 for part in nude):
        return Examined((Reason.NUDITY.value,), Measured(nude_parts=nude))
    go_on()
    measured = _measure(check, image, nude, ports, go_on)
    if measured is None:
        return Examined((Reason.TOO_MANY_FACES.value,))
    judged = measured.judge(measured.faces, nude, ports.verdict_rules)
    if judged.reasons or not judged.blur_px:
        return Examined(tuple(reason.value for reason in judged.reasons), measured, doubt=judged.doubt)
    return _blur(_Shown(check, image, measured, judged), ports, go_on)


def _measure(
    check: PictureCheck, image: Pixels, nude: Sequence[NudePart], ports: Ports, go_on: GoOn
) -> Measured | None:
    """Every face with its scores; None where there are more than can be compared."""
    found = ports.eyes.faces(image, go_on)
    if len(found) > ports.limits.faces:
        return None
    go_on()
    readable = [face.embedding for face in found if face.embedding is not None]
    own = [_matches(each, check, readable, ports) for each in check.depicted]
    library = _in_libraries(check, readable, ports)
    figures = ports.figures.best(check.subject_id, readable)
    _require_numbers(figures, readable)
    seen = iter(zip(zip(*(scores for scores, _ in own), strict=True), library, figures, strict=True))
    enrolled = tuple(is_enrolled for _, is_enrolled in own)
    faces = tuple(
        _seen(face, next(seen), enrolled) if face.embedding is not None else _unreadable(face, len(own))
        for face in found
    )
    revision = min((score.index_revision for scores, _ in own for score in scores), default=-1)
    return Measured(faces, tuple(nude), any(enrolled), revision, enrolled if check.further else ())


def _matches(
    each: Depicted, check: PictureCheck, faces: Sequence[Embedding], ports: Ports
) -> tuple[list[FaceScores], bool]:
    """How like this one of the people in the picture each face is, and how like anybody who may not be in it."""
    scores, enrolled = ports.matcher.match(
        each.subject_id,
        faces,
        consent_id=each.consent_id,
        consent_revision=each.consent_revision,
        also_depicted=[other.subject_id for other in check.depicted if other.subject_id != each.subject_id],
    )
    _require_numbers([score.own for score in scores], faces)
    _require_numbers([score.other for score in scores], faces)
    return scores, enrolled


def _in_libraries(check: PictureCheck, faces: Sequence[Embedding], ports: Ports) -> list[float]:
    """Each face's best cosine with anybody in the photos that concern this picture. Raises Unavailable, Gone."""
    scores = [_in_library(owner_id, check, faces, ports) for owner_id in check.libraries]
    for of_one in scores:
        _require_numbers(of_one, faces)
    return [max(of_face) for of_face in zip(*scores, strict=True)]


def _in_library(owner_id: SubjectId, check: PictureCheck, faces: Sequence[Embedding], ports: Ports) -> list[float]:
    depicted = [each.subject_id for each in check.depicted if each.subject_id != owner_id]
    try:
        return ports.library.best(owner_id, faces, depicted=depicted)
    except Gone:
        if owner_id == check.subject_id:
            raise
        # Whoever asked is erased, and their photos with them. So may be somebody in it: then their consent has ended.
        return [NOBODY] * len(faces)


def _require_numbers(scores: Sequence[float], faces: Sequence[Embedding]) -> None:
    """A score for each face from everybody who was asked, and a number: a comparison with one that is none is never
    true, and would find nobody alike. Raises Unavailable."""
    if len(scores) != len(faces):
        raise Unavailable("not every face was compared")
    if not all(map(math.isfinite, scores)):
        raise Unavailable("a comparison gave no number")


@dataclass(frozen=True)
class _Shown:
    """A picture that would do but for some unknown faces."""

    check: PictureCheck
    image: Pixels
    measured: Measured
    judged: Judgement


def _blur(shown: _Shown, ports: Ports, go_on: GoOn) -> Examined:
    """Blur, look again, and only then keep the new bytes. What is left of a face must be like nobody."""
    boxes = shown.judged.blur_px
    copy, png = ports.eyes.blur(shown.image, boxes)
    go_on()
    after = _measure(shown.check, copy, (), ports, go_on)
    if after is None or any(_is_left(face, boxes, ports.verdict_rules) for face in after.faces):
        return Examined((Reason.FACE_NOT_COVERED.value,), shown.measured)
    clear = [face for face in after.faces if not _within(face, boxes)]
    judged = after.judge(clear, (), ports.verdict_rules)
    if judged.reasons or judged.blur_px:
        return Examined(tuple(r.value for r in judged.reasons or (Reason.FACE_NOT_COVERED,)), shown.measured)
    go_on()
    key = shown.check.keys[0] + BLURRED
    ports.quarantine.put(shown.check.subject_id, key, png)
    blurred = Blurred(key, hashlib.sha256(png).hexdigest())
    return Examined((), shown.measured, doubt=shown.judged.doubt or judged.doubt, blurred=blurred)


def _is_left(face: FaceSeen, boxes: Sequence[BoxPx], rules: VerdictRules) -> bool:
    """Whether a blurred face is still like somebody."""
    return _within(face, boxes) and is_known(face, rules)


def _within(face: FaceSeen, boxes: Sequence[BoxPx]) -> bool:
    """Whether the face's middle lies in one of the boxes."""
    x, y = face.box_px[0] + face.box_px[2] / 2, face.box_px[1] + face.box_px[3] / 2
    return any(left <= x <= left + width and top <= y <= top + height for left, top, width, height in boxes)


def _seen(face: FoundFace, scores: tuple[tuple[FaceScores, ...], float, float], enrolled: Sequence[bool]) -> FaceSeen:
    """A face is the likest one's of those who are enrolled, and is compared with everybody else beside that one."""
    of_each, library, figure = scores
    known = of_each[max(range(len(of_each)), key=lambda k: (enrolled[k], of_each[k].own))]
    return FaceSeen(
        face.box_px,
        face.found_0_1,
        own_score=known.own,
        other_score=known.other,
        protected=known.protected,
        library_score=library,
        figure_score=figure,
        own_scores=tuple(score.own for score in of_each) if len(of_each) > 1 else (),
    )


def _unreadable(face: FoundFace, people: int) -> FaceSeen:
    own = (NOBODY,) * people if people > 1 else ()
    return FaceSeen(face.box_px, face.found_0_1, NOBODY, NOBODY, readable=False, own_scores=own)


class Nobody:
    """No list of people to compare with."""

    def best(
        self,
        _subject_id: SubjectId,
        faces: Sequence[Embedding],
        *,
        depicted: Sequence[SubjectId] = (),  # noqa: ARG002 - called as a library is
    ) -> list[float]:
        """-1 for each face."""
        return [-1.0] * len(faces)
