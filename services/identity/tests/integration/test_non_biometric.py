"""Being let in without a camera: off by default, decided by an operator, used once, and good for no face."""

from __future__ import annotations

from typing import Any

import pytest

from semblance.identity.domain.errors import (
    InvalidConsent,
    PurposeNotReleased,
    ReviewNotOffered,
    ReviewNotUsable,
    UnknownRelease,
    UnknownReview,
)
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.identity.handlers import consents, faces, reviews
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ReleaseId, ReviewId, SessionId, SubjectId, new_id

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
PHOTOS = frozenset({Purpose.PHOTOS})


def asked(desk: Any, subject_id: SubjectId, purposes: frozenset[Purpose] = PHOTOS) -> Review:
    desk.with_rules(non_biometric_review=True)
    return reviews.request_review(subject_id, desk.released(subject_id, purposes), desk.ports)


def decide(desk: Any, review: Review, decision: ReviewState) -> None:
    reviews.decide_review(reviews.DecideReview(review.id, decision, "ada"), desk.ports)


def granted(desk: Any, subject_id: SubjectId, review_id: ReviewId, purposes: frozenset[Purpose] = PHOTOS) -> Consent:
    return consents.grant_consent(consents.GrantConsent(subject_id, None, purposes, 30, review_id), desk.ports)


def test_it_is_not_offered_unless_switched_on(desk: Any, subject_id: SubjectId) -> None:
    with pytest.raises(ReviewNotOffered):
        reviews.request_review(subject_id, desk.released(subject_id), desk.ports)


def test_an_allowed_review_gives_one_consent_and_no_face(desk: Any, subject_id: SubjectId) -> None:
    review = asked(desk, subject_id)
    assert reviews.request_review(subject_id, review.release_id, desk.ports).id == review.id
    with pytest.raises(ReviewNotUsable):
        granted(desk, subject_id, review.id)
    decide(desk, review, ReviewState.ALLOWED)
    assert reviews.request_review(subject_id, review.release_id, desk.ports).id == review.id
    with pytest.raises(PurposeNotReleased):
        granted(desk, subject_id, review.id, frozenset(Purpose))
    consent = granted(desk, subject_id, review.id)
    assert (consent.revision, consent.purposes) == (1, PHOTOS)
    assert consents.list_consents(subject_id, desk.ports) == [consent]
    with pytest.raises(ReviewNotUsable):
        granted(desk, subject_id, review.id)
    assert reviews.own_review(subject_id, review.id, desk.ports).consent_id == consent.id
    assert faces.find_matches(subject_id, [desk.face(1)], desk.ports).enrolled is False


def test_refused_and_too_late_give_none(desk: Any, subject_id: SubjectId) -> None:
    refused = asked(desk, subject_id)
    decide(desk, refused, ReviewState.REFUSED)
    with pytest.raises(ReviewNotUsable):
        granted(desk, subject_id, refused.id)
    late = asked(desk, subject_id)
    assert late.id != refused.id
    decide(desk, late, ReviewState.ALLOWED)
    desk.clock.advance(desk.settings.review_use_s)
    with pytest.raises(ReviewNotUsable):
        granted(desk, subject_id, late.id)


def test_another_persons_review_and_another_kind_are_unknown(desk: Any, subject_id: SubjectId) -> None:
    review = asked(desk, subject_id)
    decide(desk, review, ReviewState.ALLOWED)
    stranger = SubjectId(new_id())
    with pytest.raises(UnknownReview):
        granted(desk, stranger, review.id)
    with pytest.raises(UnknownReview):
        reviews.own_review(stranger, review.id, desk.ports)
    with pytest.raises(UnknownRelease):
        reviews.request_review(stranger, review.release_id, desk.ports)
    with pytest.raises(UnknownRelease):
        reviews.request_review(subject_id, ReleaseId(new_id()), desk.ports)
    desk.opted_in(person=7)
    desk.submitted(desk.opened(subject_id, device="other"), person=7)
    (elsewhere,) = [r for r in reviews.list_reviews(None, "", 10, desk.ports) if r.kind is not ReviewKind.NON_BIOMETRIC]
    decide(desk, elsewhere, ReviewState.ALLOWED)
    with pytest.raises(UnknownReview):
        reviews.own_review(subject_id, elsewhere.id, desk.ports)
    with pytest.raises(UnknownReview):
        granted(desk, subject_id, elsewhere.id)


def test_a_consent_stands_on_one_ground(desk: Any, subject_id: SubjectId) -> None:
    review = asked(desk, subject_id)
    for session_id, review_id in [(None, None), (SessionId(new_id()), review.id)]:
        with pytest.raises(InvalidConsent):
            consents.grant_consent(consents.GrantConsent(subject_id, session_id, PHOTOS, 30, review_id), desk.ports)
