"""Whose face is it: asked of the identity service over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.ingest.domain.faces import Answer, Embedding, Match
from semblance.kernel.ids import SubjectId
from semblance.service_kit.face_matches import FaceMatches


class GrpcIdentity:
    """See ports.Identity."""

    def __init__(self, channel: grpc.Channel, face_model: str) -> None:
        self._identity = FaceMatches(channel, face_model=face_model)

    def match(self, subject_id: SubjectId, embeddings: Sequence[Embedding]) -> Answer:
        """A match for each face in order, and how the subject is enrolled. Raises Unavailable."""
        answer = self._identity.ask(subject_id, embeddings)
        matches = [Match(m.matches_own, m.own_score, m.protected) for m in answer.matches]
        return Answer(matches, answer.enrolled, answer.opt_in_again)
