"""The whole process as main builds it, with real faces and threads, on a broker in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.message import Message
from pydantic import SecretStr

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2, service_pb2, service_pb2_grpc
from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.identity import main
from semblance.identity.settings import IdentitySettings
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id
from semblance.service_kit import heap, rpc
from semblance.service_kit.parts import ROLES, Parts
from semblance.synthetic_people import bundled
from semblance.synthetic_people.relight import screen

MODELS = Path(__file__).parents[4] / ".cache" / "models"
TOKEN = SecretStr("token-for-this-test")


class Running:
    """Identity, running, and its broker."""

    def __init__(self, folder: Path, broker: MemoryBroker | None = None) -> None:
        settings = IdentitySettings(
            database_url=f"sqlite:///{folder}/identity.sqlite",
            models_dir=MODELS,
            keyring_dir=folder / "keys",
            keyring_kek_file=folder / "secrets" / "kek",
            internal_token=TOKEN,
            sweep_s=0.2,
            revocation_told_s=30,  # a test withdraws once, and a busy machine takes its time
        )
        self.broker = broker or MemoryBroker()
        self.broker.ensure_topics(list(registry.TOPICS.values()))
        application = main.build(settings, self.broker)
        heap.settle()  # as a process does
        application.database.migrate(application.migrations_dir)
        self.parts = Parts(application, ROLES["all"], threading.Event())
        self.parts.start()
        self.channel = rpc.connect(f"127.0.0.1:{self.parts.grpc_port}", TOKEN, deadline_s=60)
        self.stub = service_pb2_grpc.IdentityServiceStub(self.channel)
        self._reader = self.broker.reader(["identity.consent.v1", "platform.erasure.v1"])
        self.heard: list[Message] = []

    def hear(self, message_class: type[Message]) -> Any:
        """The next event of this type."""

        def found() -> Any:
            self.heard += [envelope.from_record(record).message for record in self._reader.poll(0.05)]
            return next((m for m in self.heard if isinstance(m, message_class)), None)

        return until(found)

    def count(self, message_class: type[Message]) -> int:
        """How many events of this type there are by now."""
        self.heard += [envelope.from_record(record).message for record in self._reader.poll(0.05)]
        return sum(isinstance(m, message_class) for m in self.heard)

    def tell(self, message: Message) -> None:
        producer = self.broker.producer()
        now = SystemClock().now()
        producer.send(envelope.to_record(message, source="test", event_id=new_id(), time=now, traceparent=None))
        producer.close()

    def stop(self) -> None:
        self.channel.close()
        self._reader.close()
        assert self.parts.stop()
        assert not self.parts.crashed


def ready(running: Running) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{running.parts.http_port}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def until(found: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.stop()


def filmed(name: str, session: service_pb2.CaptureSession) -> list[service_pb2.CaptureFrame]:
    """What the session asks for, before a screen that shows its colours."""
    tint = screen([(c.colour, c.for_ms) for c in session.colours])
    return [service_pb2.CaptureFrame(at_ms=f.at_ms, jpeg=f.jpeg) for f in bundled.filmed(name, session.challenge, tint)]


def consented(running: Running, subject_id: str, days: int = 7) -> events_pb2.ConsentState:
    """Ana opts in; a few of a thousand honest captures are refused, so she has all the tries that people have."""
    stub = running.stub
    notice = stub.GetNotice(service_pb2.GetNoticeRequest())
    everything = [1, 2, 3]
    release = stub.SignRelease(
        service_pb2.SignReleaseRequest(
            subject_id=subject_id, notice_sha256=notice.sha256, signed_name="Ana", adult=True, purposes=everything
        )
    )
    session = stub.CreateSession(
        service_pb2.CreateSessionRequest(subject_id=subject_id, release_id=release.release_id, device_id="camera")
    )
    ids = {"subject_id": subject_id, "session_id": session.session_id}
    while session.state != service_pb2.SESSION_STATE_SUCCEEDED and session.tries_left:
        session = stub.SubmitCapture(
            service_pb2.SubmitCaptureRequest(**ids, nonce=session.nonce, frames=filmed("ana", session))
        )
    assert session.state == service_pb2.SESSION_STATE_SUCCEEDED, session.advice
    return stub.GrantConsent(service_pb2.GrantConsentRequest(**ids, purposes=everything, days=days)).state


@pytest.mark.integration
def test_a_person_opts_in_and_is_forgotten(running: Running) -> None:
    stub, subject_id = running.stub, new_id()
    consent = consented(running, subject_id)
    assert running.hear(events_pb2.ConsentGranted).consent_id == consent.consent_id

    begun = stub.RequestErasure(service_pb2.RequestErasureRequest(subject_id=subject_id))
    assert running.hear(events_pb2.ConsentRevoked).reason == "erasure"
    assert running.hear(platform_pb.ErasureRequested).erasure_id == begun.erasure_id
    running.hear(platform_pb.ServiceErased)
    for service in ("gateway", "ingest", "training", "generation", "safety", "provenance"):
        running.tell(platform_pb.ServiceErased(subject_id=subject_id, erasure_id=begun.erasure_id, service=service))
    running.hear(platform_pb.ErasureCompleted)
    done = stub.GetErasure(service_pb2.GetErasureRequest(erasure_id=begun.erasure_id))
    assert done.state == "completed"
    assert done.receipt_jws


@pytest.mark.integration
def test_a_database_restored_from_a_backup_revives_no_consent_and_forgets_none(tmp_path: Path) -> None:
    """The operator's bad day: Monday's backup, and on Tuesday one consent was taken back and another one given."""
    running = Running(tmp_path)
    subject_id = new_id()
    try:
        withdrawn = consented(running, subject_id)
        running.hear(events_pb2.ConsentGranted)
    finally:
        running.stop()
    backup = (tmp_path / "identity.sqlite").read_bytes()

    running = Running(tmp_path, running.broker)
    try:
        until(lambda: ready(running))
        own = {"subject_id": subject_id, "consent_id": withdrawn.consent_id}
        running.stub.RevokeConsent(service_pb2.RevokeConsentRequest(**own))
        running.hear(events_pb2.ConsentRevoked)
        later = consented(running, subject_id, days=30)
        until(lambda: running.count(events_pb2.ConsentGranted) == 2)
    finally:
        running.stop()
    for file in tmp_path.glob("identity.sqlite*"):
        file.unlink()
    (tmp_path / "identity.sqlite").write_bytes(backup)

    running = Running(tmp_path, running.broker)
    try:
        until(lambda: ready(running))
        listed = running.stub.ListConsents(service_pb2.ListConsentsRequest(subject_id=subject_id)).consents
        by_id = {consent.state.consent_id: consent.state for consent in listed}
        assert by_id[withdrawn.consent_id].HasField("revoked_at")
        assert by_id[withdrawn.consent_id].revision == 2
        assert by_id[later.consent_id] == later
        again = running.stub.RevokeConsent(
            service_pb2.RevokeConsentRequest(subject_id=subject_id, consent_id=later.consent_id)
        )
        assert again.state.revision == 2
    finally:
        running.stop()
