"""`semblance operator` against the real service: lists, decisions, the register, an erasure, and who is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from semblance.contracts.identity.v1 import (
    register_pb2,
    register_pb2_grpc,
    review_pb2,
    review_pb2_grpc,
    service_pb2,
    service_pb2_grpc,
)
from semblance.identity.api.operator_servicer import OperatorServicer
from semblance.identity.api.register_servicer import RegisterServicer, ReviewServicer
from semblance.identity.api.servicer import IdentityServicer
from semblance.identity.domain.protection import key_of
from semblance.kernel.errors import Conflict, Invalid, NotFound, SemblanceError, Unauthenticated
from semblance.kernel.ids import SubjectId, new_id
from semblance.local.operator.app import app
from semblance.service_kit import rpc

TOKEN = SecretStr("token-for-this-test")
ADA, BOB = SecretStr("a" * 24), SecretStr("b" * 24)
Run = Callable[..., Any]


@pytest.fixture
def address(desk: Any) -> Iterator[str]:
    server = rpc.server(TOKEN, workers=4, operator_tokens={"ada": ADA, "bob": BOB})
    service_pb2_grpc.add_IdentityServiceServicer_to_server(IdentityServicer(desk.ports), server)
    register_pb2_grpc.add_RegisterServiceServicer_to_server(RegisterServicer(desk.ports), server)
    review_pb2_grpc.add_ReviewServiceServicer_to_server(ReviewServicer(desk.ports), server)
    review_pb2_grpc.add_OperatorServiceServicer_to_server(OperatorServicer(desk.ports), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait(5)


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SEMBLANCE_OPERATOR_ADDRESS", address)
    monkeypatch.setenv("SEMBLANCE_OPERATOR_TOKEN", ADA.get_secret_value())

    def made(*arguments: str) -> Any:
        """What the command says as JSON. Raises what it raises."""
        result = CliRunner().invoke(app, [*arguments, "--json"])
        if isinstance(result.exception, SemblanceError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return made


def doubted(desk: Any) -> SubjectId:
    """Somebody whose capture shows the face of somebody else, who is enrolled."""
    if not desk.ports.gallery.size:
        desk.opted_in(person=7)
    subject_id = SubjectId(new_id())
    desk.submitted(desk.opened(subject_id, device=new_id()), person=7)
    return subject_id


def test_reviews_are_listed_shown_and_decided(desk: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = doubted(desk), doubted(desk)
    listed = run("reviews", "list")
    assert [(r["subject_id"], r["kind"], r["note"]) for r in listed] == [
        (first, "face_enrolled_elsewhere", ""),
        (second, "face_enrolled_elsewhere", ""),
    ]
    allowed = run("reviews", "allow", listed[0]["id"], "--note", "twins")
    assert (allowed["state"], allowed["decided_by"]) == ("allowed", "ada")
    assert allowed["usable_until"] is not None
    assert run("reviews", "show", listed[0]["id"])["note"] == "twins"
    monkeypatch.setenv("SEMBLANCE_OPERATOR_TOKEN", BOB.get_secret_value())
    assert run("reviews", "refuse", listed[1]["id"])["decided_by"] == "bob"
    assert run("reviews", "allow", listed[0]["id"])["decided_by"] == "ada"
    with pytest.raises(Conflict) as late:
        run("reviews", "refuse", listed[0]["id"])
    assert late.value.code == "review-decided"
    assert run("reviews", "list") == []
    assert [len(run("reviews", "list", "--state", word)) for word in ("allowed", "refused", "all")] == [1, 1, 2]
    with pytest.raises(NotFound):
        run("reviews", "show", new_id())
    with pytest.raises(Invalid):
        run("reviews", "show", "../x")


def test_lists_go_on_over_pages(desk: Any, address: str) -> None:
    wanted = [doubted(desk) for _ in range(3)]
    with rpc.connect_operator(address, ADA, deadline_s=60) as channel:
        stub = review_pb2_grpc.OperatorServiceStub(channel)
        first = stub.ListReviews(review_pb2.ListReviewsRequest(limit=2))
        rest = stub.ListReviews(review_pb2.ListReviewsRequest(limit=2, after=first.next_after))
        assert [r.subject_id for r in (*first.reviews, *rest.reviews)] == wanted
        assert rest.next_after == ""
        with pytest.raises(Invalid):
            stub.ListReviews(review_pb2.ListReviewsRequest(limit=101))


def test_the_register_is_kept(desk: Any, run: Run, tmp_path: Path) -> None:
    photo = tmp_path / "photo"
    photo.write_bytes(b"5")
    added = run("protected", "add", str(photo), "--purpose", "legal_order")
    assert added["state"] == "accepted"
    assert len(added["removal_code"]) == 43
    assert [(e["id"], e["purpose"]) for e in run("protected", "list")] == [(added["id"], "legal_order")]
    assert run("protected", "remove", added["id"], "--yes") == {"removed": added["id"]}
    assert run("protected", "list") == []
    assert not desk.keyring.exists(key_of(added["id"]))
    with pytest.raises(NotFound):
        run("protected", "remove", added["id"], "--yes")


def test_somebody_is_erased_and_again_only_says_how_far_it_is(desk: Any, run: Run) -> None:
    subject_id, _ = desk.opted_in()
    erasure = run("erase", subject_id, "--yes")
    assert (erasure["state"], len(erasure["waiting_for"])) == ("running", 7)
    assert run("erase", subject_id, "--yes") == erasure


def test_nothing_happens_without_a_yes(run: Run, desk: Any) -> None:
    subject_id, _ = desk.opted_in()
    result = CliRunner().invoke(app, ["erase", subject_id], input="n\n")
    assert result.exit_code == 1
    with desk.ports.reads() as store:
        assert store.erasures.of_subject(subject_id, "") is None


def test_the_platforms_own_token_decides_nothing(desk: Any, run: Run, address: str) -> None:
    """The gateway holds it: no request of a person can reach a decision through it."""
    doubted(desk)
    (review,) = run("reviews", "list")
    request = review_pb2.DecideReviewRequest(review_id=review["id"], decision=review_pb2.REVIEW_STATE_ALLOWED)
    for channel in (
        rpc.connect(address, TOKEN, deadline_s=60),
        rpc.connect_operator(address, TOKEN, deadline_s=60),
        rpc.connect(address, ADA, deadline_s=60),
    ):
        with channel, pytest.raises(Unauthenticated):
            review_pb2_grpc.OperatorServiceStub(channel).DecideReview(request)
    assert run("reviews", "list") == [review]


def test_a_command_without_a_token_or_a_platform_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SEMBLANCE_OPERATOR_TOKEN")
    with pytest.raises(Unauthenticated):
        run("reviews", "list")
    monkeypatch.delenv("SEMBLANCE_OPERATOR_ADDRESS")
    with pytest.raises(SemblanceError) as refused:
        run("reviews", "list", "--data", str(tmp_path))
    assert refused.value.code == "never-started"


def test_the_register_answers_the_gateway_the_same_for_every_face(desk: Any, address: str) -> None:
    ada, _ = desk.opted_in(person=1)
    with rpc.connect(address, TOKEN, deadline_s=60) as channel:
        stub = register_pb2_grpc.RegisterServiceStub(channel)
        identity = service_pb2_grpc.IdentityServiceStub(channel)
        answers = []
        for person in (b"1", b"5"):
            request = register_pb2.ProtectFaceRequest(
                entry_id=new_id(),
                purpose=register_pb2.PROTECTION_PURPOSE_SELF,
                photos=[person],
                removal_code_sha256="0" * 64,
            )
            answer = stub.ProtectFace(request)
            assert answer.entry_id == request.entry_id
            answers.append(answer.state)
        assert answers == ["accepted", "accepted"]
        faces = [service_pb2.FaceEmbedding(values=[float(v) for v in desk.face(person)]) for person in (1, 5)]
        matches = identity.MatchFaces(service_pb2.MatchFacesRequest(subject_id=ada, embeddings=faces)).matches
        assert [m.protected for m in matches] == [False, True]
        with pytest.raises(NotFound):
            stub.RemoveProtection(register_pb2.RemoveProtectionRequest(entry_id=new_id(), removal_code="x"))
        with pytest.raises(Invalid):
            stub.ProtectFace(register_pb2.ProtectFaceRequest(entry_id=new_id(), photos=[b"1"]))
