"""Whose faces an adapter draws: asked of identity over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.consent import Consent
from semblance.kernel.errors import Invalid, Unavailable
from semblance.training.domain.errors import NotEnrolled
from semblance.training.domain.leak import Match
from semblance.training.ports import Embedding


class IdentityFaces:
    """See ports.Identity. Every embedding is sent with the model that made it, and with the consent that is known
    here: an identity that has not heard of it answers that it is behind."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float) -> None:
        self._identity = service_pb2_grpc.IdentityServiceStub(channel)
        self._face_model = face_model
        self._deadline_s = deadline_s

    def match(self, consent: Consent, faces: Sequence[Embedding]) -> list[Match]:
        """A match for each face. Raises NotEnrolled; Unavailable, also where identity compares another model's
        numbers: an operator's mistake, for which no adapter is refused."""
        request = service_pb2.MatchFacesRequest(
            subject_id=consent.subject_id,
            embeddings=[service_pb2.FaceEmbedding(values=f.tolist(), face_model=self._face_model) for f in faces],
            consent_id=consent.id,
            consent_revision=consent.revision,
        )
        try:
            answer = self._identity.MatchFaces(request, timeout=self._deadline_s)
        except Invalid as e:
            if e.code == "other-face-model":
                raise Unavailable(e.detail, remedy=e.remedy, code=e.code) from e
            raise
        if len(answer.matches) != len(faces):
            raise Unavailable("identity did not answer for every face")
        if not answer.enrolled:
            raise NotEnrolled
        return [Match(m.own_score, m.other_score, m.matches_other, m.protected) for m in answer.matches]
