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
    """One reason to ask an operator; what it is about is told to nobody else."""

    kind: ReviewKind
    others: tuple[SubjectId, ...] = ()
    entries: tuple[str, ...] = ()


def doubts_about(
    store: Store, subject_id: SubjectId, faces: Sequence[Embedding], scores: Sequence[Scores], ports: Ports
) -> list[Doubt]:
    """Every reason; empty when the face is new here, or this person's own."""
    rules, found = ports.rules.matching, []
    if max(s.other for s in scores) >= rules.enrolled_elsewhere:
        alike = ports.gallery.people_like(store, faces, rules.enrolled_elsewhere)
        found.append(Doubt(ReviewKind.FACE_ENROLLED_ELSEWHERE, others=tuple(p for p in alike if p != subject_id)))
    if any(is_protected(s, rules) for s in scores):
        entries = ports.gallery.entries_like(store, subject_id, faces, rules.protected)
        found.append(Doubt(ReviewKind.PROTECTED_FACE, entries=tuple(entries)))
    return found


def settle_doubts(store: Store, session: Session, doubts: Sequence[Doubt], ports: Ports) -> bool:
    """Whether an operator has allowed every one of them, which is then used up; else reviews are opened."""
    now = ports.clock.now()
    allowed = {doubt.kind: _usable(store, session.subject_id, doubt.kind, ports) for doubt in doubts}
    missing = [doubt for doubt in doubts if allowed[doubt.kind] is None]
    for doubt in missing:
        _open(store, session, doubt, ports)
    if missing:
        return False
    for doubt in doubts:
        review = allowed[doubt.kind]
        assert review is not None
        store.reviews.save(review.use(now))
        for entry_id in doubt.entries:
            store.register.exempt(entry_id, session.subject_id)
    return True


def _usable(store: Store, subject_id: SubjectId, kind: ReviewKind, ports: Ports) -> Review | None:
    now = ports.clock.now()
    return next((r for r in store.reviews.of_subject(subject_id, kind) if r.usable_at(now)), None)


def _open(store: Store, session: Session, doubt: Doubt, ports: Ports) -> None:
    """One open review a person and kind: another try while it waits only moves it to the newest session."""
    for known in store.reviews.of_subject(session.subject_id, doubt.kind):
        if known.state is ReviewState.OPEN:
            store.reviews.save(_about(known, session, doubt))
            return
    fresh = Review(id=ReviewId(new_id()), kind=doubt.kind, subject_id=session.subject_id, opened_at=ports.clock.now())
    store.reviews.add(_about(fresh, session, doubt))


def _about(review: Review, session: Session, doubt: Doubt) -> Review:
    return replace(
        review,
        session_id=session.id,
        other_subject_id=doubt.others[0] if doubt.others else None,
        entry_id=doubt.entries[0] if doubt.entries else None,
    )
