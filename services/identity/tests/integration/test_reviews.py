"""Reviews: what opens one, who decides, what a decision does, and how they end."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters import tables
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.domain.errors import (
    InvalidReview,
    ReviewDecided,
    ReviewNotUsable,
    SubjectErased,
    UnknownReview,
)
from semblance.identity.domain.liveness import Advice
from semblance.identity.domain.review import REFUSED_ADVICE, Review, ReviewKind, ReviewState
from semblance.identity.domain.session import SessionState
from semblance.identity.handlers import capture, erasure, faces, retention, reviews
from semblance.kernel.ids import ReviewId, SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
ALLOWED, REFUSED = ReviewState.ALLOWED, ReviewState.REFUSED


def all_of(desk: Any, state: ReviewState | None = None) -> list[Review]:
    return reviews.list_reviews(state, "", 100, desk.ports)


def decided(desk: Any, review: Review, decision: ReviewState, *, by: str = "ada", note: str = "") -> Review:
    return reviews.decide_review(reviews.DecideReview(review.id, decision, by, note), desk.ports)


def doubted(desk: Any, subject_id: SubjectId, person: int = 7) -> Review:
    """The review that this person's capture leads to, `person` being enrolled under another account."""
    desk.submitted(desk.opened(subject_id, device=new_id()), person=person)
    (review,) = [r for r in all_of(desk, ReviewState.OPEN) if r.subject_id == subject_id]
    return review


def test_a_face_enrolled_elsewhere_opens_one_review_however_often_it_is_tried(desk: Any, subject_id: SubjectId) -> None:
    first, _ = desk.opted_in(person=7)
    review = doubted(desk, subject_id)
    assert (review.kind, review.other_subject_id) == (ReviewKind.FACE_ENROLLED_ELSEWHERE, first)
    again = doubted(desk, subject_id)
    assert again.id == review.id
    assert again.session_id != review.session_id


