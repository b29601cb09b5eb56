"""IdentityService.MatchFaces, asked over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Invalid, Unavailable
from semblance.kernel.ids import SubjectId
from semblance.safety.ports import Embedding, FaceScores


class IdentityMatcher:
    """Sends embeddings with the model that made them, gets scores; templates stay where they are."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float) -> None:
        self._face_model = face_model
        self._stub = service_pb2_grpc.IdentityServiceStub(channel)
        self._deadline_s = deadline_s

    def match(
        self, subject_id: SubjectId, faces: Sequence[Embedding], *, consent_id: str, consent_revision: int
    ) -> tuple[list[FaceScores], bool]:
        """Scores for each face, and whether the person is enrolled. Raises Unavailable, also where identity compares
        another model's numbers: an operator's mistake, to be tried again before it blocks a picture."""
        marked = [service_pb2.FaceEmbedding(values=face.tolist(), face_model=self._face_model) for face in faces]
        request = service_pb2.MatchFacesRequest(
            subject_id=subject_id, embeddings=marked, consent_id=consent_id, consent_revision=consent_revision
        )
        try:
            answer = self._stub.MatchFaces(request, timeout=self._deadline_s)
        except Invalid as e:
            if e.code == "other-face-model":
                raise Unavailable(e.detail, remedy=e.remedy, code=e.code) from e
            raise
        if len(answer.matches) != len(faces):
            raise Unavailable("identity did not answer for every face")
        revision = answer.gallery_revision
        return [FaceScores(m.own_score, m.other_score, m.protected, revision) for m in answer.matches], answer.enrolled
