"""Reviews: an operator reads and decides them; a person may ask for one instead of a camera."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import ReviewNotOffered, SubjectErased, UnknownRelease, UnknownReview
from semblance.identity.domain.review import (
    REFUSED_ADVICE,
    Review,
    ReviewKind,
    ReviewState,
    allowed_advice,
    check_note,
)
from semblance.identity.domain.session import SessionState
from semblance.identity.handlers.consents import revoke_all
from semblance.identity.handlers.standing import enter
from semblance.identity.ports import Ports, Store
from semblance.kernel.errors import Gone, NotFound
from semblance.kernel.ids import ReleaseId, ReviewId, SubjectId, new_id

NOTE_PURPOSE = "review-note"
"""What an operator's note is sealed for."""


@dataclass(frozen=True)
class DecideReview:
    """An operator's decision. `repr` leaves the note out."""

    review_id: ReviewId
    decision: ReviewState
    operator: str
    note: str = ""

    def __repr__(self) -> str:
        return f"DecideReview({self.review_id!r}, {self.decision}, {self.operator!r})"


def list_reviews(state: ReviewState | None, after: str, limit: int, ports: Ports) -> list[Review]:
    """Oldest first; None: in every state."""
    with ports.reads() as store:
        return store.reviews.page(state, after, limit)


def get_review(review_id: ReviewId, ports: Ports) -> tuple[Review, str]:
    """The review and its note, "" where there is none or it does not open any more. Raises UnknownReview."""
    with ports.reads() as store:
        review = store.reviews.get(review_id)
    if review is None:
        raise UnknownReview
    if review.sealed_note is None:
        return review, ""
    try:
        return review, ports.seals.open(review.subject_id, NOTE_PURPOSE, review.sealed_note).decode()
    except Gone:
        return review, ""


def decide_review(command: DecideReview, ports: Ports) -> Review:
    """Allow or refuse, once and for good; the row says who and when.

    Raises UnknownReview, ReviewDecided, InvalidReview, SubjectErased.
    """
    note = check_note(command.note)
    with ports.transactions() as store:
        review = _locked(store, command.review_id, ports)
        now, usable_for = ports.clock.now(), dt.timedelta(seconds=ports.rules.review_use_s)
        decided = review.decide(command.decision, by=command.operator, now=now, usable_for=usable_for)
        if decided is review:
            return review
        decided = replace(decided, sealed_note=_sealed(review.subject_id, note, ports))
        store.reviews.save(decided)
        if decided.lets_try_again:
            _tell(store, decided)
        elif decided.state is ReviewState.ALLOWED:
            _give_effect(store, decided, ports)
        return decided


def request_review(subject_id: SubjectId, release_id: ReleaseId, ports: Ports) -> Review:
    """Ask to be let in without a camera; asking again while it waits gives the same review.

    Raises ReviewNotOffered, UnknownRelease, SubjectErased.
    """
    if not ports.rules.non_biometric_review:
        raise ReviewNotOffered
    with ports.transactions() as store:
        enter(store, subject_id, ports)
        release = store.releases.get(release_id)
        if release is None or release.subject_id != subject_id:
            raise UnknownRelease
        now = ports.clock.now()
        for known in store.reviews.of_subject(subject_id, ReviewKind.NON_BIOMETRIC):
            if known.state is ReviewState.OPEN or known.usable_at(now):
                return known
        review = Review(
            id=ReviewId(new_id()),
            kind=ReviewKind.NON_BIOMETRIC,
            subject_id=subject_id,
            opened_at=now,
            release_id=release_id,
        )
        store.reviews.add(review)
        return review


def own_review(subject_id: SubjectId, review_id: ReviewId, ports: Ports) -> Review:
    """One that the person asked for: others are about other people too. Raises UnknownReview."""
    with ports.reads() as store:
        review = store.reviews.get(review_id)
    if review is None or review.subject_id != subject_id or review.kind is not ReviewKind.NON_BIOMETRIC:
        raise UnknownReview
    return review


def _locked(store: Store, review_id: ReviewId, ports: Ports) -> Review:
    """The review, with its person locked first, as everywhere. Raises UnknownReview, SubjectErased."""
    seen = store.reviews.get(review_id)
    if seen is None:
        raise UnknownReview
    store.lock_subject(seen.subject_id)
    review = store.reviews.get(review_id, lock=True)
    if review is None:
        raise UnknownReview
    if store.erasures.of_subject(review.subject_id, ports.receipts.fingerprint(review.subject_id)) is not None:
        raise SubjectErased
    return review


def _sealed(subject_id: SubjectId, note: str, ports: Ports) -> bytes | None:
    """None where there is no note, or no key of the person to seal it with."""
    if not note:
        return None
    try:
        return ports.seals.seal(subject_id, NOTE_PURPOSE, note.encode())
    except (Gone, NotFound):
        return None


def _tell(store: Store, review: Review) -> None:
    """The session that led here says how it went on; the person reads it there."""
    session = store.sessions.get(review.session_id, lock=True) if review.session_id is not None else None
    if session is None or session.state is not SessionState.FAILED:
        return
    advice = allowed_advice(review.usable_until) if review.usable_until is not None else REFUSED_ADVICE
    store.sessions.save(replace(session, advice=(advice,)))


def _give_effect(store: Store, review: Review, ports: Ports) -> None:
    """The entry counts against the enrolled person from now on: consents end, templates go, everything stops."""
    revoke_all(store, review.subject_id, RevocationReason.OPERATOR, ports)
    store.templates.remove(review.subject_id)
    if review.entry_id is not None:
        store.register.end_exemption(review.entry_id, review.subject_id)
