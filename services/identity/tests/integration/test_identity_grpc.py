"""The whole contract over a real gRPC server: errors keep their kind and code, and nothing of a face is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from semblance.contracts.identity.v1 import events_pb2, service_pb2, service_pb2_grpc
from semblance.identity.adapters.store import ERASE_SUBJECT
from semblance.identity.adapters.work import erase_subject
from semblance.identity.api.servicer import IdentityServicer
from semblance.identity.consumers import erasure_answers
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.illumination import ScreenColour
from semblance.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from semblance.kernel.ids import new_id
from semblance.service_kit import rpc, testing

TOKEN = SecretStr("token-for-this-test")
ALL = [events_pb2.PURPOSE_PHOTOS, events_pb2.PURPOSE_TRAIN, events_pb2.PURPOSE_GENERATE]


@pytest.fixture
def address(desk: Any) -> Iterator[str]:
    server = rpc.server(TOKEN, workers=4)
    service_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(desk.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(5)


@pytest.fixture
def stub(address: str) -> Iterator[service_pb2_grpc.IdentityServiceStub]:
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        yield service_pb2_grpc.IdentityServiceStub(channel)


def opened(stub: Any, subject_id: str, device_id: str = "phone") -> service_pb2.CaptureSession:
    notice = stub.GetNotice(service_pb2.GetNoticeRequest(language="en"))
    request = service_pb2.SignReleaseRequest(
        subject_id=subject_id, notice_sha256=notice.sha256, signed_name="Ada", adult=True, purposes=ALL
    )
    release = stub.SignRelease(request)
    return stub.CreateSession(
        service_pb2.CreateSessionRequest(subject_id=subject_id, release_id=release.release_id, device_id=device_id)
    )


def submitted(desk: Any, stub: Any, session: service_pb2.CaptureSession) -> service_pb2.CaptureSession:
    colours = [ScreenColour(c.colour, c.for_ms) for c in session.colours]
    desk.reader.readings = desk.shown([Movement(text) for text in session.challenge], colours)
    frames = [service_pb2.CaptureFrame(at_ms=r.at_ms, jpeg=b"jpeg") for r in desk.reader.readings]
    return stub.SubmitCapture(
        service_pb2.SubmitCaptureRequest(
            subject_id=session.subject_id, session_id=session.session_id, nonce=session.nonce, frames=frames
        )
    )


def test_from_the_notice_to_the_receipt(desk: Any, stub: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    subject_id = new_id()
    session = opened(stub, subject_id)
    assert (session.state, session.tries_left, len(session.challenge)) == (service_pb2.SESSION_STATE_CREATED, 3, 4)
    assert len(session.colours) == 8
    passed = submitted(desk, stub, session)
    assert passed.state == service_pb2.SESSION_STATE_SUCCEEDED
    read = stub.GetSession(service_pb2.GetSessionRequest(subject_id=subject_id, session_id=session.session_id))
    assert read == passed
    consent = stub.GrantConsent(
        service_pb2.GrantConsentRequest(subject_id=subject_id, session_id=session.session_id, purposes=ALL, days=30)
    )
    ids = {"subject_id": subject_id, "consent_id": consent.state.consent_id}
    assert stub.GetConsent(service_pb2.GetConsentRequest(**ids)) == consent
    listed = stub.ListConsents(service_pb2.ListConsentsRequest(subject_id=subject_id))
    assert list(listed.consents) == [consent]
    assert not listed.opt_in_again
    values = [float(v) for v in desk.face(1)]
    match = stub.MatchFaces(
        service_pb2.MatchFacesRequest(subject_id=subject_id, embeddings=[service_pb2.FaceEmbedding(values=values)])
    )
    assert match.enrolled
    assert match.matches[0].matches_own
    assert match.matches[0].other_score == -1
    assert match.gallery_revision > 0
    revoked = stub.RevokeConsent(service_pb2.RevokeConsentRequest(**ids, reason="withdrawn"))
    assert revoked.state.HasField("revoked_at")
    erasure = stub.RequestErasure(service_pb2.RequestErasureRequest(subject_id=subject_id))
    assert (erasure.state, len(erasure.waiting_for)) == ("running", 7)
    testing.run_work({ERASE_SUBJECT: erase_subject(desk.ports, desk.store_of)}, desk.database)
    answers = erasure_answers(desk.ports, desk.store_of)
    for message in [m for m in testing.emitted(desk.database) if type(m) in answers.handlers]:
        testing.deliver(answers, desk.database, message)
        for service in erasure.waiting_for:
            message.service = service
            testing.deliver(answers, desk.database, message)
    done = stub.GetErasure(service_pb2.GetErasureRequest(erasure_id=erasure.erasure_id))
    assert (done.state, done.subject_id, list(done.waiting_for)) == ("completed", "", [])
    assert done.receipt_jws.count(".") == 2
    assert "Ed25519" in stub.GetReceiptKeys(service_pb2.GetReceiptKeysRequest()).jwks_json
    said = "\n".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)
    assert "Ada" not in said
    assert session.nonce not in said
    assert f"{values[0]:.4f}"[:6] not in said


def test_a_caller_without_the_token_gets_nothing(address: str) -> None:
    with rpc.connect(address, SecretStr("guess"), deadline_s=60) as channel, pytest.raises(Unauthenticated):
        service_pb2_grpc.IdentityServiceStub(channel).GetNotice(service_pb2.GetNoticeRequest())


def test_refusals_keep_their_codes(desk: Any, stub: Any) -> None:
    subject_id = new_id()
    session = opened(stub, subject_id)
    notice = stub.GetNotice(service_pb2.GetNoticeRequest())
    minor = service_pb2.SignReleaseRequest(subject_id=subject_id, notice_sha256=notice.sha256, signed_name="A")
    stranger = service_pb2.GetSessionRequest(subject_id=new_id(), session_id=session.session_id)
    grant = service_pb2.GrantConsentRequest(subject_id=subject_id, session_id=session.session_id, purposes=ALL)
    strange = service_pb2.SignReleaseRequest(subject_id=subject_id, purposes=[9])
    short = service_pb2.FaceEmbedding(values=[1.0])
    numbers = [float(v) for v in desk.face(1)]
    foreign = service_pb2.FaceEmbedding(values=numbers, face_model="deepface:Dlib@0123456789ab")
    for call, request, error, code in [
        (stub.SignRelease, minor, Forbidden, "adults-only"),
        (stub.GetSession, stranger, NotFound, "not-found"),
        (stub.GrantConsent, grant, Conflict, "session-not-passed"),
        (stub.GetConsent, service_pb2.GetConsentRequest(subject_id="../x"), Invalid, "malformed-id"),
        (
            stub.MatchFaces,
            service_pb2.MatchFacesRequest(subject_id=subject_id, embeddings=[short]),
            Invalid,
            "invalid-embedding",
        ),
        (
            stub.MatchFaces,
            service_pb2.MatchFacesRequest(subject_id=subject_id, embeddings=[foreign]),
            Invalid,
            "other-face-model",
        ),
        (stub.SignRelease, strange, Invalid, "unknown-purpose"),
    ]:
        with pytest.raises(error) as refused:
            call(request)
        assert refused.value.code == code
