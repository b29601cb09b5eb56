"""Erasure: key first, everything of one's own, everybody's answer, a receipt that proves itself."""

from __future__ import annotations

import dataclasses
import json
import stat
from typing import Any

import jwt
import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.identity.adapters import tables
from semblance.identity.adapters.receipts import FileReceipts
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.adapters.work import erase_subject
from semblance.identity.consumers import erasure_answers
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.erasure import SERVICES, salted_sha256
from semblance.identity.domain.errors import LockedOut, SessionClosed, SubjectErased, UnknownErasure
from semblance.identity.handlers import capture, consents, erasure, faces
from semblance.kernel.errors import Invalid, NotFound, Unavailable
from semblance.kernel.ids import ErasureId, SubjectId, new_id
from semblance.service_kit import testing
from semblance.service_kit.signing_key import SigningKeyUnavailable

pytestmark = pytest.mark.parametrize("desk", ["sqlite", "postgres"], indirect=True)
OTHERS = [service for service in SERVICES if service != "identity"]


def work(desk: Any) -> int:
    return testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)


def answer(desk: Any, erasure_id: str, subject_id: str, service: str, count: int = 1, **kwargs: Any) -> list[str]:
    message = platform_pb.ServiceErased(
        subject_id=subject_id,
        erasure_id=erasure_id,
        service=service,
        stores=[platform_pb.StoreCount(store="database:things", count=count)],
    )
    return testing.deliver(erasure_answers(desk.ports, desk.store_of), desk.database, message, **kwargs)


def own_answer(desk: Any) -> platform_pb.ServiceErased:
    return next(m for m in testing.emitted(desk.database) if isinstance(m, platform_pb.ServiceErased))


def erased(desk: Any) -> tuple[SubjectId, Any]:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    testing.deliver(erasure_answers(desk.ports, desk.store_of), desk.database, own_answer(desk))
    for service in OTHERS:
        answer(desk, begun.id, subject_id, service)
    return subject_id, erasure.get_erasure(begun.id, desk.ports)


