"""Whose face is it: asked of the identity service over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.ingest.domain.faces import Answer, Embedding, Match
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import SubjectId


class GrpcIdentity:
    """See ports.Identity. Every embedding is sent with the model that made it."""

    def __init__(self, channel: grpc.Channel, face_model: str) -> None:
        self._stub = service_pb2_grpc.IdentityServiceStub(channel)
        self._face_model = face_model

    def match(self, subject_id: SubjectId, embeddings: Sequence[Embedding]) -> Answer:
        """A match for each face in order, and how the subject is enrolled. Raises Unavailable, also where identity
        compares another model's numbers: an operator's mistake, which no photo is refused for."""
        faces = [service_pb2.FaceEmbedding(values=e.tolist(), face_model=self._face_model) for e in embeddings]
        try:
            answer = self._stub.MatchFaces(service_pb2.MatchFacesRequest(subject_id=subject_id, embeddings=faces))
        except Invalid as e:
            if e.code == "other-face-model":
                raise Unavailable(e.detail, remedy=e.remedy, code=e.code) from e
            raise
        if len(answer.matches) != len(faces):
            raise Unavailable("identity answered for another number of faces")
        matches = [Match(m.matches_own, m.own_score, m.protected) for m in answer.matches]
        return Answer(matches, answer.enrolled, answer.opt_in_again)
