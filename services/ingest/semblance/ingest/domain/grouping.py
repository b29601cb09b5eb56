"""Which person each new face belongs to: one photo at a time, never two faces of a photo to one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semblance.ingest.domain.faces import Embedding
from semblance.kernel.ids import PersonId


@dataclass(frozen=True, eq=False)
class Known:
    """A person of the library. embeddings: (n, d), n 0 where another face model read the faces; own: one of them is the
    subject's, as identity said."""

    id: PersonId
    embeddings: npt.NDArray[np.float32]
    own: bool


def group(
    faces: Sequence[Embedding], own: int | None, known: Sequence[Known], threshold: float
) -> list[PersonId | None]:
    """For each face a known person, or None for a new one.

    A face goes to the person whose mean embedding it is most like, from `threshold` (cosine) up, best pairs first.
    The face at `own` goes to the subject's own person whatever the cosine, and no other face ever does: who the
    subject is, identity decides.
    """
    chosen: list[PersonId | None] = [None] * len(faces)
    mine = max((k for k in known if k.own), key=lambda k: len(k.embeddings), default=None)
    if own is not None and mine is not None:
        chosen[own] = mine.id
    others = [k for k in known if not k.own and len(k.embeddings)]
    pairs = [
        (float(face @ _mean(person.embeddings)), i, person.id)
        for i, face in enumerate(faces)
        if i != own
        for person in others
    ]
    taken: set[PersonId] = set()
    for score, i, person_id in sorted(pairs, key=lambda pair: pair[0], reverse=True):
        if score < threshold:
            break
        if chosen[i] is None and person_id not in taken:
            chosen[i] = person_id
            taken.add(person_id)
    return chosen


def likest_other(
    face: Embedding,
    known: Sequence[Known],
    *,
    same_person: float,
    depicted: Sequence[npt.NDArray[np.float32]] = (),
) -> float:
    """The face's best cosine with the mean of anybody but the owner; -1 with nobody else there.

    A person as like the owner as `same_person` is the owner, whom identity did not recognise in some photos. So it is
    with `depicted`: own faces (n, d), n perhaps 0, of each whom a picture may show.
    """
    read = [person for person in known if len(person.embeddings)]  # another face model's have no mean here
    own = [_mean(person.embeddings) for person in read if person.own] + [_mean(own) for own in depicted if len(own)]
    others = [_mean(person.embeddings) for person in read if not person.own]
    others = [mean for mean in others if not any(float(mean @ mine) >= same_person for mine in own)]
    return max((float(face @ mean) for mean in others), default=-1.0)


def _mean(embeddings: npt.NDArray[np.float32]) -> Embedding:
    mean = embeddings.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), dtype=np.float32)
