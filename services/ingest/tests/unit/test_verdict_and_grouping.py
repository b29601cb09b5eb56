"""Verdicts and groupings, rule by rule."""

from __future__ import annotations

import numpy as np
import pytest

from semblance.ingest.domain.faces import Answer, FoundFace, Match, Place
from semblance.ingest.domain.grouping import Known, group, likest_other
from semblance.ingest.domain.photo import bits_apart
from semblance.ingest.domain.verdict import Rules, judge
from semblance.kernel.ids import PersonId

PLACE = Place(0, 0, 100, 100, tuple(range(10)))
RULES = Rules()


def _face(who: int = 0, size_px: float = 100, sharpness: float = 100) -> FoundFace:
    return FoundFace(PLACE, size_px, sharpness, np.eye(128, dtype=np.float32)[who])


def _known(name: str, *whos: int, own: bool = False) -> Known:
    return Known(PersonId(name), np.eye(128, dtype=np.float32)[list(whos)], own)


OWN, OTHER = Match(True, 0.8), Match(False, 0.2)
PROTECTED, PROTECTED_OWN = Match(False, 0.2, protected=True), Match(True, 0.6, protected=True)


@pytest.mark.parametrize(
    ("faces", "matches", "reason"),
    [
        ([], [], "no-face"),
        ([_face()], [OTHER], "own-face-missing"),
        ([_face(), _face()], [OTHER, OTHER], "own-face-missing"),
        ([_face(size_px=39)], [OWN], "face-too-small"),
        ([_face(size_px=39)], [OTHER], "face-too-small"),
        ([_face(sharpness=9)], [OWN], "too-blurry"),
        ([_face(sharpness=9)], [OTHER], "too-blurry"),
        ([_face(sharpness=9), _face()], [OTHER, OTHER], "own-face-missing"),
        ([_face(sharpness=9), _face()], [OWN, OTHER], "too-blurry"),
        ([_face(), _face(sharpness=1, size_px=12)], [OWN, OTHER], ""),
        ([_face()], [PROTECTED], "protected-face"),
        ([_face()], [PROTECTED_OWN], "protected-face"),
        ([_face(size_px=90), _face(size_px=91)], [OWN, PROTECTED], "protected-face"),
        ([_face(size_px=91), _face(size_px=90)], [PROTECTED_OWN, OTHER], "protected-face"),
        ([_face(size_px=90), _face(size_px=91)], [PROTECTED_OWN, OTHER], "protected-face"),
        ([_face(size_px=91), _face(size_px=90)], [OWN, PROTECTED], ""),
    ],
)
def test_verdicts(faces: list[FoundFace], matches: list[Match], reason: str) -> None:
    verdict = judge(faces, Answer(matches, True), RULES)
    assert verdict.reason_code == reason
    assert verdict.accepted == (reason == "")
    assert verdict.sentence.endswith(".")


def test_sentences_count_the_others() -> None:
    alone = judge([_face()], Answer([OWN], True), RULES)
    with_one = judge([_face(), _face(1)], Answer([OTHER, OWN], True), RULES)
    with_two = judge([_face(), _face(1), _face(2)], Answer([OTHER, OWN, OTHER], True), RULES)
    assert alone.sentence == "Used."
    assert with_one.sentence == "Used, your own face only: 1 other person is left out and never learnt from."
    assert with_two.sentence.startswith("Used, your own face only: 2 other people are left out")
    assert with_two.own == 1
    unknown = judge([_face()], Answer([OTHER], False), RULES)
    assert "not known yet" in unknown.sentence


def test_at_most_one_face_is_own() -> None:
    verdict = judge([_face(), _face()], Answer([Match(True, 0.6), Match(True, 0.7)], True), RULES)
    assert verdict.own == 1


def test_a_face_joins_the_person_it_is_like() -> None:
    known = [_known("a", 1), _known("b", 2)]
    assert group([_face(2).embedding, _face(3).embedding], None, known, 0.5) == ["b", None]
    assert group([], None, known, 0.5) == []


def test_two_faces_of_a_photo_never_join_one_person() -> None:
    likest = np.eye(128, dtype=np.float32)[1]
    like = np.asarray(likest * 0.8 + np.eye(128, dtype=np.float32)[5] * 0.6, np.float32)
    assert group([like, likest], None, [_known("a", 1)], 0.5) == [None, "a"]


def test_own_faces_join_the_own_person_and_no_other_face_does() -> None:
    known = [_known("me", 0, own=True), _known("b", 2)]
    assert group([_face(7).embedding], 0, known, 0.5) == ["me"]
    assert group([_face(0).embedding], None, known, 0.5) == [None]
    assert group([_face(0).embedding], 0, [_known("b", 0)], 0.5) == [None]


def test_perceptual_hashes_differ_by_bits() -> None:
    assert bits_apart("0" * 64, "0" * 63 + "3") == 2
    assert bits_apart("", "0" * 64) == 256


def test_people_whom_another_face_model_read_are_like_nobody() -> None:
    unread = Known(PersonId("unread"), np.zeros((0,), np.float32), False)
    owner_unread = Known(PersonId("owner"), np.zeros((0,), np.float32), True)
    face = np.eye(128, dtype=np.float32)[3]
    assert group([face, face], 0, [unread, owner_unread], 0.5) == [owner_unread.id, None]
    assert likest_other(face, [unread, owner_unread], same_person=0.75) == -1.0
    assert likest_other(face, [unread, owner_unread, _known("bo", 3)], same_person=0.75) == 1.0
