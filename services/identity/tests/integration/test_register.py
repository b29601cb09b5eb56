"""The protected register: who is stopped by it, who must not be, and how entries go."""

from __future__ import annotations

import dataclasses
import hashlib
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters import tables
from semblance.identity.domain.errors import InvalidProtection, ProtectionConflict, RegisterFull, UnknownProtection
from semblance.identity.domain.liveness import Advice
from semblance.identity.domain.protection import ProtectionPurpose, key_of
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.identity.domain.session import SessionState
from semblance.identity.handlers import consents, erasure, faces, register, reviews
from semblance.identity.handlers.register import ProtectFace, protect_face, remove_protection
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import testing

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
CODE = "a removal code"
SHA256 = hashlib.sha256(CODE.encode()).hexdigest()


def protected(desk: Any, *people: int, entry_id: str = "", **changes: Any) -> str:
    """An entry of photos that show these people; its id."""
    command = ProtectFace(
        entry_id=entry_id or new_id(),
        purpose=ProtectionPurpose.SELF,
        photos=[str(person).encode() for person in people or (1,)],
        code_sha256=SHA256,
    )
    protect_face(dataclasses.replace(command, **changes), desk.ports)
    return command.entry_id


def match(desk: Any, subject_id: SubjectId, person: int, ports: Any = None) -> faces.Match:
    return faces.find_matches(subject_id, [desk.face(person)], ports or desk.ports).faces[0]


def open_reviews(desk: Any) -> list[Review]:
    return reviews.list_reviews(ReviewState.OPEN, "", 100, desk.ports)


def decide(desk: Any, review: Review, decision: ReviewState) -> None:
    reviews.decide_review(reviews.DecideReview(review.id, decision, "ada"), desk.ports)