def test_allowed_lets_the_person_in_once(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = decided(desk, doubted(desk, subject_id), ALLOWED)
    assert (review.decided_by, review.decided_at) == ("ada", desk.clock.now())
    session = capture.get_session(subject_id, review.session_id, desk.ports)
    assert session.state is SessionState.FAILED
    assert "new session before" in session.advice[0]
    passed = desk.submitted(desk.opened(subject_id, device="again"), person=7)
    assert passed.state is SessionState.SUCCEEDED
    assert all_of(desk)[0].used_at == desk.clock.now()
    once_more = desk.submitted(desk.opened(subject_id, device="more"), person=7)
    assert once_more.advice == (Advice.REVIEW.value,)


def test_what_was_allowed_runs_out(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    decided(desk, doubted(desk, subject_id), ALLOWED)
    desk.clock.advance(desk.settings.review_use_s)
    assert desk.submitted(desk.opened(subject_id, device="late"), person=7).state is SessionState.FAILED


def test_what_was_allowed_is_for_this_person_alone(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    decided(desk, doubted(desk, subject_id), ALLOWED)
    stranger = SubjectId(new_id())
    assert desk.submitted(desk.opened(stranger, device="third"), person=7).state is SessionState.FAILED


def test_what_was_allowed_is_about_one_person_and_not_about_another(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    second, _ = desk.opted_in(person=8)
    decided(desk, doubted(desk, subject_id), ALLOWED)
    assert desk.submitted(desk.opened(subject_id, device="swap"), person=8).state is SessionState.FAILED
    (fresh,) = all_of(desk, ReviewState.OPEN)
    assert fresh.other_subject_id == second
    assert desk.submitted(desk.opened(subject_id, device="back"), person=7).state is SessionState.SUCCEEDED


def test_allowed_skips_no_other_check(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    decided(desk, doubted(desk, subject_id), ALLOWED)
    session = desk.opened(subject_id, device="again")
    still = desk.shown(tuple(reversed(session.challenge)), session.colours)
    assert desk.submitted(session, person=7, readings=still).state is SessionState.IN_PROGRESS
    assert all_of(desk)[0].used_at is None


def test_refused_says_so_and_lets_nobody_in(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = decided(desk, doubted(desk, subject_id), REFUSED)
    assert review.usable_until is None
    assert capture.get_session(subject_id, review.session_id, desk.ports).advice == (REFUSED_ADVICE,)
    assert desk.submitted(desk.opened(subject_id, device="again"), person=7).state is SessionState.FAILED


def test_the_first_of_two_operators_decides(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = doubted(desk, subject_id)
    outcomes: list[str] = []

    def decide(decision: ReviewState, by: str) -> None:
        try:
            outcomes.append(decided(desk, review, decision, by=by).state.value)
        except ReviewDecided:
            outcomes.append("late")

    pair = [threading.Thread(target=decide, args=args) for args in ((ALLOWED, "ada"), (REFUSED, "bob"))]
    for operator in pair:
        operator.start()
    for operator in pair:
        operator.join()
    kept = all_of(desk)[0]
    assert sorted(outcomes) == sorted(["late", kept.state.value])
    same = decided(desk, review, kept.state, by="eve", note="too late")
    assert same == kept
    assert same.decided_by in {"ada", "bob"}


def test_a_note_is_sealed_and_read_by_operators_only(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = decided(desk, doubted(desk, subject_id), REFUSED, note="  Twins, spoken to both.  ")
    assert reviews.get_review(review.id, desk.ports)[1] == "Twins, spoken to both."
    with desk.database.read() as session:
        (sealed,) = session.scalars(sa.select(tables.reviews.c.sealed_note)).all()
    assert b"Twins" not in sealed
    for note in ("x" * 501, "bell\x07"):
        with pytest.raises(InvalidReview):
            decided(desk, review, REFUSED, note=note)


def test_unknown_and_senseless_decisions(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = doubted(desk, subject_id)
    with pytest.raises(UnknownReview):
        reviews.decide_review(reviews.DecideReview(ReviewId(new_id()), ALLOWED, "ada"), desk.ports)
    with pytest.raises(UnknownReview):
        reviews.get_review(ReviewId(new_id()), desk.ports)
    with pytest.raises(InvalidReview):
        decided(desk, review, ReviewState.OPEN)
    assert all_of(desk) == [review]


def test_reviews_end_with_the_person_and_others_lose_the_name(desk: Any, subject_id: SubjectId) -> None:
    first, _ = desk.opted_in(person=7)
    review = doubted(desk, subject_id)
    erase(desk, first)
    assert all_of(desk) == [dataclasses.replace(review, other_subject_id=None)]
    erasure.request_erasure(subject_id, desk.ports)
    with pytest.raises(SubjectErased):
        decided(desk, review, ALLOWED)
    gone = erase(desk, subject_id)
    assert ("database:reviews", 1) in {(store.store, store.count) for store in gone.stores}
    assert all_of(desk) == []
    with pytest.raises(UnknownReview):
        decided(desk, review, ALLOWED)


def test_reviews_end_by_the_clock(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    doubted(desk, subject_id)
    desk.clock.advance(desk.settings.review_days * 86_400)
    assert retention.forget_reviews(desk.ports) == 0
    desk.clock.advance(1)
    assert retention.forget_reviews(desk.ports) == 1
    assert all_of(desk) == []


def test_pages_are_oldest_first(desk: Any) -> None:
    desk.opted_in(person=7)
    opened = [doubted(desk, SubjectId(new_id())).id for _ in range(3)]
    assert [r.id for r in reviews.list_reviews(None, "", 2, desk.ports)] == opened[:2]
    assert [r.id for r in reviews.list_reviews(ReviewState.OPEN, opened[1], 2, desk.ports)] == opened[2:]
    assert reviews.list_reviews(REFUSED, "", 2, desk.ports) == []


def test_a_review_that_is_not_usable_is_not_used(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    review = doubted(desk, subject_id)
    with pytest.raises(ReviewNotUsable):
        review.use(desk.clock.now())


def test_enrolled_matches_are_told_nothing_new(desk: Any, subject_id: SubjectId) -> None:
    first, _ = desk.opted_in(person=7)
    decided(desk, doubted(desk, subject_id), ALLOWED)
    testing.forget_emitted(desk.database)
    assert faces.find_matches(first, [desk.face(7)], desk.ports).faces[0].own
    assert not [m for m in testing.emitted(desk.database) if isinstance(m, events_pb2.ConsentRevoked)]


def erase(desk: Any, subject_id: SubjectId) -> Any:
    running = erasure.request_erasure(subject_id, desk.ports)
    testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
    (answer,) = [m for m in testing.emitted(desk.database) if getattr(m, "service", "") == "identity"][-1:]
    assert answer.erasure_id == running.id
    return answer
