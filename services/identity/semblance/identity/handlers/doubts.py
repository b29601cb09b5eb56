"""A live capture that passed every check, and a face that somebody has to look at all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from semblance.identity.domain.matching import Embedding, Scores, is_protected
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.identity.domain.session import Session
from semblance.identity.ports import Ports, Store
from semblance.kernel.ids import ReviewId, SubjectId, new_id


@dataclass(frozen=True)
class Doubt:
    """One reason to ask an operator: one account, or one entry. What it is about is told to nobody else."""

    kind: ReviewKind
    other: SubjectId | None = None
    entry: str | None = None

    def is_of(self, review: Review) -> bool:
        """Whether an operator who looks at `review` looks at this."""
        return (review.other_subject_id, review.entry_id) == (self.other, self.entry)


def doubts_about(
    store: Store, subject_id: SubjectId, faces: Sequence[Embedding], scores: Sequence[Scores], ports: Ports
) -> list[Doubt]:
    """Every reason; empty when the face is new here, or this person's own."""
    rules, found = ports.rules.matching, []
    if max(s.other for s in scores) >= rules.enrolled_elsewhere:
        alike = ports.gallery.people_like(store, faces, rules.enrolled_elsewhere)
        others = [Doubt(ReviewKind.FACE_ENROLLED_ELSEWHERE, other=p) for p in alike if p != subject_id]
        found += others or [Doubt(ReviewKind.FACE_ENROLLED_ELSEWHERE)]
    if any(is_protected(s, rules) for s in scores):
        entries = ports.gallery.entries_like(store, subject_id, faces, rules.protected)
        found += [Doubt(ReviewKind.PROTECTED_FACE, entry=e) for e in entries] or [Doubt(ReviewKind.PROTECTED_FACE)]
    return found


def settle_doubts(store: Store, session: Session, doubts: Sequence[Doubt], ports: Ports) -> bool:
    """Whether an operator has allowed every one of them, which is then used up; else reviews are opened. To be let in
    as like one person allows nothing about another."""
    now = ports.clock.now()
    allowed = {doubt: _usable(store, session.subject_id, doubt, ports) for doubt in doubts}
    missing = [doubt for doubt, review in allowed.items() if review is None]
    for doubt in missing:
        _open(store, session, doubt, ports)
    if missing:
        return False
    for doubt, review in allowed.items():
        assert review is not None
        store.reviews.save(review.use(now))
        if doubt.entry is not None:
            store.register.exempt(doubt.entry, session.subject_id)
    return True


def _usable(store: Store, subject_id: SubjectId, doubt: Doubt, ports: Ports) -> Review | None:
    if doubt.other is None and doubt.entry is None:
        return None  # of somebody who is just being erased: nothing that could be allowed
    now = ports.clock.now()
    known = store.reviews.of_subject(subject_id, doubt.kind)
    return next((review for review in known if doubt.is_of(review) and review.usable_at(now)), None)


def _open(store: Store, session: Session, doubt: Doubt, ports: Ports) -> None:
    """One open review for each doubt: another try while it waits only moves it to the newest session."""
    for known in store.reviews.of_subject(session.subject_id, doubt.kind):
        if known.state is ReviewState.OPEN and doubt.is_of(known):
            store.reviews.save(_about(known, session, doubt))
            return
    fresh = Review(id=ReviewId(new_id()), kind=doubt.kind, subject_id=session.subject_id, opened_at=ports.clock.now())
    store.reviews.add(_about(fresh, session, doubt))


def _about(review: Review, session: Session, doubt: Doubt) -> Review:
    return replace(review, session_id=session.id, other_subject_id=doubt.other, entry_id=doubt.entry)
