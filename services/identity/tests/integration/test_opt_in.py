"""Release, capture session, consent: handlers over a real database, with captures that say what they show."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.identity.adapters import tables
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.consent import RevocationReason
from semblance.identity.domain.errors import (
    InvalidCapture,
    LockedOut,
    NonceMismatch,
    PurposeNotReleased,
    SessionClosed,
    SessionNotPassed,
    SessionUsed,
    SubjectErased,
    UnknownConsent,
    UnknownRelease,
    UnknownSession,
)
from semblance.identity.domain.liveness import Advice
from semblance.identity.domain.session import SessionState
from semblance.identity.handlers import capture, consents, faces
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit import testing

ALL = frozenset(Purpose)
pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)


def enrolled(desk: Any, subject_id: SubjectId) -> bool:
    return faces.find_matches(subject_id, [], desk.ports).enrolled


def test_the_whole_opt_in(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    assert enrolled(desk, subject_id)
    assert consent.revision == 1
    assert (consent.expires_at - consent.granted_at).days == 180
    (granted,) = testing.emitted(desk.database)
    assert isinstance(granted, events_pb2.ConsentGranted)
    assert granted.state.consent_id == granted.consent_id == consent.id
    assert granted.state.subject_id == granted.subject_id == subject_id
    assert set(granted.state.purposes) == {1, 2, 3}


def test_nothing_readable_is_at_rest(desk: Any) -> None:
    desk.opted_in()
    with desk.ports.reads() as store:
        (template, *_) = store.templates.get(list(store.templates.ids()))
    with desk.database.read() as session:
        rows = [session.execute(sa.select(table)).all() for table in tables.metadata.sorted_tables]
    content = repr(rows).encode() + b"".join(v for table in rows for row in table for v in row if isinstance(v, bytes))
    assert b"Ada Example" not in content
    assert template.sealed[:4] == b"SMBL"
    assert desk.face(1, 0.0).tobytes()[:16] not in content


def test_the_wrong_order_gives_advice_and_a_new_nonce(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    after = desk.submitted(session, readings=desk.shown(tuple(reversed(session.challenge)), session.colours))
    assert after.state is SessionState.IN_PROGRESS
    assert (after.tries_left, after.advice) == (2, (Advice.WRONG_ORDER.value,))
    assert after.nonce != session.nonce
    assert not enrolled(desk, subject_id)
    with pytest.raises(NonceMismatch):
        desk.submitted(session)
    assert after.colours != session.colours
    passed = desk.submitted(after)
    assert (passed.state, passed.advice, passed.failure) == (SessionState.SUCCEEDED, (), None)


def test_one_nonce_is_one_try_however_many_send_it_at_once(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    ended: list[str] = []

    def submit() -> None:
        try:
            ended.append(desk.submitted(session).state.value)
        except (NonceMismatch, SessionClosed):  # closed, when the one that won has already passed
            ended.append("refused")

    senders = [threading.Thread(target=submit) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(ended) == ["refused"] * 3 + ["succeeded"]


def test_three_misses_fail_the_session_and_five_lock_the_person_out(desk: Any, subject_id: SubjectId) -> None:
    still = desk.shown([])[:4] * 10
    still = [dataclasses.replace(r, at_ms=k * 100, digest=str(k)) for k, r in enumerate(still)]
    session = desk.opened(subject_id)
    for _ in range(3):
        session = desk.submitted(session, readings=still)
    assert session.state is SessionState.FAILED
    with pytest.raises(SessionClosed):
        desk.submitted(session)
    session = desk.opened(subject_id)
    for _ in range(2):
        session = desk.submitted(session, readings=still)
    with pytest.raises(LockedOut) as locked:
        desk.submitted(session)
    assert locked.value.retry_after_s == 1800
    with pytest.raises(LockedOut):
        desk.opened(subject_id)
    with pytest.raises(LockedOut):
        desk.opened(SubjectId(new_id()))  # the same device under another account
    desk.opened(SubjectId(new_id()), device="another")
    desk.clock.advance(1801)
    session = desk.opened(subject_id)
    for _ in range(3):
        session = desk.submitted(session, readings=still)
    session = desk.opened(subject_id)
    for _ in range(2):
        session = desk.submitted(session, readings=still)
    with pytest.raises(LockedOut) as longer:
        desk.opened(subject_id)
    assert longer.value.retry_after_s == 4 * 1800


def test_an_old_session_takes_no_capture(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    desk.clock.advance(601)
    with pytest.raises(SessionClosed, match="expired"):
        desk.submitted(session)
    assert capture.get_session(subject_id, session.id, desk.ports).state is SessionState.EXPIRED


def test_a_wrong_nonce_costs_nothing(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    with pytest.raises(NonceMismatch):
        desk.submitted(session, nonce="guess")
    assert capture.get_session(subject_id, session.id, desk.ports).tries_left == 3


def test_frames_out_of_bounds_cost_nothing(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    with pytest.raises(InvalidCapture):
        desk.submitted(session, readings=desk.shown([])[:3])
    assert capture.get_session(subject_id, session.id, desk.ports).tries_left == 3


def test_a_fault_of_ours_costs_neither_try_nor_nonce(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    desk.reader.broken = Unavailable("the face engine does not answer")
    with pytest.raises(Unavailable):
        desk.submitted(session)
    desk.reader.broken = None
    assert desk.submitted(session).state is SessionState.SUCCEEDED


def test_a_person_swapped_midway_fails(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    readings = desk.shown(session.challenge, session.colours)
    half = len(readings) // 2
    desk.reader.persons = dict.fromkeys(range(half, len(readings)), 2)
    after = desk.submitted(session, readings=readings)
    assert after.advice == (Advice.SAME_PERSON.value,)


def test_a_person_swapped_only_while_turned_fails(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    readings = desk.shown(session.challenge, session.colours)
    desk.reader.persons = {k: 2 for k, r in enumerate(readings) if abs(r.yaw_deg) > 15}
    assert desk.submitted(session, readings=readings).advice == (Advice.SAME_PERSON.value,)


def test_a_face_enrolled_by_somebody_else_goes_to_review(desk: Any, subject_id: SubjectId) -> None:
    desk.opted_in(person=7)
    after = desk.submitted(desk.opened(subject_id, device="other"), person=7)
    assert (after.state, after.tries_left, after.failure) == (SessionState.FAILED, 0, "review")
    assert after.advice == (Advice.REVIEW.value,)
    assert not enrolled(desk, subject_id)


def test_a_second_opt_in_must_be_the_same_person(desk: Any) -> None:
    subject_id, _ = desk.opted_in(person=7)
    assert desk.submitted(desk.opened(subject_id), person=8).advice == (Advice.NOT_YOU.value,)
    again = desk.submitted(desk.opened(subject_id), person=7)
    assert again.state is SessionState.SUCCEEDED
    assert consents.grant_consent(consents.GrantConsent(subject_id, again.id, ALL, 30), desk.ports).revision == 1


def test_another_persons_things_are_not_found(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    _, consent = desk.opted_in()
    stranger = SubjectId(new_id())
    with pytest.raises(UnknownSession):
        capture.get_session(stranger, session.id, desk.ports)
    with pytest.raises(UnknownSession):
        desk.submitted(dataclasses.replace(session, subject_id=stranger))
    with pytest.raises(UnknownRelease):
        capture.create_session(capture.CreateSession(stranger, session.release_id, "d"), desk.ports)
    with pytest.raises(UnknownConsent):
        consents.get_consent(stranger, consent.id, desk.ports)
    with pytest.raises(UnknownConsent):
        consents.revoke_consent(stranger, consent.id, RevocationReason.WITHDRAWN, desk.ports)
    with pytest.raises(UnknownSession):
        consents.grant_consent(consents.GrantConsent(stranger, session.id, ALL, 0), desk.ports)
    assert consents.list_consents(stranger, desk.ports) == []


def test_a_consent_needs_a_passed_session_and_uses_it_up(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id, purposes=frozenset({Purpose.PHOTOS, Purpose.TRAIN}))
    command = consents.GrantConsent(subject_id, session.id, frozenset({Purpose.PHOTOS}), 10)
    with pytest.raises(SessionNotPassed):
        consents.grant_consent(command, desk.ports)
    desk.submitted(session)
    with pytest.raises(PurposeNotReleased):
        consents.grant_consent(dataclasses.replace(command, purposes=ALL), desk.ports)
    consent = consents.grant_consent(command, desk.ports)
    assert consent.purposes == {Purpose.PHOTOS}
    with pytest.raises(SessionUsed):
        consents.grant_consent(command, desk.ports)


def test_revoking_twice_says_so_once(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    testing.forget_emitted(desk.database)
    first = consents.revoke_consent(subject_id, consent.id, RevocationReason.WITHDRAWN, desk.ports)
    again = consents.revoke_consent(subject_id, consent.id, RevocationReason.OPERATOR, desk.ports)
    assert first == again
    (revoked,) = testing.emitted(desk.database)
    assert isinstance(revoked, events_pb2.ConsentRevoked)
    assert (revoked.reason, revoked.consent_revision, revoked.state.revision) == ("withdrawn", 2, 2)
    assert revoked.state.HasField("revoked_at")
    assert consents.list_consents(subject_id, desk.ports) == [first]


def test_matches_are_scores_against_own_and_others(desk: Any, subject_id: SubjectId) -> None:
    alone = faces.find_matches(subject_id, [desk.face(1)], desk.ports)
    assert (alone.faces[0].scores.own, alone.faces[0].scores.other, alone.enrolled) == (-1.0, -1.0, False)
    ada, _ = desk.opted_in(person=1)
    bob, _ = desk.opted_in(person=2)
    found = faces.find_matches(ada, [desk.face(1), desk.face(2), desk.face(3)], desk.ports)
    assert found.enrolled
    mine, his, nobodys = found.faces
    assert (mine.own, mine.other) == (True, False)
    assert (his.own, his.other) == (False, True)
    assert (nobodys.own, nobodys.other) == (False, False)
    [as_bob] = faces.find_matches(bob, [desk.face(1)], desk.ports).faces
    assert (as_bob.own, as_bob.other) == (False, True)


def test_a_destroyed_key_fails_closed_at_once(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    assert faces.find_matches(subject_id, [desk.face(1)], desk.ports).faces[0].own
    desk.keyring.destroy(subject_id)
    found = faces.find_matches(subject_id, [desk.face(1)], desk.ports)
    assert (found.faces[0].own, found.faces[0].scores.own, found.enrolled) == (False, -1.0, False)
    with pytest.raises(SubjectErased):
        desk.released(subject_id)


def test_a_template_that_was_tampered_with_stops_matching(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    with desk.database.transaction() as unit:
        unit.session.execute(sa.update(tables.templates).values(sealed=b"SMBL\x01" + b"\0" * 600))
        unit.session.execute(sa.update(tables.gallery_revision).values(revision=99))
    fresh = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    with pytest.raises(Unavailable):
        faces.find_matches(subject_id, [desk.face(1)], fresh)


def test_another_process_sees_an_enrolment_without_being_told(desk: Any) -> None:
    elsewhere = dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))
    ada, _ = desk.opted_in(person=1)
    assert faces.find_matches(ada, [desk.face(1)], elsewhere).faces[0].own
    desk.opted_in(person=2)
    assert faces.find_matches(ada, [desk.face(2)], elsewhere).faces[0].other
    assert elsewhere.gallery.size == 2 * (desk.settings.templates_per_person + 2), "and one for each side"


def test_a_challenge_never_asks_for_what_cannot_be_checked(desk: Any, subject_id: SubjectId) -> None:
    asked = {movement for _ in range(10) for movement in desk.opened(subject_id).challenge}
    assert asked == set(Movement)
    desk.with_rules(expression=False)
    assert {len(desk.opened(subject_id).challenge) for _ in range(3)} == {3}


def test_eyes_that_stay_open_are_asked_for_again(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    awake = [dataclasses.replace(r, eye_opening=0.3) for r in desk.shown(session.challenge, session.colours)]
    after = desk.submitted(session, readings=awake)
    assert (after.tries_left, after.advice) == (2, (Advice.EYES.value,))
    assert desk.submitted(after).state is SessionState.SUCCEEDED


def test_the_face_with_closed_eyes_is_compared_too(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    shown = desk.shown(session.challenge, session.colours)
    desk.reader.persons = {i: 2 for i, r in enumerate(shown) if r.eye_opening < 0.2}
    assert desk.submitted(session, readings=shown).advice == (Advice.SAME_PERSON.value,)


def test_the_colours_of_an_earlier_try_do_not_pass(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    other = tuple(reversed(session.colours))
    after = desk.submitted(session, readings=desk.shown(session.challenge, other))
    assert after.advice == (Advice.WRONG_LIGHT.value,)
    unlit = desk.submitted(after, readings=desk.shown(after.challenge))
    assert unlit.advice == (Advice.LIGHT_UNSEEN.value,)
    assert desk.submitted(unlit).state is SessionState.SUCCEEDED


def test_a_session_that_asked_for_no_light_is_judged_without(desk: Any, subject_id: SubjectId) -> None:
    desk.with_rules(screen_light=False)
    session = desk.opened(subject_id)
    assert session.colours == ()
    assert desk.submitted(session).state is SessionState.SUCCEEDED
