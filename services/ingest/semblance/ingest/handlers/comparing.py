"""How like the other people of a library some faces are: for the filter, which must not let a friend's likeness out.

The people in somebody's photos agreed to nothing, so nothing of them leaves this service: a score comes out for a face
that went in, not whose it is, and only for pictures that were made of the library's owner or that the owner asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from semblance.ingest.domain.errors import UnusableEmbedding
from semblance.ingest.domain.faces import Embedding
from semblance.ingest.domain.grouping import Known, likest_other
from semblance.ingest.handlers.analysis import known_people, own_faces
from semblance.ingest.ports import Ports, Store
from semblance.kernel.errors import Gone
from semblance.kernel.ids import SubjectId

MAX_FACES = 64
MAX_DEPICTED = 16
NOBODY = -1.0


def parse(values: Sequence[float], face_model: str, ports: Ports) -> Embedding:
    """A checked embedding. Raises UnusableEmbedding."""
    if face_model != ports.settings.face_model:
        raise UnusableEmbedding("the face was read by another face model", code="other-face-model")
    vector = np.asarray(values, dtype=np.float32)
    if not 0.99 <= float(np.linalg.norm(vector)) <= 1.01 or vector.ndim != 1:
        raise UnusableEmbedding("a face embedding has unit length", code="invalid-embedding")
    return vector


def compare(
    subject_id: SubjectId, faces: Sequence[Embedding], ports: Ports, *, depicted: Sequence[SubjectId] = ()
) -> list[float]:
    """Each face's best cosine with the mean of any other person there, those who are `depicted` left out.

    What the owner merged stays apart here: else a friend who is merged into the owner is nobody's face any more.
    Raises UnusableEmbedding, Gone (the owner's key), Unavailable.
    """
    if len(faces) > MAX_FACES:
        raise UnusableEmbedding(f"at most {MAX_FACES} faces at once", code="too-many-faces")
    if len(depicted) > MAX_DEPICTED:
        raise UnusableEmbedding(f"at most {MAX_DEPICTED} people in a picture", code="too-many-people")
    with ports.reads() as store:
        people = known_people(store, subject_id, ports, merged=False)
        known: list[Known] = [person for person in people if len(person.embeddings)]
        shown = [_own_face(store, each, ports) for each in depicted]
    if any(len(face) != person.embeddings.shape[1] for face in faces for person in known[:1]):
        raise UnusableEmbedding("the face has not as many numbers as the library's", code="invalid-embedding")
    same_person = ports.settings.same_person_threshold
    return [likest_other(face, known, same_person=same_person, depicted=shown) for face in faces]


def _own_face(store: Store, subject_id: SubjectId, ports: Ports) -> npt.NDArray[np.float32]:
    """Somebody's own faces, as identity recognised them in their own photos, whatever people they made of them. Of
    whoever is erased none: then nobody is left out for them."""
    try:
        return own_faces(store, subject_id, ports)
    except Gone:
        return np.empty((0, 0), np.float32)
