"""What comes back from identity is a number for every face, or it is no answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import grpc
import pytest
from pydantic import SecretStr

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Invalid, Unavailable
from semblance.service_kit import rpc
from semblance.service_kit.face_matches import FaceMatches

TOKEN = SecretStr("a-token-of-tests-only-0123456789abcdef")  # pragma: allowlist secret
Answer = Callable[[service_pb2.MatchFacesRequest], service_pb2.MatchFacesResponse]


class Identity(service_pb2_grpc.IdentityServiceServicer):
    """Answers what the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request: matches(*[0.5] * len(request.embeddings))
        self.asked = service_pb2.MatchFacesRequest()

    def MatchFaces(
        self, request: service_pb2.MatchFacesRequest, context: grpc.ServicerContext
    ) -> service_pb2.MatchFacesResponse:
        self.asked = request
        return self.answer(request)


def matches(*other: float) -> service_pb2.MatchFacesResponse:
    found = [service_pb2.FaceMatch(own_score=0.8, other_score=score) for score in other]
    return service_pb2.MatchFacesResponse(matches=found, enrolled=True)


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def client(identity: Identity) -> Iterator[FaceMatches]:
    server = rpc.server(TOKEN, workers=2)
    service_pb2_grpc.add_IdentityServiceServicer_to_server(identity, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN) as channel:
        yield FaceMatches(channel, face_model="a-model", deadline_s=60)
    server.stop(None).wait(60)


def test_every_face_is_sent_with_its_model_and_the_consent_that_is_known(
    identity: Identity, client: FaceMatches
) -> None:
    answer = client.ask("ada", [[1.0, 0.0], [0.0, 1.0]], consent=("yes", 3), also_depicted=["bob"])
    assert len(answer.matches) == 2
    assert [(list(e.values), e.face_model) for e in identity.asked.embeddings] == [
        ([1.0, 0.0], "a-model"),
        ([0.0, 1.0], "a-model"),
    ]
    assert (identity.asked.subject_id, identity.asked.consent_id, identity.asked.consent_revision) == ("ada", "yes", 3)
    assert list(identity.asked.also_depicted_ids) == ["bob"]


@pytest.mark.parametrize("other", [(), (0.1, 0.1), (float("nan"),), (float("inf"),)])
def test_not_a_number_for_every_face_is_no_answer(
    identity: Identity, client: FaceMatches, other: tuple[float, ...]
) -> None:
    identity.answer = lambda _request: matches(*other)
    with pytest.raises(Unavailable, match="every face"):
        client.ask("ada", [[1.0, 0.0]])


@pytest.mark.parametrize(("code", "kind"), [("other-face-model", Unavailable), ("invalid-embedding", Invalid)])
def test_another_face_model_is_an_operators_mistake_to_be_tried_again(
    identity: Identity, client: FaceMatches, code: str, kind: type[Exception]
) -> None:
    def refuse(_request: service_pb2.MatchFacesRequest) -> service_pb2.MatchFacesResponse:
        raise Invalid("not these", code=code)

    identity.answer = refuse
    with pytest.raises(kind) as refused:
        client.ask("ada", [[1.0, 0.0]])
    assert getattr(refused.value, "code", "") == code
