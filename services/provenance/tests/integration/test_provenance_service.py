"""The whole service as its main builds it: Tansu, SeaweedFS, a key ring in files, gRPC."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jwt
import numpy as np
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from PIL import Image

from semblance.contracts import registry
from semblance.contracts.audit.v1 import service_pb2 as audit_pb
from semblance.contracts.audit.v1.service_pb2_grpc import AuditServiceStub
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.contracts.provenance.v1 import service_pb2, service_pb2_grpc
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.eventbus import BrokerSettings, KafkaBroker, from_record, to_record
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.audit import Entry, Happened, check_chain
from semblance.kernel.errors import Invalid, NotFound
from semblance.kernel.ids import new_id
from semblance.kernel.units import MIB
from semblance.objects import PUBLISHED, QUARANTINE, FileKeyRing, SealedObjects, Sealer
from semblance.objects.seaweed import SeaweedServer
from semblance.provenance import main
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit import heap, rpc
from semblance.service_kit.consent_view import Consents
from semblance.service_kit.parts import ROLES, Parts

pytestmark = pytest.mark.integration
WAIT_S = 60.0


@dataclass
class Running:
    """A running service and the world around it."""

    settings: ProvenanceSettings
    broker: KafkaBroker
    seaweed: SeaweedServer
    stub: service_pb2_grpc.ProvenanceServiceStub
    audit: AuditServiceStub
    consents: Consents

    def send(self, message: Message, *, event_id: str | None = None) -> None:
        producer = self.broker.producer()
        now = dt.datetime.now(dt.UTC)
        producer.send(to_record(message, source="test", event_id=event_id or new_id(), time=now))
        producer.close()

    def verify(self, data: bytes) -> service_pb2.Verification:
        def parts() -> Iterator[service_pb2.VerifyImageRequest]:
            yield service_pb2.VerifyImageRequest(header=service_pb2.VerifyHeader(content_type="image/png"))
            for start in range(0, len(data), 4096):
                yield service_pb2.VerifyImageRequest(data=data[start : start + 4096])

        return self.stub.VerifyImage(parts())

    def content(self, subject_id: str, image_id: str) -> tuple[str, str, bytes]:
        parts = list(self.stub.GetContent(service_pb2.GetContentRequest(subject_id=subject_id, image_id=image_id)))
        return parts[0].content_type, parts[0].sha256, b"".join(part.data for part in parts)

    def told(self, topic: str) -> list[Message]:
        """Everything that a topic holds by now; an event that the relay sent again is one."""
        reader, found, ends_s = self.broker.reader([topic]), dict[str, Message](), time.monotonic() + WAIT_S
        try:
            while not reader.caught_up():
                assert time.monotonic() < ends_s, "the topic has no end"
                found |= {event.event_id: event.message for event in map(from_record, reader.poll(0.2))}
        finally:
            reader.close()
        return list(found.values())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("provenance")
    with TansuBroker() as tansu, SeaweedServer(home / "s3", buckets=[QUARANTINE, PUBLISHED]) as seaweed:
        settings = ProvenanceSettings(
            database_url=f"sqlite:///{home}/provenance.sqlite",
            kafka_bootstrap_servers=tansu.bootstrap_servers,
            s3_endpoint=seaweed.endpoint,
            s3_access_key=seaweed.access_key,
            s3_secret_key=seaweed.secret_key,
            keyring_dir=home / "keys",
            keyring_kek_file=home / "kek",
            signing_dir=home / "signing",
            internal_token="between services",
            verify_max_bytes=2 * MIB,
            read_within_s=60,  # the answer is asserted, and that slow readings end is test_reading_apart's
        )
        application = main.build(settings)
        heap.settle()  # as a process does
        application.database.migrate(application.migrations_dir)
        broker = KafkaBroker(BrokerSettings(tansu.bootstrap_servers, timeout_s=30))  # nobody is killed here
        broker.ensure_topics(list(registry.TOPICS.values()))
        parts = Parts(application, ROLES["all"], threading.Event())
        parts.start()
        channel = rpc.connect(f"127.0.0.1:{parts.grpc_port}", settings.internal_token, deadline_s=WAIT_S)
        stubs = service_pb2_grpc.ProvenanceServiceStub(channel), AuditServiceStub(channel)
        try:
            yield Running(settings, broker, seaweed, *stubs, application.consent_view)
        finally:
            channel.close()
            assert parts.stop()
            assert not parts.crashed


@dataclass(frozen=True)
class Person:
    """Somebody who consented."""

    subject_id: str
    consent_id: str


def _consent_event(person: Person, revision: int, *, revoked: bool = False) -> Message:
    now = int(time.time())
    state = identity_pb.ConsentState(
        subject_id=person.subject_id,
        consent_id=person.consent_id,
        revision=revision,
        purposes=[identity_pb.PURPOSE_GENERATE],
        granted_at=Timestamp(seconds=now - 60),
        expires_at=Timestamp(seconds=now + 3600),
        revoked_at=Timestamp(seconds=now) if revoked else None,
    )
    kind = identity_pb.ConsentRevoked if revoked else identity_pb.ConsentGranted
    return kind(subject_id=person.subject_id, consent_id=person.consent_id, consent_revision=revision, state=state)


@pytest.fixture
def person(running: Running) -> Person:
    return _consenting(running)


def _consenting(running: Running) -> Person:
    made = Person(new_id(), new_id())
    FileKeyRing(running.settings.keyring_dir, running.settings.keyring_kek_file).create(made.subject_id)
    running.send(_consent_event(made, 1))
    # A consent and a picture of theirs go by different topics, and the service may read the picture first.
    _until(lambda: running.consents.get(made.consent_id) is not None)
    return made


def _rendered(running: Running, person: Person, side_px: int = 512) -> safety_pb.ImageAllowed:
    pixels = np.random.default_rng(7).integers(0, 256, (side_px, side_px, 3), dtype=np.uint8)
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    keyring = FileKeyRing(running.settings.keyring_dir, running.settings.keyring_kek_file)
    image_id, adapter_id = new_id(), new_id()
    person_and_consent = {"subject_id": person.subject_id, "consent_id": person.consent_id, "consent_revision": 1}
    facts = {"lora_sha256": "a" * 64, "backbone_digest": "b" * 64, "photo_count": 12}
    running.send(training_pb.AdapterTrained(**person_and_consent, adapter_id=adapter_id, **facts))
    key = f"{person.subject_id}/{image_id}"
    SealedObjects(running.seaweed.store(), Sealer(keyring), QUARANTINE).put(person.subject_id, key, output.getvalue())
    return safety_pb.ImageAllowed(
        **person_and_consent,
        image_id=image_id,
        adapter_id=adapter_id,
        quarantine_key=key,
        sha256=hashlib.sha256(output.getvalue()).hexdigest(),
        face_count=1,
        backbone_digest="b" * 64,
    )


def _until(true: Callable[[], bool]) -> float:
    """Wait; returns how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < WAIT_S, "it never happened"
        time.sleep(0.02)
    return time.monotonic() - began


