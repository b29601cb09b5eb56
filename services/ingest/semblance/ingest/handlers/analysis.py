"""The look at a photo: faces, whose they are, who they are grouped with, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from semblance.ingest.domain.events import Accepted, Refused
from semblance.ingest.domain.faces import Answer, FoundFace, StoredFace
from semblance.ingest.domain.grouping import Known, group
from semblance.ingest.domain.people import Grouped, replay
from semblance.ingest.domain.photo import CONSENT_REVOKED, Photo, PhotoState
from semblance.ingest.domain.verdict import Verdict, judge
from semblance.ingest.ports import Ports, Store
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import Kind, SemblanceError
from semblance.kernel.ids import PersonId, PhotoId, SubjectId, new_id

FACES = "faces"
"""The purpose that face embeddings are sealed for."""

Settle = Callable[[Store], None]


def analyse_photo(photo_id: PhotoId, ports: Ports, check: Callable[[], None]) -> Settle:
    """Look at a received photo; what is returned applies the verdict. `check` is called between steps and may raise.

    Raises the consent's errors, Unavailable.
    """
    with ports.reads() as store:
        photo = store.photos.get(photo_id)
    if photo is None or photo.state is not PhotoState.RECEIVED:
        return _nothing
    ports.consents.require(photo.consent_id, photo.subject_id, Purpose.PHOTOS)
    faces = ports.faces.read(ports.originals.get(photo), check)
    check()
    answer = ports.identity.match(photo.subject_id, [f.embedding for f in faces]) if faces else Answer([], True)
    verdict = judge(faces, answer, ports.settings.rules)
    return lambda store: _apply(store, photo_id, faces, verdict, ports)


def give_up(photo_id: PhotoId, error: SemblanceError | None, store: Store) -> None:
    """Refuse a photo that could not be looked at; `error` is None for a fault that nobody foresaw."""
    photo = store.photos.get(photo_id)
    if photo is not None and photo.state is PhotoState.RECEIVED:
        withdrawn = error is not None and error.kind is Kind.FORBIDDEN
        _refuse(store, photo.refused(CONSENT_REVOKED if withdrawn else "analysis-failed"))


def _nothing(_store: Store) -> None:
    """The photo is gone, or was looked at before."""


def _apply(store: Store, photo_id: PhotoId, faces: Sequence[FoundFace], verdict: Verdict, ports: Ports) -> None:
    photo = store.photos.get(photo_id)
    if photo is None:
        return
    store.lock_library(photo.subject_id)
    photo = store.photos.get(photo_id)
    if photo is None or photo.state is not PhotoState.RECEIVED:
        return
    if not verdict.accepted:
        _refuse(store, photo.refused(verdict.reason_code, verdict.sentence))
        return
    _group(store, photo, faces, verdict.own, ports)
    accepted = photo.accepted(verdict.sentence)
    store.photos.save(accepted)
    store.publish(Accepted(accepted, len(faces)))


def _refuse(store: Store, photo: Photo) -> None:
    """Neither the bytes nor the faces of a photo that is not used are kept."""
    store.photos.save(photo)
    store.publish(Refused(photo))
    store.remove_bytes(photo)


def _group(store: Store, photo: Photo, faces: Sequence[FoundFace], own: int | None, ports: Ports) -> None:
    people = group(
        [face.embedding for face in faces],
        own,
        known_people(store, photo.subject_id, ports),
        ports.settings.grouping_threshold,
    )
    stored = []
    for i, (face, person_id) in enumerate(zip(faces, people, strict=True)):
        sealed = ports.seals.seal(photo.subject_id, FACES, face.embedding.astype("<f4").tobytes())
        stored.append(StoredFace(new_id(), photo.id, face.place, i == own, sealed, ports.settings.face_model))
        change = Grouped(stored[-1].id, photo.id, person_id or PersonId(new_id()))
        store.log.append(photo.subject_id, change, ports.clock.now())
    store.faces.add(photo.subject_id, stored)


def known_people(store: Store, subject_id: SubjectId, ports: Ports, *, merged: bool = True) -> list[Known]:
    """The people of the library, each by the faces that the present model has read: none, if another read them all.
    `merged`: see replay.
    """
    faces = {face.id: face for face in store.faces.of_subject(subject_id)}
    known = []
    for person in replay(store.log.read(subject_id), faces, merged=merged).values():
        theirs = [faces[face_id] for face_id in person.faces]
        read = [_open(f, subject_id, ports) for f in theirs if f.face_model == ports.settings.face_model]
        known.append(Known(person.id, np.array(read, np.float32), any(f.own for f in theirs)))
    return known


def own_faces(store: Store, subject_id: SubjectId, ports: Ports) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Faces of the present model that identity said are the subject's: (n, d). Raises Gone, Unavailable."""
    mine = [f for f in store.faces.of_subject(subject_id) if f.own and f.face_model == ports.settings.face_model]
    return np.array([_open(face, subject_id, ports) for face in mine] or np.empty((0, 0)), np.float32)


def _open(face: StoredFace, subject_id: SubjectId, ports: Ports) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(ports.seals.open(subject_id, FACES, face.sealed_embedding), dtype="<f4")
