"""Whose face is it: asked of the identity service over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.ingest.domain.faces import Embedding, Match
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import SubjectId


class GrpcIdentity:
    """See ports.Identity."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = service_pb2_grpc.IdentityServiceStub(channel)

    def match(self, subject_id: SubjectId, embeddings: Sequence[Embedding]) -> tuple[list[Match], bool]:
        """A match for each face in order, and whether the subject is enrolled. Raises Unavailable."""
        faces = [service_pb2.FaceEmbedding(values=embedding.tolist()) for embedding in embeddings]
        answer = self._stub.MatchFaces(service_pb2.MatchFacesRequest(subject_id=subject_id, embeddings=faces))
        if len(answer.matches) != len(faces):
            raise Unavailable("identity answered for another number of faces")
        return [Match(m.matches_own, m.own_score, m.protected) for m in answer.matches], answer.enrolled