def _published(running: Running, image_id: str) -> list[provenance_pb.ImagePublished]:
    found = running.told("provenance.manifest.v1")
    return [m for m in found if isinstance(m, provenance_pb.ImagePublished) and m.image_id == image_id]


def _erased(running: Running, subject_id: str) -> list[platform_pb.ServiceErased]:
    found = running.told("platform.erasure.v1")
    return [m for m in found if isinstance(m, platform_pb.ServiceErased) and m.subject_id == subject_id]


def _picture(running: Running, person: Person, allowed: safety_pb.ImageAllowed) -> bytes:
    """Published of the person."""
    running.send(allowed)
    _until(lambda: bool(_published(running, allowed.image_id)))
    return running.content(person.subject_id, allowed.image_id)[2]


def _withdrawn(running: Running, person: Person) -> float:
    """Seconds from the withdrawal until the service knows of it."""

    def known() -> bool:
        consent = running.consents.get(person.consent_id)
        return consent is not None and consent.revoked_at is not None

    running.send(_consent_event(person, 2, revoked=True))
    return _until(known)


def test_a_yes_becomes_a_published_picture_byte_for_byte(running: Running, person: Person) -> None:
    allowed, event_id = _rendered(running, person), new_id()
    running.send(allowed, event_id=event_id)
    running.send(allowed, event_id=event_id)
    _until(lambda: bool(_published(running, allowed.image_id)))

    (event,) = _published(running, allowed.image_id)
    media_type, sha256, data = running.content(person.subject_id, allowed.image_id)
    assert media_type == "image/png"
    assert len(data) == event.size_bytes > 700_000
    assert hashlib.sha256(data).hexdigest() == sha256 == event.sha256
    verification = running.verify(data)
    assert (verification.state, verification.made_here, verification.consent_state) == ("Trusted", True, "active")
    assert verification.development_signer
    assert verification.manifest_id == event.manifest_id
    manifest = running.stub.GetManifest(
        service_pb2.GetManifestRequest(subject_id=person.subject_id, image_id=allowed.image_id)
    )
    assert manifest.manifest_id == event.manifest_id
    store = running.seaweed.store()
    _until(lambda: not store.exists(QUARANTINE, allowed.quarantine_key))
    assert store.list(PUBLISHED, f"{person.subject_id}/") == [event.object_key]

    changed = bytearray(data)
    changed[-1000] ^= 1
    assert running.verify(bytes(changed)).state == "Invalid"
    jpeg = io.BytesIO()
    Image.open(io.BytesIO(data)).save(jpeg, "JPEG", quality=92)
    assert running.verify(jpeg.getvalue()).state == "None"

    took_s = [_withdrawn(running, person)]
    assert running.verify(data).consent_state == "withdrawn", "whoever shows the picture is told of it from then on"
    assert running.content(person.subject_id, allowed.image_id)[2] == data
    # Of ten people the best: a busy machine holds anything up for seconds, and how long they all take is
    # bench_revocation's.
    while took_s[-1] >= 1.5 and len(took_s) < 10:
        took_s.append(_withdrawn(running, _consenting(running)))
    assert took_s[-1] < 1.5, took_s
    assert _published(running, allowed.image_id) == [event], "published again later"


