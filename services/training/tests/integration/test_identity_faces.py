"""What training asks of identity, against a servicer that answers as identity does."""

from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from pydantic import SecretStr

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.consent import Consent
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import new_id
from semblance.service_kit import rpc
from semblance.training.adapters.identity_faces import IdentityFaces
from semblance.training.domain.errors import NotEnrolled
from semblance.training.domain.leak import Match

pytestmark = pytest.mark.integration
TOKEN = SecretStr("between services")
FACES = [np.full(128, 128**-0.5, np.float32)] * 2


class Identity(service_pb2_grpc.IdentityServiceServicer):
    def __init__(self) -> None:
        self.requests: list[service_pb2.MatchFacesRequest] = []
        self.enrolled, self.missing = True, 0
        self.error: Exception | None = None

    def MatchFaces(
        self, request: service_pb2.MatchFacesRequest, context: grpc.ServicerContext
    ) -> service_pb2.MatchFacesResponse:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        one = service_pb2.FaceMatch(own_score=0.5, other_score=0.75, matches_other=True, protected=True)
        answers = [one] * (len(request.embeddings) - self.missing)
        return service_pb2.MatchFacesResponse(matches=answers, enrolled=self.enrolled)


@pytest.fixture
def identity() -> Identity:
    return Identity()


@pytest.fixture
def faces(identity: Identity) -> Iterator[IdentityFaces]:
    server = rpc.server(TOKEN)
    service_pb2_grpc.add_IdentityServiceServicer_to_server(identity, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with rpc.connect(f"127.0.0.1:{port}", TOKEN, deadline_s=60) as channel:
        yield IdentityFaces(channel, face_model="sface-2021dec", deadline_s=60)
    server.stop(None).wait()


@pytest.fixture
def consent(service) -> Consent:  # type: ignore[no-untyped-def]
    granted: Consent = service.consents.grant(new_id())
    return granted


def test_every_face_is_sent_with_its_model_and_the_consent_that_is_known(
    identity: Identity, faces: IdentityFaces, consent: Consent
) -> None:
    assert faces.match(consent, FACES) == [Match(0.5, 0.75, matches_other=True, protected=True)] * 2
    [request] = identity.requests
    assert (request.subject_id, request.consent_id, request.consent_revision) == (
        consent.subject_id,
        consent.id,
        consent.revision,
    )
    assert {e.face_model for e in request.embeddings} == {"sface-2021dec"}
    assert len(request.embeddings[0].values) == 128


def test_half_an_answer_and_another_model_are_no_answer(
    identity: Identity, faces: IdentityFaces, consent: Consent
) -> None:
    identity.missing = 1
    with pytest.raises(Unavailable):
        faces.match(consent, FACES)
    identity.error = Invalid("another model", code="other-face-model")
    with pytest.raises(Unavailable):
        faces.match(consent, FACES)
    identity.error = Invalid("not a unit vector", code="invalid-embedding")
    with pytest.raises(Invalid):
        faces.match(consent, FACES)


def test_somebody_who_is_not_enrolled_cannot_be_told_from_others(
    identity: Identity, faces: IdentityFaces, consent: Consent
) -> None:
    identity.enrolled = False
    with pytest.raises(NotEnrolled):
        faces.match(consent, FACES)
