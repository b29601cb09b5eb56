"""How like the other people of a library some faces are: for the filter, which must not let a friend's likeness out.

The people in somebody's photos agreed to nothing, so nothing of them leaves this service: a score comes out for a face
that went in, not whose it is, and only for pictures that were made of the library's owner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from semblance.ingest.domain.errors import UnusableEmbedding
from semblance.ingest.domain.faces import Embedding
from semblance.ingest.domain.grouping import Known, likest_other
from semblance.ingest.handlers.analysis import known_people
from semblance.ingest.ports import Ports
from semblance.kernel.ids import SubjectId

MAX_FACES = 64
NOBODY = -1.0


def parse(values: Sequence[float], face_model: str, ports: Ports) -> Embedding:
    """A checked embedding. Raises UnusableEmbedding."""
    if face_model != ports.settings.face_model:
        raise UnusableEmbedding("the face was read by another face model", code="other-face-model")
    vector = np.asarray(values, dtype=np.float32)
    if not 0.99 <= float(np.linalg.norm(vector)) <= 1.01 or vector.ndim != 1:
        raise UnusableEmbedding("a face embedding has unit length", code="invalid-embedding")
    return vector


def compare(subject_id: SubjectId, faces: Sequence[Embedding], ports: Ports) -> list[float]:
    """Each face's best cosine with the mean of any other person there. Raises UnusableEmbedding, Gone, Unavailable."""
    if len(faces) > MAX_FACES:
        raise UnusableEmbedding(f"at most {MAX_FACES} faces at once", code="too-many-faces")
    with ports.reads() as store:
        known: list[Known] = [person for person in known_people(store, subject_id, ports) if len(person.embeddings)]
    if any(len(face) != person.embeddings.shape[1] for face in faces for person in known[:1]):
        raise UnusableEmbedding("the face has not as many numbers as the library's", code="invalid-embedding")
    return [likest_other(face, known, same_person=ports.settings.same_person_threshold) for face in faces]
