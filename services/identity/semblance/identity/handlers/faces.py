"""Face matches for the services that see faces but no templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.identity.domain.errors import GalleryBehind, InvalidEmbedding
from semblance.identity.domain.matching import MAX_ALSO_DEPICTED, MAX_FACES, Embedding, Scores, is_protected
from semblance.identity.handlers.left_behind import must_opt_in_again
from semblance.identity.ports import Ports, Store
from semblance.kernel.ids import ConsentId, SubjectId

_NOBODY = -1.0


@dataclass(frozen=True)
class Match:
    """One face's scores, and what this service's own threshold makes of them."""

    scores: Scores
    own: bool
    other: bool
    protected: bool


@dataclass(frozen=True)
class Matches:
    """A match for each face, in order. opt_in_again: the person is not enrolled, but was by another face model.
    revision: the gallery's, at the least."""

    faces: list[Match]
    enrolled: bool
    opt_in_again: bool = False
    revision: int = -1


def find_matches(
    subject_id: SubjectId,
    faces: Sequence[Embedding],
    ports: Ports,
    *,
    consent: tuple[str, int] | None = None,
    also_depicted: Sequence[SubjectId] = (),
) -> Matches:
    """All that there is to say about the faces of one picture. `consent`: id and revision that the caller knows of.
    also_depicted: others whom the picture may show.

    Raises InvalidEmbedding, GalleryBehind, Unavailable.
    """
    if len(faces) > MAX_FACES:
        raise InvalidEmbedding(f"at most {MAX_FACES} faces at once")
    if len(also_depicted) > MAX_ALSO_DEPICTED:
        raise InvalidEmbedding(f"at most {MAX_ALSO_DEPICTED} others in a picture")
    with ports.reads() as store:
        if consent is not None:
            _require_as_new(consent, subject_id, store)
        revision = store.templates.revision()
        scores, enrolled = ports.gallery.scores(store, subject_id, faces, also_depicted=also_depicted)
        again = not enrolled and must_opt_in_again(store, subject_id, ports)
    if consent is not None and any(s.own == s.other == _NOBODY for s in scores) and not again:
        raise GalleryBehind("a consent was given, and nobody at all is enrolled")
    rules = ports.rules.matching
    found = [
        Match(s, own=s.own >= rules.match, other=s.other >= rules.match, protected=is_protected(s, rules))
        for s in scores
    ]
    return Matches(found, enrolled, again, revision)


def _require_as_new(consent: tuple[str, int], subject_id: SubjectId, store: Store) -> None:
    """Whoever asks has heard of this consent: a database that has not is an older one, and so are its templates."""
    known = store.consents.get(ConsentId(consent[0]))
    if known is None or known.subject_id != subject_id or known.revision < consent[1]:
        raise GalleryBehind("enrolled faces are older than a consent that others know of")
