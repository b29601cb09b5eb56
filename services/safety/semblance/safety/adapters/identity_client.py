"""IdentityService.MatchFaces, asked over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.kernel.ids import SubjectId
from semblance.safety.ports import Embedding, FaceScores
from semblance.service_kit.face_matches import FaceMatches


class IdentityMatcher:
    """See ports.Matcher."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float) -> None:
        self._identity = FaceMatches(channel, face_model=face_model, deadline_s=deadline_s)

    def match(
        self,
        subject_id: SubjectId,
        faces: Sequence[Embedding],
        *,
        consent_id: str,
        consent_revision: int,
        also_depicted: Sequence[SubjectId] = (),
    ) -> tuple[list[FaceScores], bool]:
        """Scores for each face, and whether the person is enrolled. Raises Unavailable."""
        consent = consent_id, consent_revision
        answer = self._identity.ask(subject_id, faces, consent=consent, also_depicted=also_depicted)
        revision = answer.gallery_revision
        return [FaceScores(m.own_score, m.other_score, m.protected, revision) for m in answer.matches], answer.enrolled
