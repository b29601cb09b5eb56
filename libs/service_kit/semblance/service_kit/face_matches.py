"""IdentityService.MatchFaces, as every service asks it that sees faces and no templates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import grpc

from semblance.contracts.identity.v1 import service_pb2, service_pb2_grpc
from semblance.kernel.errors import Invalid, Unavailable

Face = Any  # a vector of floats, such as numpy's: this library knows no arrays


class FaceMatches:
    """Sends embeddings with the model that made them, gets scores; templates stay where they are."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float | None = None) -> None:
        self._stub = service_pb2_grpc.IdentityServiceStub(channel)
        self._face_model = face_model
        self._deadline_s = deadline_s

    def ask(
        self,
        subject_id: str,
        faces: Sequence[Face],
        *,
        consent: tuple[str, int] | None = None,
        also_depicted: Sequence[str] = (),
    ) -> service_pb2.MatchFacesResponse:
        """A match for each face, in order. `consent`: id and revision that are known here; an identity that has not
        heard of it answers that it is behind. also_depicted: others whom the picture may show.

        Raises Unavailable, also for an answer without a number for every face (what is no number is like nobody), and
        where identity compares another model's numbers: an operator's mistake, to be tried again.
        """
        marked = [service_pb2.FaceEmbedding(values=map(float, face), face_model=self._face_model) for face in faces]
        consent_id, revision = consent or ("", 0)
        request = service_pb2.MatchFacesRequest(
            subject_id=subject_id,
            embeddings=marked,
            consent_id=consent_id,
            consent_revision=revision,
            also_depicted_ids=list(also_depicted),
        )
        try:
            answer: service_pb2.MatchFacesResponse = self._stub.MatchFaces(request, timeout=self._deadline_s)
        except Invalid as e:
            if e.code == "other-face-model":
                raise Unavailable(e.detail, remedy=e.remedy, code=e.code) from e
            raise
        if len(answer.matches) != len(faces) or not _are_numbers(answer.matches):
            raise Unavailable("identity did not answer for every face")
        return answer


def _are_numbers(matches: Iterable[service_pb2.FaceMatch]) -> bool:
    return all(math.isfinite(m.own_score) and math.isfinite(m.other_score) for m in matches)
