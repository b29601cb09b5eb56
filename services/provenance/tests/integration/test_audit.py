"""A person's audit log: one entry an event, append-only in the database, and every kind of tampering found."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import threading
from pathlib import Path

import jwt
import pytest
import sqlalchemy as sa
from google.protobuf import text_format

from semblance.contracts import registry
from semblance.contracts.audit.v1 import service_pb2 as audit_pb
from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.audit import ChainBroken, Head, check_chain
from semblance.kernel.errors import Invalid
from semblance.kernel.ids import SubjectId, new_id
from semblance.kernel.spoken_name import spoken_name
from semblance.provenance.adapters.store import store_of
from semblance.provenance.api.audit_servicer import AuditServicer
from semblance.provenance.consumers import AUDITED, audit_subscriptions
from semblance.provenance.handlers import auditing
from semblance.service_kit import testing

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[4] / "protos" / "samples"
ADA, BOB = new_id(), new_id()
TRIGGERS = ("audit_entries_no_update", "audit_entries_no_delete", "audit_entries_at_the_end")


def sample(kind, subject_id: str = ADA):
    message = text_format.Parse((SAMPLES / f"{registry.ce_type_of(kind)}.txtpb").read_text(), kind())
    message.subject_id = subject_id
    if kind.DESCRIPTOR.name.startswith("Consent"):
        message.state.subject_id = subject_id
    return message


def tell(house, message, times: int = 1, event_id: str | None = None) -> list[str]:
    (group,) = audit_subscriptions(store_of, house.ports.seal)
    return testing.deliver(group, house.database, message, times, event_id=event_id)


def requested(subject_id: str = ADA) -> generation_pb.ImageRequested:
    return generation_pb.ImageRequested(
        subject_id=subject_id, consent_id=new_id(), consent_revision=1, image_id=new_id(), adapter_id=new_id()
    )


def log(house, subject_id: str = ADA) -> list:
    with house.ports.reads() as store:
        return list(store.trail.entries(SubjectId(subject_id)))


def check(house) -> list[str]:
    return [broken.reason for broken in auditing.check_all(house.ports.reads, house.ports.seal)[1]]


def tampered(house, *statements: str, **values: object) -> None:
    """What somebody does who owns the database, and takes the triggers away first."""
    with house.database.engine.begin() as connection:
        for trigger in TRIGGERS:
            connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {trigger}"))
        for statement in statements:
            connection.execute(sa.text(statement), values)


@pytest.fixture
def three(house):
    for _ in range(3):
        tell(house, requested())
    for _ in range(3):
        tell(house, requested(BOB))
    assert check(house) == []
    return house


def test_every_audited_event_becomes_one_entry(house) -> None:
    for kind in AUDITED:
        assert tell(house, sample(kind), times=2) == ["handled", "duplicate"]
    entries = log(house)
    assert [entry.happened.event_type for entry in entries] == [registry.ce_type_of(kind) for kind in AUDITED]
    assert check_chain(entries, ADA).count == len(AUDITED)
    assert check(house) == []


def test_a_picture_of_two_is_in_both_logs_and_neither_names_the_other(house) -> None:
    asked = requested()
    asked.further_subjects.add(subject_id=BOB, consent_id=new_id(), consent_revision=3, adapter_id=new_id())
    blocked = safety_pb.ImageBlocked(subject_id=ADA, image_id=asked.image_id, reason_codes=["person-missing"])
    blocked.further_subjects.extend(asked.further_subjects)
    for message in (asked, blocked):
        assert tell(house, message, times=2) == ["handled", "duplicate"]
    (mine, _), (theirs, ended) = ([entry.happened.facts for entry in log(house, who)] for who in (ADA, BOB))
    assert (mine["people"], mine["consent_id"], "requester_id" in mine) == (2, asked.consent_id, False)
    [bob] = asked.further_subjects
    own = {"consent_id": bob.consent_id, "consent_revision": 3, "adapter_id": bob.adapter_id}
    assert theirs == {**own, "image_id": asked.image_id, "requester_id": ADA, "people": 2}
    assert (ended["reason_codes"], ended["image_id"]) == (("person-missing",), asked.image_id)
    assert not {BOB, bob.consent_id, bob.adapter_id} & set(map(str, mine.values()))
    assert check(house) == []


def test_an_entry_holds_ids_numbers_codes_and_a_registered_name_and_nothing_else(house) -> None:
    granted = sample(identity_pb.ConsentGranted)
    granted.state.grantee_id = BOB
    tell(house, granted)
    tell(house, safety_pb.ImageBlocked(subject_id=ADA, image_id=new_id(), reason_codes=["minor", "not a code"]))
    tell(house, sample(identity_pb.ConsentRevoked))
    first, second, third = (entry.happened.facts for entry in log(house))
    assert first == {
        "consent_id": granted.consent_id,
        "consent_revision": 1,
        "grantee_id": BOB,
        "grantee_name": "Photo%20Booth",
        "purposes": ("generate", "photos", "train"),
        "expires_at": "2031-01-01T00:00:00.000000Z",
    }
    assert second.keys() == {"image_id"}
    assert third["reason"] == "withdrawn"


def test_an_apps_name_is_in_the_log_encoded_and_without_control_characters(house) -> None:
    tell(house, requested())
    refused = sample(identity_pb.PictureRefused)
    refused.grantee_name = "Zoë's\x1b[31m Cards\u202e" + "x" * 500
    tell(house, refused)
    answered = sample(identity_pb.GrantAnswered)
    answered.uses.append("not a code")
    tell(house, answered)
    _, first, second = (entry.happened.facts for entry in log(house))
    assert first["grantee_name"].startswith("Zo%C3%AB%27s%5B31m%20Cards")
    assert (first["use"], first["reason_code"]) == ("advertising", "use-denied")
    assert len(spoken_name(first["grantee_name"])) == 60
    assert (second["asked_pictures"], second["pictures"], second["answer"]) == (5, 3, "allowed")
    assert "uses" not in second
    assert check(house) == []


def test_what_others_say_of_somebody_unknown_begins_no_log(house) -> None:
    retracted = sample(identity_pb.GrantAnswered)
    retracted.answer = "retracted"
    for message in (sample(identity_pb.GrantAsked), sample(identity_pb.PictureRefused), retracted):
        assert tell(house, message, times=1) == ["handled"]
    assert log(house) == []
    tell(house, sample(identity_pb.GrantAnswered))
    tell(house, sample(identity_pb.GrantAsked))
    assert len(log(house)) == 2


def test_the_likeness_is_not_in_the_log(house) -> None:
    (refused,) = (kind for kind in AUDITED if kind.DESCRIPTOR.name == "AdapterRefused")
    tell(house, sample(refused))
    assert not {"likeness", "likeness_floor"} & log(house)[0].happened.facts.keys()


def test_an_event_that_returns_when_the_inbox_has_forgotten_it_is_still_one_entry(house) -> None:
    event_id, message = new_id(), requested()
    tell(house, message, event_id=event_id)
    with house.database.transaction() as unit:
        unit.session.execute(sa.text("DELETE FROM inbox"))
    assert tell(house, message, event_id=event_id) == ["handled"]
    assert len(log(house)) == 1


def test_an_event_that_is_no_entry_is_refused_and_not_a_crash(house) -> None:
    with pytest.raises(Invalid):
        tell(house, requested(), event_id="two words")
    with pytest.raises(Invalid):
        tell(house, requested("../x"))


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit_entries SET facts = '{}'", "append-only"),
        ("DELETE FROM audit_entries", "append-only"),
        (
            "INSERT INTO audit_entries SELECT subject_id, sequence + 9, 'x', event_type, at, facts, previous, hash "
            "FROM audit_entries WHERE sequence = 1",
            "follows the last one",
        ),
    ],
)
def test_the_database_itself_refuses_what_is_no_appending(three, statement: str, message: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=message), three.database.engine.begin() as connection:
        connection.execute(sa.text(statement))
    assert check(three) == []


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["UPDATE audit_entries SET facts = '{}' WHERE subject_id = :ada AND sequence = 2"], "entry 2: its content"),
        (["DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 2"], "entry 2: it is missing"),
        (["DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 3"], "entry 2: the log does not end"),
        (
            [
                "DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 3",
                "UPDATE audit_heads SET count = 2, hash = (SELECT hash FROM audit_entries WHERE subject_id = :ada "
                "AND sequence = 2) WHERE subject_id = :ada",
            ],
            "entry 2: the log does not end",
        ),
        (
            [
                "UPDATE audit_entries SET sequence = 9 WHERE subject_id = :ada AND sequence = 2",
                "UPDATE audit_entries SET sequence = 2 WHERE subject_id = :ada AND sequence = 3",
                "UPDATE audit_entries SET sequence = 3 WHERE subject_id = :ada AND sequence = 9",
            ],
            "entry 2: it does not follow",
        ),
        (
            [
                "DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 3",
                "INSERT INTO audit_entries SELECT :ada, sequence, event_id, event_type, at, facts, previous, hash "
                "FROM audit_entries WHERE subject_id = :bob AND sequence = 3",
            ],
            "entry 3: it does not follow",
        ),
        (["DELETE FROM audit_heads WHERE subject_id = :ada"], "entry 3: the log does not end"),
        (["DELETE FROM audit_entries WHERE subject_id = :ada"], "entry 0: the log does not end"),
        (["UPDATE audit_entries SET facts = '{\"a\": 0.5}' WHERE subject_id = :ada AND sequence = 1"], "a is no text"),
    ],
    ids=[
        "changed", "removed", "cut off", "cut off with its head", "swapped", "another person's", "head removed",
        "all removed", "no fact",
    ],
)  # fmt: skip
def test_tampering_in_the_database_is_found(three, statements: list[str], reason: str) -> None:
    tampered(three, *statements, ada=ADA, bob=BOB)
    (found,) = check(three)
    assert reason in found


def test_nothing_is_written_on_top_of_a_log_that_was_cut(three) -> None:
    tampered(three, "DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 3", ada=ADA)
    with pytest.raises(ChainBroken):
        tell(three, requested())
    with pytest.raises(ChainBroken):
        auditing.head(SubjectId(ADA), three.ports)
    assert tell(three, requested(BOB)) == ["handled"]


def test_two_writers_at_once_make_one_chain(house) -> None:
    barrier = threading.Barrier(4)

    def write() -> None:
        barrier.wait()
        for _ in range(10):
            tell(house, requested())

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert check_chain(log(house), ADA).count == 40
    assert check(house) == []


def test_a_head_is_signed_and_names_nobody(house) -> None:
    tell(house, requested())
    head, jws = auditing.head(SubjectId(ADA), house.ports)
    keys = jwt.PyJWKSet.from_json(house.ports.seal.jwks_json())
    claims = jwt.decode(jws, keys.keys[0], algorithms=["EdDSA"])
    assert (claims["count"], claims["hash"]) == (1, head.hash)
    assert jwt.get_unverified_header(jws)["typ"] == "semblance-audit-head+jwt"
    assert ADA not in json.dumps(claims)
    assert auditing.head(SubjectId(ADA), house.ports)[1] != jws


def test_nobody_has_an_empty_log_with_a_head_of_its_own(house) -> None:
    assert auditing.head(SubjectId(new_id()), house.ports)[0] == Head()


def test_the_log_of_an_erased_person_goes_and_does_not_come_back(house) -> None:
    allowed = house.publish()
    erased = allowed.subject_id
    tell(house, allowed)
    tell(house, requested(BOB))
    house.keyring.destroy(erased)
    house.deliver(platform_pb.ErasureRequested(subject_id=erased, erasure_id=new_id()))
    last = log(house, erased)[-1]
    assert last.happened.event_type.endswith("ErasureRequested")
    house.work()

    (event,) = house.emitted(platform_pb.ServiceErased)
    counts = {store.store: store.count for store in event.stores}
    assert counts["database:audit_entries"] == 2
    assert counts["kept:audit_fingerprint"] == 0
    assert tell(house, requested(erased)) == ["handled"]
    house.deliver(platform_pb.ErasureRequested(subject_id=erased, erasure_id=new_id()))
    house.work()
    assert log(house, erased) == []
    assert len(log(house, BOB)) == 1
    with house.database.read() as session:
        (kept,) = session.execute(sa.text("SELECT fingerprint, count, hash FROM audit_erased")).all()
        text = " ".join(
            str(row)
            for table in ("audit_entries", "audit_heads", "audit_erasing", "audit_erased", "inbox")
            for row in session.execute(sa.text(f"SELECT * FROM {table}"))
        )
    assert (kept.count, kept.hash) == (2, last.hash)
    assert erased not in text
    assert check(house) == []


def test_pages_go_both_ways_and_end(house) -> None:
    for _ in range(5):
        tell(house, requested())
    tell(house, requested(BOB))
    servicer = AuditServicer(house.ports)

    def pages(*, oldest_first: bool) -> list[int]:
        after, numbers = 0, []
        while True:
            request = audit_pb.ListAuditRequest(subject_id=ADA, after=after, limit=2, oldest_first=oldest_first)
            answer = servicer.ListAudit(request, None)
            numbers += [entry.sequence for entry in answer.entries]
            after = answer.next_after
            if not after:
                return numbers

    assert pages(oldest_first=True) == [1, 2, 3, 4, 5]
    assert pages(oldest_first=False) == [5, 4, 3, 2, 1]
    for limit in (0, 501):
        with pytest.raises(Invalid):
            servicer.ListAudit(audit_pb.ListAuditRequest(subject_id=ADA, limit=limit), None)


def test_the_time_told_is_the_event_s(house) -> None:
    tell(house, requested())
    answer = AuditServicer(house.ports).ListAudit(audit_pb.ListAuditRequest(subject_id=ADA, limit=1), None)
    at = answer.entries[0].at.ToDatetime(tzinfo=dt.UTC)
    assert at == log(house)[0].happened.at


def test_the_command_finds_a_broken_log(three, settings, tmp_path) -> None:
    environment = {
        "PROVENANCE_DATABASE_URL": f"sqlite:///{tmp_path}/provenance.sqlite",
        "PROVENANCE_SIGNING_DIR": str(settings.signing_dir),
    }
    command = [sys.executable, "-m", "semblance.provenance.check_audit"]
    whole = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert (whole.returncode, json.loads(whole.stdout)) == (0, {"logs": 2, "broken": 0})
    tampered(three, "DELETE FROM audit_entries WHERE subject_id = :ada AND sequence = 3", ada=ADA)
    broken = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert broken.returncode == 1
    assert json.loads(broken.stdout.splitlines()[0])["subject_id"] == ADA
