"""Whose faces an adapter draws: asked of identity over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from semblance.kernel.consent import Consent
from semblance.service_kit.face_matches import FaceMatches
from semblance.training.domain.errors import NotEnrolled
from semblance.training.domain.leak import Match
from semblance.training.ports import Embedding


class IdentityFaces:
    """See ports.Identity."""

    def __init__(self, channel: grpc.Channel, *, face_model: str, deadline_s: float) -> None:
        self._identity = FaceMatches(channel, face_model=face_model, deadline_s=deadline_s)

    def match(self, consent: Consent, faces: Sequence[Embedding]) -> list[Match]:
        """A match for each face. Raises NotEnrolled, Unavailable."""
        answer = self._identity.ask(consent.subject_id, faces, consent=(consent.id, consent.revision))
        if not answer.enrolled:
            raise NotEnrolled
        return [Match(m.own_score, m.other_score, m.matches_other, m.protected) for m in answer.matches]
