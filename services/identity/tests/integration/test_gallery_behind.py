"""Scores are refused where the enrolled faces are older than what the caller knows of, or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from semblance.identity.domain.errors import GalleryBehind, InvalidEmbedding
from semblance.identity.handlers.faces import find_matches
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id

if TYPE_CHECKING:
    from conftest import Desk


def test_a_consent_that_is_known_here_is_answered(desk: Desk) -> None:
    ada, consent = desk.opted_in(1)
    found = find_matches(ada, [desk.face(1)], desk.ports, consent=(consent.id, consent.revision))
    assert found.enrolled
    assert found.faces[0].own


def test_those_who_may_be_seen_too_are_nobody_else(desk: Desk) -> None:
    (ada, consent), (bob, _), (eve, _) = desk.opted_in(1), desk.opted_in(2), desk.opted_in(3)
    faces, known = [desk.face(1), desk.face(2), desk.face(3)], (consent.id, consent.revision)
    alone = find_matches(ada, faces, desk.ports, consent=known)
    assert [match.other for match in alone.faces] == [False, True, True]
    with_bob = find_matches(ada, faces, desk.ports, consent=known, also_depicted=[bob])
    assert [match.other for match in with_bob.faces] == [False, False, True]
    with_both = find_matches(ada, faces, desk.ports, consent=known, also_depicted=[bob, eve])
    assert [match.scores.other for match in with_both.faces] == [-1.0] * 3
    with pytest.raises(InvalidEmbedding):
        find_matches(ada, faces, desk.ports, consent=known, also_depicted=[bob] * 17)


@pytest.mark.parametrize("behind", ["unknown", "older", "another's"])
def test_a_database_that_is_behind_gives_no_scores(desk: Desk, behind: str) -> None:
    ada, consent = desk.opted_in(1)
    asked = {
        "unknown": (ada, (new_id(), 1)),
        "older": (ada, (consent.id, consent.revision + 1)),
        "another's": (SubjectId(new_id()), (consent.id, consent.revision)),
    }[behind]
    with pytest.raises(GalleryBehind) as refused:
        find_matches(asked[0], [desk.face(1)], desk.ports, consent=asked[1])
    assert isinstance(refused.value, Unavailable)
    assert refused.value.code == "gallery-behind"


def test_templates_gone_while_a_consent_stands_are_no_answer(desk: Desk) -> None:
    ada, consent = desk.opted_in(1)
    with desk.ports.transactions() as store:
        store.templates.remove(ada)
    with pytest.raises(GalleryBehind):
        find_matches(ada, [desk.face(1)], desk.ports, consent=(consent.id, consent.revision))
    assert not find_matches(ada, [desk.face(1)], desk.ports).enrolled
