"""CheckPrompt over a real gRPC server; the prompt stays out of logs, errors and the database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from semblance.contracts.identity.v1 import service_pb2 as identity_pb
from semblance.contracts.identity.v1 import service_pb2_grpc as identity_grpc
from semblance.contracts.safety.v1 import service_pb2, service_pb2_grpc
from semblance.faces import SFACE
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import SubjectId, new_id
from semblance.safety.adapters.identity_client import IdentityMatcher
from semblance.safety.api.servicer import SafetyServicer
from semblance.safety.settings import SafetySettings
from semblance.service_kit import rpc

TOKEN = SecretStr("token-for-this-test")
KNOWN = {"consent_id": new_id(), "consent_revision": 1}


@pytest.fixture
def stub(bench: Any) -> Iterator[service_pb2_grpc.SafetyServiceStub]:
    server = rpc.server(TOKEN, workers=2)
    service_pb2_grpc.add_SafetyServiceServicer_to_server(SafetyServicer(bench.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        yield service_pb2_grpc.SafetyServiceStub(channel)
    server.stop(None).wait(5)


def test_a_prompt_is_judged_and_forgotten(bench: Any, stub: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fine = stub.CheckPrompt(service_pb2.CheckPromptRequest(subject_id=new_id(), prompt="me on a wobblestone beach"))
    assert (fine.allowed, list(fine.reason_codes), fine.message) == (True, [], "")
    answer = stub.CheckPrompt(service_pb2.CheckPromptRequest(subject_id=new_id(), prompt="n4ked on wobblestone"))
    assert (answer.allowed, list(answer.reason_codes)) == (False, ["sexual"])
    assert "wobblestone" not in answer.message
    assert "wobblestone" not in "\n".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)
    bench.database.close()
    folder = Path(bench.database.url.removeprefix("sqlite:///")).parent
    assert not [f for f in folder.iterdir() if f.is_file() and b"wobblestone" in f.read_bytes()]


def test_a_persons_limits_are_asked_with_the_prompt_and_forgotten(
    bench: Any, stub: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = {"subject_id": new_id(), "prompt": "me with a beer", "limits": ["no wobblestone", "no alcohol"]}
    answer = stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked))
    assert (answer.allowed, list(answer.reason_codes)) == (False, ["limit"])
    assert "alcohol" not in answer.message
    denied = stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked | {"limits": [], "denied_styles": ["beer"]}))
    assert list(denied.reason_codes) == ["denied-style"]
    assert stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked | {"limits": ["no wobblestone"]})).allowed
    assert "wobblestone" not in "\n".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)


def test_what_a_picture_should_be_without_is_read_and_forgotten(
    bench: Any, stub: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = {"subject_id": new_id(), "prompt": "me on a beach", "negative_prompt": "wobblestone, clothes"}
    answer = stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked))
    assert (answer.allowed, list(answer.reason_codes)) == (False, ["sexual"])
    assert "wobblestone" not in answer.message
    for harmless in ("naked wobblestone", " ", "", "\u0301"):
        assert stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked | {"negative_prompt": harmless})).allowed
    both = stub.CheckPrompt(service_pb2.CheckPromptRequest(**asked | {"prompt": "naked", "negative_prompt": "hat"}))
    assert list(both.reason_codes) == ["sexual"]
    assert "wobblestone" not in "\n".join(f"{r.getMessage()} {vars(r)}" for r in caplog.records)


def test_nothing_is_no_prompt(stub: Any) -> None:
    with pytest.raises(Invalid) as refused:
        stub.CheckPrompt(service_pb2.CheckPromptRequest(subject_id=new_id(), prompt=" "))
    assert refused.value.code == "invalid-prompt"


class _Short(identity_grpc.IdentityServiceServicer):
    """An identity service that forgets a face."""

    def MatchFaces(self, request: Any, context: Any) -> identity_pb.MatchFacesResponse:
        matches = [identity_pb.FaceMatch(own_score=0.5, other_score=-1) for _ in request.embeddings[1:]]
        return identity_pb.MatchFacesResponse(matches=matches, enrolled=True)


def test_an_answer_that_lacks_a_face_is_no_answer(bench: Any) -> None:
    server = rpc.server(TOKEN, workers=2)
    identity_grpc.add_IdentityServiceServicer_to_server(_Short(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel, pytest.raises(Unavailable):
        IdentityMatcher(channel, face_model=SFACE.id, deadline_s=60).match(
            SubjectId(new_id()), [bench.face().embedding] * 2, **KNOWN
        )
    server.stop(None).wait(5)


class _Guarding(identity_grpc.IdentityServiceServicer):
    """An identity service to whom every second face is protected."""

    def MatchFaces(self, request: Any, context: Any) -> identity_pb.MatchFacesResponse:
        faces = range(len(request.embeddings))
        matches = [identity_pb.FaceMatch(own_score=0.5, other_score=-1, protected=k % 2 == 1) for k in faces]
        return identity_pb.MatchFacesResponse(matches=matches, enrolled=True, gallery_revision=41)


def test_what_is_protected_comes_over_face_by_face(bench: Any) -> None:
    server = rpc.server(TOKEN, workers=2)
    identity_grpc.add_IdentityServiceServicer_to_server(_Guarding(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        matcher = IdentityMatcher(channel, face_model=SFACE.id, deadline_s=60)
        scores, _ = matcher.match(SubjectId(new_id()), [bench.face().embedding] * 2, **KNOWN)
    server.stop(None).wait(5)
    assert [score.protected for score in scores] == [False, True]
    assert {score.index_revision for score in scores} == {41}


class _Picky(identity_grpc.IdentityServiceServicer):
    """An identity service that compares another model's numbers, and remembers whose it was sent."""

    def __init__(self) -> None:
        self.sent: set[str] = set()

    def MatchFaces(self, request: Any, context: Any) -> identity_pb.MatchFacesResponse:
        self.sent |= {face.face_model for face in request.embeddings}
        raise Invalid("made by another", remedy="Give them one value.", code="other-face-model")


def test_numbers_that_identity_does_not_compare_are_marked_and_tried_again(bench: Any) -> None:
    server, picky = rpc.server(TOKEN, workers=2), _Picky()
    identity_grpc.add_IdentityServiceServicer_to_server(picky, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        matcher = IdentityMatcher(channel, face_model="deepface:Dlib@0123456789ab", deadline_s=60)
        with pytest.raises(Unavailable) as refused:
            matcher.match(SubjectId(new_id()), [bench.face().embedding], **KNOWN)
    server.stop(None).wait(5)
    assert (refused.value.code, refused.value.remedy) == ("other-face-model", "Give them one value.")
    assert picky.sent == {"deepface:Dlib@0123456789ab"}


def test_another_face_model_needs_floors_of_its_own() -> None:
    with pytest.raises(ValidationError) as refused:
        SafetySettings(face_model="deepface:Dlib")
    for name in ("OWN_FLOOR", "OTHER_THRESHOLD", "CLEAR_MARGIN", "MARGIN"):
        assert f"SAFETY_{name}" in str(refused.value)
    SafetySettings(face_model="deepface:Dlib", own_floor=0.9, other_threshold=0.95, clear_margin=0.01, margin=0.01)


def test_an_identity_that_is_down_is_unavailable(bench: Any) -> None:
    with rpc.connect("127.0.0.1:1", TOKEN) as channel, pytest.raises(Unavailable):
        IdentityMatcher(channel, face_model=SFACE.id, deadline_s=2).match(
            SubjectId(new_id()), [bench.face().embedding], **KNOWN
        )