def test_consents_end_and_the_key_goes_before_anybody_is_told(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    testing.forget_emitted(desk.database)
    begun = erasure.request_erasure(subject_id, desk.ports)
    (revoked,) = testing.emitted(desk.database)
    assert isinstance(revoked, events_pb2.ConsentRevoked)
    assert (revoked.consent_id, revoked.reason) == (consent.id, "erasure")
    assert desk.keyring.exists(subject_id)
    assert work(desk) == 1
    assert not desk.keyring.exists(subject_id)
    _, requested, own = testing.emitted(desk.database)
    assert requested == platform_pb.ErasureRequested(subject_id=subject_id, erasure_id=begun.id)
    assert {s.store: s.count for s in own.stores if s.count} == {
        "keyring:data-keys": 1,
        "database:templates": desk.settings.templates_per_person + 2,
        "database:releases": 1,
        "database:sessions": 1,
        "database:consents": 1,
    }


def test_nothing_of_the_person_is_left(desk: Any) -> None:
    subject_id, _consent = desk.opted_in()
    bob, _ = desk.opted_in(person=2)
    erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    for table in tables.metadata.sorted_tables:
        for column in table.c:
            if column.name in ("subject_id",) and table.name not in ("erasures",):
                with desk.database.read() as session:
                    assert not session.scalars(sa.select(column).where(column == subject_id)).all(), table.name
    assert consents.list_consents(subject_id, desk.ports) == []
    found = faces.find_matches(bob, [desk.face(1)], desk.ports)
    assert (found.enrolled, found.faces[0].other) == (True, False)
    with pytest.raises(SubjectErased):
        desk.released(subject_id)


def test_asking_again_is_the_same_erasure_also_when_it_is_over(desk: Any) -> None:
    subject_id, done = erased(desk)
    assert done.completed_at is not None
    assert erasure.request_erasure(subject_id, desk.ports).id == done.id
    bob, _ = desk.opted_in(person=2)
    running = erasure.request_erasure(bob, desk.ports)
    assert erasure.request_erasure(bob, desk.ports).id == running.id != done.id


def test_it_runs_and_says_who_is_missing_until_all_have_answered(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    assert begun.waiting_for == SERVICES
    work(desk)
    testing.deliver(erasure_answers(desk.ports, desk.store_of), desk.database, own_answer(desk))
    for service in OTHERS[:-1]:
        assert answer(desk, begun.id, subject_id, service) == ["handled", "duplicate"]
    running = erasure.get_erasure(begun.id, desk.ports)
    assert (running.completed_at, running.waiting_for) == (None, (OTHERS[-1],))
    answer(desk, begun.id, subject_id, OTHERS[-1])
    done = erasure.get_erasure(begun.id, desk.ports)
    assert done.waiting_for == ()
    completed = [m for m in testing.emitted(desk.database) if isinstance(m, platform_pb.ErasureCompleted)]
    assert len(completed) == 1
    assert completed[0].subject_id == subject_id


def test_the_receipt_verifies_and_an_altered_one_does_not(desk: Any) -> None:
    subject_id, done = erased(desk)
    assert done.subject_id is None
    keys = jwt.PyJWKSet.from_json(desk.ports.receipts.jwks_json())
    header = jwt.get_unverified_header(done.receipt_jws)
    key = next(k for k in keys.keys if k.key_id == header["kid"])
    assert header["alg"] == "EdDSA"
    claims = jwt.decode(done.receipt_jws, key, algorithms=["EdDSA"], options={"verify_iat": False})
    assert claims["erasure_id"] == done.id
    assert claims["key_id"] == done.key_id
    assert claims["subject_sha256"] == salted_sha256(claims["subject_salt"], subject_id)
    assert subject_id not in json.dumps(claims)
    assert {s["service"] for s in claims["stores"]} == set(SERVICES)
    head, body, signature = done.receipt_jws.split(".")
    forged = jwt.utils.base64url_encode(json.dumps({**claims, "stores": []}).encode()).decode()
    other = "B" if signature[0] == "A" else "A"
    for altered in (f"{head}.{forged}.{signature}", f"{head}.{body}.{other}{signature[1:]}"):
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(altered, key, algorithms=["EdDSA"], options={"verify_iat": False})


def test_a_service_that_does_not_answer_is_asked_again(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    testing.forget_emitted(desk.database)
    sweeper = Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1)
    sweeper.sweep()
    assert testing.emitted(desk.database) == []
    desk.clock.advance(desk.settings.remind_s + 1)
    sweeper.sweep()
    sweeper.sweep()
    assert testing.emitted(desk.database) == [platform_pb.ErasureRequested(subject_id=subject_id, erasure_id=begun.id)]


def test_a_key_ring_that_was_away_for_long_is_tried_again_by_the_sweeper(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    away = dataclasses.replace(desk.ports, keys=_Away())
    for _ in range(8):
        testing.run_work({ERASE_SUBJECT: erase_subject(away, desk.store_of)}, desk.database)
        desk.clock.advance(600)
    assert work(desk) == 0
    assert desk.keyring.exists(subject_id)
    Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1).sweep()
    assert work(desk) == 1
    assert erasure.get_erasure(begun.id, desk.ports).key_destroyed_at is not None


def test_an_answer_that_counts_nothing_the_second_time_takes_nothing_back(desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    begun = erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    answer(desk, begun.id, subject_id, "ingest", count=12)
    answer(desk, begun.id, subject_id, "ingest", count=0)
    stores = erasure.get_erasure(begun.id, desk.ports).stores
    assert [(s.service, s.count) for s in stores] == [("ingest", 12)]


def test_a_person_whom_nobody_knows_is_erased_too(desk: Any, subject_id: SubjectId) -> None:
    begun = erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    assert {s.count for s in own_answer(desk).stores} == {0}
    assert erasure.get_erasure(begun.id, desk.ports).key_id is None


def test_strange_answers_are_refused(desk: Any, subject_id: SubjectId) -> None:
    with pytest.raises(NotFound):
        answer(desk, new_id(), subject_id, "ingest")
    begun = erasure.request_erasure(subject_id, desk.ports)
    with pytest.raises(Invalid):
        answer(desk, begun.id, subject_id, "mallory")
    with pytest.raises(UnknownErasure):
        erasure.get_erasure(ErasureId(new_id()), desk.ports)


def test_a_capture_in_hand_enrols_nobody_who_is_being_erased(desk: Any, subject_id: SubjectId) -> None:
    session = desk.opened(subject_id)
    read = desk.reader.read

    def erase_meanwhile(frames: Any) -> Any:
        erasure.request_erasure(subject_id, desk.ports)
        work(desk)
        return read(frames)

    desk.reader.read = erase_meanwhile
    with pytest.raises((NotFound, SessionClosed)):
        desk.submitted(session)
    with desk.ports.reads() as store:
        assert store.templates.ids() == {}


def test_a_consent_is_not_given_while_the_person_is_being_erased(desk: Any, subject_id: SubjectId) -> None:
    session = desk.submitted(desk.opened(subject_id))
    erasure.request_erasure(subject_id, desk.ports)
    with pytest.raises(SubjectErased):
        consents.grant_consent(consents.GrantConsent(subject_id, session.id, frozenset(), 0), desk.ports)
    with pytest.raises(SubjectErased):
        capture.create_session(capture.CreateSession(subject_id, session.release_id, "d"), desk.ports)


def test_erasing_an_account_unlocks_no_device(desk: Any, subject_id: SubjectId) -> None:
    still = [dataclasses.replace(r, yaw_deg=0.0, eyes_y_px=120.0) for r in desk.shown([Movement.NOD] * 2)]
    for _ in range(5):
        session = desk.opened(subject_id)
        desk.submitted(session, readings=still)
    erasure.request_erasure(subject_id, desk.ports)
    work(desk)
    with pytest.raises(LockedOut):
        desk.opened(SubjectId(new_id()))


def test_the_receipt_key_is_made_once_and_for_the_owner_only(desk: Any, tmp_path: Any) -> None:
    path = tmp_path / "made" / "receipts.key"
    first, second = FileReceipts(path), FileReceipts(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first.jwks_json() == second.jwks_json()
    assert first.fingerprint("a") == second.fingerprint("a") != first.fingerprint("b")
    path.chmod(0o644)
    with pytest.raises(SigningKeyUnavailable):
        FileReceipts(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SigningKeyUnavailable):
        FileReceipts(path)


def test_templates_go_30_days_after_the_last_consent(desk: Any) -> None:
    subject_id, consent = desk.opted_in()
    sweeper = Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1)
    desk.clock.advance(100 * 86400)
    sweeper.sweep()
    assert faces.find_matches(subject_id, [], desk.ports).enrolled
    consents.revoke_consent(subject_id, consent.id, consents.RevocationReason.WITHDRAWN, desk.ports)
    desk.clock.advance(29 * 86400)
    sweeper.sweep()
    assert faces.find_matches(subject_id, [], desk.ports).enrolled
    desk.clock.advance(2 * 86400)
    sweeper.sweep()
    assert not faces.find_matches(subject_id, [], desk.ports).enrolled


def test_everything_goes_three_years_after_the_last_contact(desk: Any) -> None:
    subject_id, _consent = desk.opted_in()
    sweeper = Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1)
    desk.clock.advance(1096 * 86400)
    sweeper.sweep()
    assert work(desk) == 0  # the consent ended half a year after it was given
    desk.clock.advance(181 * 86400)
    sweeper.sweep()
    assert work(desk) == 1
    assert not desk.keyring.exists(subject_id)


class _Away:
    """A key ring that does not answer."""

    def create(self, subject_id: str) -> None:
        raise Unavailable("away")

    destroy = exists = create
