"""Face matches for the services that see faces but no templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.identity.domain.errors import InvalidEmbedding
from semblance.identity.domain.matching import MAX_FACES, Embedding, Scores, is_protected
from semblance.identity.ports import Ports
from semblance.kernel.ids import SubjectId


@dataclass(frozen=True)
class Match:
    """One face's scores, and what this service's own threshold makes of them."""

    scores: Scores
    own: bool
    other: bool
    protected: bool


def match_faces(subject_id: SubjectId, faces: Sequence[Embedding], ports: Ports) -> tuple[list[Match], bool]:
    """A match for each face, in order, and whether the person is enrolled. Raises InvalidEmbedding, Unavailable."""
    if len(faces) > MAX_FACES:
        raise InvalidEmbedding(f"at most {MAX_FACES} faces at once")
    with ports.reads() as store:
        scores, enrolled = ports.gallery.scores(store, subject_id, faces)
    rules = ports.rules.matching
    return [
        Match(s, own=s.own >= rules.match, other=s.other >= rules.match, protected=is_protected(s, rules))
        for s in scores
    ], enrolled