def test_a_withdrawn_consent_publishes_nothing(running: Running, person: Person) -> None:
    _withdrawn(running, person)
    allowed = _rendered(running, person, side_px=64)
    running.send(allowed)
    store = running.seaweed.store()
    _until(lambda: not store.exists(QUARANTINE, allowed.quarantine_key))
    assert _published(running, allowed.image_id) == []
    assert store.list(PUBLISHED, f"{person.subject_id}/") == []


def test_an_erased_person_is_gone_and_answered_for(running: Running, person: Person) -> None:
    allowed = _rendered(running, person, side_px=64)
    data = _picture(running, person, allowed)
    FileKeyRing(running.settings.keyring_dir, running.settings.keyring_kek_file).destroy(person.subject_id)
    running.send(platform_pb.ErasureRequested(subject_id=person.subject_id, erasure_id=new_id()))

    _until(lambda: running.verify(data).consent_state == "erased")

    with pytest.raises(NotFound):
        running.content(person.subject_id, allowed.image_id)
    assert running.seaweed.store().list(PUBLISHED, f"{person.subject_id}/") == []
    _until(lambda: bool(_erased(running, person.subject_id)))
    (answer,) = _erased(running, person.subject_id)
    assert {s.store: s.count for s in answer.stores}["objects:published"] == 1


def test_questions_out_of_order_or_too_large_are_refused(running: Running) -> None:
    with pytest.raises(Invalid) as missing:
        running.stub.VerifyImage(iter([service_pb2.VerifyImageRequest(data=b"x")]))
    assert missing.value.code == "header-missing"
    with pytest.raises(Invalid) as large:
        running.verify(b"\x89PNG\r\n\x1a\n" + b"\0" * (3 * MIB))
    assert large.value.code == "picture-too-large"
    with pytest.raises(NotFound):
        running.content(new_id(), new_id())
    with pytest.raises(Invalid):
        running.content("../../etc", new_id())


def test_what_happened_to_a_person_can_be_read_and_checked(running: Running, person: Person) -> None:
    """Over the real broker, from three topics, and back over gRPC; the withdrawal is in it as well."""
    allowed = _rendered(running, person)
    running.send(allowed)
    running.send(_consent_event(person, 2, revoked=True))
    wanted, deadline = {"ConsentGranted", "ImageAllowed", "ConsentRevoked"}, time.monotonic() + WAIT_S
    while True:
        request = audit_pb.ListAuditRequest(subject_id=person.subject_id, limit=100, oldest_first=True)
        told = running.audit.ListAudit(request).entries
        if wanted <= {entry.event_type.rpartition(".")[2] for entry in told}:
            break
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    head = running.audit.GetAuditHead(audit_pb.GetAuditHeadRequest(subject_id=person.subject_id))
    entries = [
        Entry(
            Happened(
                person.subject_id,
                entry.event_id,
                entry.event_type,
                entry.at.ToDatetime(tzinfo=dt.UTC),
                {fact.name: _fact(fact) for fact in entry.facts},
            ),
            entry.sequence,
            entry.previous,
            entry.hash,
        )
        for entry in told
    ]
    assert check_chain(entries[: head.count], person.subject_id).count == min(head.count, len(entries))
    keys = jwt.PyJWKSet.from_json(running.audit.GetAuditKeys(audit_pb.GetAuditKeysRequest()).jwks_json)
    assert jwt.decode(head.jws, keys.keys[0], algorithms=["EdDSA"])["hash"] == head.hash


def _fact(fact: audit_pb.AuditFact) -> str | int | tuple[str, ...]:
    kind = fact.WhichOneof("value")
    return tuple(fact.texts.texts) if kind == "texts" else getattr(fact, kind)