def test_a_protected_face_is_told_to_whoever_asks(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    assert not match(desk, ada, 5).protected
    elsewhere = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    assert not match(desk, ada, 5, elsewhere).protected
    protected(desk, 5, 5)
    for ports in (desk.ports, elsewhere):
        found = match(desk, ada, 5, ports)
        assert (found.protected, found.own, found.other) == (True, False, False)
        assert not match(desk, ada, 1, ports).protected
        assert not match(desk, ada, 6, ports).protected


def test_only_a_sealed_template_is_kept(desk: Any) -> None:
    entry_id = protected(desk, 5)
    with desk.database.read() as session:
        (row,) = session.execute(sa.select(tables.protected_faces)).all()
        assert set(row._mapping) == {"id", "purpose", "sealed", "code_sha256", "added_at", "face_model"}
    assert row.sealed[:4] == b"SMBL"
    assert CODE not in repr(row)
    assert desk.face(5, 0.0).tobytes()[:16] not in row.sealed
    assert desk.keyring.exists(key_of(entry_id))
    assert "photos" not in repr(ProtectFace(entry_id, ProtectionPurpose.SELF, [b"secret"], SHA256))


def test_an_entry_takes_no_persons_key(desk: Any) -> None:
    """An id that is somebody's subject id must not let anybody destroy that person's key by removing the entry."""
    ada, _ = desk.opted_in(person=1)
    protected(desk, 5, entry_id=ada)
    remove_protection(ada, CODE, desk.ports)
    assert desk.keyring.exists(ada)
    assert match(desk, ada, 1).own


def test_removing_needs_the_own_code_and_destroys_the_key(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    entry_id = protected(desk, 5)
    other_code = "another code"
    other = protected(desk, 6, code_sha256=hashlib.sha256(other_code.encode()).hexdigest())
    for wrong_id, code in [(entry_id, other_code), (entry_id, ""), (entry_id, SHA256), (other, CODE), (new_id(), CODE)]:
        with pytest.raises(UnknownProtection) as refused:
            remove_protection(wrong_id, code, desk.ports)
        assert refused.value.detail == UnknownProtection().detail
    remove_protection(entry_id, CODE, desk.ports)
    assert not desk.keyring.exists(key_of(entry_id))
    assert not match(desk, ada, 5).protected
    assert match(desk, ada, 6).protected
    with pytest.raises(UnknownProtection):
        remove_protection(entry_id, CODE, desk.ports)
    with pytest.raises(ProtectionConflict):
        protected(desk, 5, entry_id=entry_id)
    register.remove_as_operator(other, desk.ports)
    with pytest.raises(UnknownProtection):
        register.remove_as_operator(other, desk.ports)
    assert register.list_protected("", 10, desk.ports) == []


def test_the_same_call_twice_is_one_entry_and_another_code_is_refused(desk: Any) -> None:
    entry_id = protected(desk, 5)
    protected(desk, 5, entry_id=entry_id)
    with pytest.raises(ProtectionConflict):
        protected(desk, 5, entry_id=entry_id, code_sha256="0" * 64)
    assert [entry.id for entry in register.list_protected("", 10, desk.ports)] == [entry_id]
    remove_protection(entry_id, CODE, desk.ports)


def test_killed_half_way_is_finished_by_doing_it_again(desk: Any) -> None:
    entry_id = new_id()
    desk.keyring.create(key_of(entry_id))  # the key was made, the row was not
    assert register.finish_removals(desk.ports) == 0
    protected(desk, 5, entry_id=entry_id)
    ada, _ = desk.opted_in(person=1)
    assert match(desk, ada, 5).protected
    desk.keyring.destroy(key_of(entry_id))  # the key is destroyed, the row is not
    fresh = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    assert not match(desk, ada, 5, fresh).protected
    assert register.finish_removals(desk.ports) == 1
    assert register.finish_removals(desk.ports) == 0
    assert not match(desk, ada, 5).protected
    assert register.list_protected("", 10, desk.ports) == []


def test_an_entry_whose_key_file_is_lost_is_not_taken_for_removed(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    entry_id = protected(desk, 5)
    desk.keyring._keys.pop(key_of(entry_id))
    assert register.finish_removals(desk.ports) == 0
    assert [entry.id for entry in register.list_protected("", 10, desk.ports)] == [entry_id]
    fresh = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    with pytest.raises(Unavailable):
        match(desk, ada, 5, fresh)


def test_a_template_that_does_not_open_stops_matching(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    protected(desk, 5)
    with desk.database.transaction() as unit:
        unit.session.execute(sa.update(tables.protected_faces).values(sealed=b"SMBL\x01" + b"\0" * 600))
    fresh = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    with pytest.raises(Unavailable):
        match(desk, ada, 5, fresh)


@pytest.mark.parametrize("purpose", [ProtectionPurpose.LEGAL_ORDER, ProtectionPurpose.OPERATOR])
def test_some_purposes_are_an_operators(desk: Any, purpose: ProtectionPurpose) -> None:
    with pytest.raises(InvalidProtection):
        protected(desk, 5, purpose=purpose)
    protected(desk, 5, purpose=purpose, by_operator=True)
    assert register.list_protected("", 10, desk.ports)[0].purpose is purpose


@pytest.mark.parametrize(
    "wrong",
    [
        {"photos": []},
        {"photos": [b"1"] * 4},
        {"photos": [b""]},
        {"photos": [b"1" * (5 * 2**20 + 1)]},
        {"code_sha256": CODE},
        {"code_sha256": SHA256.upper()},
    ],
)
def test_limits_are_checked_before_anything_is_measured(desk: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidProtection):
        protected(desk, 5, **wrong)
    assert register.list_protected("", 10, desk.ports) == []


def test_the_register_has_an_end(desk: Any) -> None:
    desk.with_rules(protected_faces=1)
    protected(desk, 5)
    with pytest.raises(RegisterFull):
        protected(desk, 6)


def test_nobody_is_shut_out_by_somebody_who_registers_their_face(desk: Any) -> None:
    """The entry counts against everybody but the person who has proved to be the face's owner."""
    ada, consent = desk.opted_in(person=1)
    bob, _ = desk.opted_in(person=2, device="b")
    entry_id = protected(desk, 1)
    assert not match(desk, ada, 1).protected
    assert match(desk, bob, 1).protected
    (review,) = open_reviews(desk)
    assert (review.kind, review.subject_id, review.entry_id, review.session_id) == (
        ReviewKind.PROTECTION_OF_ENROLLED_FACE,
        ada,
        entry_id,
        None,
    )
    again = desk.submitted(desk.opened(ada), person=1)
    assert again.state is SessionState.SUCCEEDED
    decide(desk, review, ReviewState.REFUSED)
    assert not match(desk, ada, 1).protected
    assert match(desk, bob, 1).protected
    assert consents.get_consent(ada, consent.id, desk.ports).revoked_at is None


def test_an_operator_may_give_an_entry_effect_against_the_enrolled(desk: Any) -> None:
    ada, consent = desk.opted_in(person=1)
    protected(desk, 1)
    testing.forget_emitted(desk.database)
    (review,) = open_reviews(desk)
    decide(desk, review, ReviewState.ALLOWED)
    decide(desk, review, ReviewState.ALLOWED)
    (revoked,) = testing.emitted(desk.database)
    assert isinstance(revoked, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.reason) == (consent.id, "operator")
    found = faces.find_matches(ada, [desk.face(1)], desk.ports)
    assert (found.faces[0].protected, found.faces[0].own, found.enrolled) == (True, False, False)
    after = desk.submitted(desk.opened(ada, device="again"), person=1)
    assert (after.state, after.advice) == (SessionState.FAILED, (Advice.REVIEW.value,))


def test_an_enrolment_of_a_protected_face_goes_to_review_without_a_hint(desk: Any, subject_id: SubjectId) -> None:
    entry_id = protected(desk, 5)
    after = desk.submitted(desk.opened(subject_id), person=5)
    assert (after.state, after.tries_left, after.failure) == (SessionState.FAILED, 0, "review")
    assert after.advice == (Advice.REVIEW.value,)
    (review,) = open_reviews(desk)
    assert (review.kind, review.entry_id, review.session_id) == (ReviewKind.PROTECTED_FACE, entry_id, after.id)
    decide(desk, review, ReviewState.ALLOWED)
    passed = desk.submitted(desk.opened(subject_id, device="again"), person=5)
    assert passed.state is SessionState.SUCCEEDED
    assert not match(desk, subject_id, 5).protected
    bob, _ = desk.opted_in(person=2, device="b")
    assert match(desk, bob, 5).protected
    assert desk.submitted(desk.opened(subject_id, device="third"), person=5).state is SessionState.SUCCEEDED


def test_two_doubts_are_two_reviews_and_one_answer_is_not_enough(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=5)
    protected(desk, 5)
    desk.submitted(desk.opened(subject_id, device="x"), person=5)
    by_kind = {review.kind: review for review in open_reviews(desk) if review.subject_id == subject_id}
    assert set(by_kind) == {ReviewKind.FACE_ENROLLED_ELSEWHERE, ReviewKind.PROTECTED_FACE}
    decide(desk, by_kind[ReviewKind.PROTECTED_FACE], ReviewState.ALLOWED)
    assert desk.submitted(desk.opened(subject_id, device="y"), person=5).state is SessionState.FAILED
    decide(desk, by_kind[ReviewKind.FACE_ENROLLED_ELSEWHERE], ReviewState.ALLOWED)
    assert desk.submitted(desk.opened(subject_id, device="z"), person=5).state is SessionState.SUCCEEDED


def test_removing_an_entry_ends_its_question_and_frees_the_face(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=1)
    entries = [protected(desk, 1), protected(desk, 5)]
    desk.submitted(desk.opened(subject_id, device="x"), person=5)
    assert len(open_reviews(desk)) == 2
    for entry_id in entries:
        remove_protection(entry_id, CODE, desk.ports)
    (left,) = open_reviews(desk)
    assert (left.kind, left.entry_id) == (ReviewKind.PROTECTED_FACE, None)
    assert desk.submitted(desk.opened(subject_id, device="y"), person=5).state is SessionState.SUCCEEDED
    with desk.database.read() as session:
        assert session.execute(sa.select(tables.protection_exemptions)).all() == []


def test_an_erased_person_leaves_no_exemption_and_the_entry_stays(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    bob, _ = desk.opted_in(person=2, device="b")
    protected(desk, 1)
    running = erasure.request_erasure(ada, desk.ports)
    key = erasure.destroy_key(running.id, desk.ports)
    with desk.ports.transactions() as store:
        erasure.erase_own_share(running.id, key, store, desk.ports)
    with desk.database.read() as session:
        assert session.execute(sa.select(tables.protection_exemptions)).all() == []
        assert session.execute(sa.select(tables.reviews)).all() == []
    assert match(desk, bob, 1).protected


def test_an_enrolment_and_an_entry_at_once_see_each_other(desk: Any) -> None:
    """Whichever comes first: either the entry has no effect against the person, or the person waits for a review."""
    subject_id = SubjectId(new_id())
    session = desk.opened(subject_id)
    added: list[int] = []

    def register_it() -> None:
        protected(desk, 9)
        added.append(9)

    other = threading.Thread(target=register_it)
    other.start()
    after = desk.submitted(session, person=9)
    other.join()
    assert added == [9]
    kind = {
        SessionState.SUCCEEDED: ReviewKind.PROTECTION_OF_ENROLLED_FACE,
        SessionState.FAILED: ReviewKind.PROTECTED_FACE,
    }[after.state]
    assert [review.kind for review in open_reviews(desk)] == [kind]
    assert not match(desk, subject_id, 9).protected or after.state is SessionState.FAILED
