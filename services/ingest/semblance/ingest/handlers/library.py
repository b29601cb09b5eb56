"""Questions about a library, and photos taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from semblance.ingest.domain.errors import PhotoNotFound
from semblance.ingest.domain.events import Removed
from semblance.ingest.domain.faces import StoredFace
from semblance.ingest.domain.people import replay
from semblance.ingest.domain.photo import HELD, Photo, PhotoState
from semblance.ingest.ports import Ports, Store
from semblance.kernel.ids import PersonId, PhotoId, SubjectId

PAGE = 100


@dataclass(frozen=True)
class FaceOfPerson:
    """A face and the person it belongs to."""

    face: StoredFace
    person_id: PersonId


@dataclass(frozen=True)
class SeenPhoto:
    """A photo with the faces in it."""

    photo: Photo
    faces: Sequence[FaceOfPerson]


def get_photo(subject_id: SubjectId, photo_id: PhotoId, ports: Ports) -> SeenPhoto:
    """Raises PhotoNotFound."""
    with ports.reads() as store:
        photo = own_photo(store, subject_id, photo_id)
        return next(_seen(store, subject_id, [photo]))


def list_photos(subject_id: SubjectId, after: str, limit: int, ports: Ports) -> tuple[list[SeenPhoto], str]:
    """A page, newest first, and where the next one begins ("" on the last). `limit` 0 is PAGE, and PAGE is the most."""
    wanted = min(limit, PAGE) if limit > 0 else PAGE
    with ports.reads() as store:
        photos = store.photos.page(subject_id, after, wanted + 1)
        shown = photos[:wanted]
        return list(_seen(store, subject_id, shown)), shown[-1].id if len(photos) > wanted else ""


def photo_content(subject_id: SubjectId, photo_id: PhotoId, ports: Ports) -> bytes:
    """The stored JPEG. Raises PhotoNotFound, also for photos whose bytes were not kept."""
    with ports.reads() as store:
        photo = own_photo(store, subject_id, photo_id)
    if photo.state not in HELD:
        raise PhotoNotFound
    return ports.originals.get(photo)


@dataclass(frozen=True)
class LearntFrom:
    """An accepted photo with the subject's own face; of others' faces only how many there are."""

    photo: Photo
    own: StoredFace
    other_faces: int


def training_photos(subject_id: SubjectId, ports: Ports) -> list[LearntFrom]:
    """Accepted photos, oldest first, each with the subject's own face and nobody else's."""
    with ports.reads() as store:
        faces = store.faces.of_subject(subject_id)
        held = store.photos.held(subject_id)
    own = {face.photo_id: face for face in faces if face.own}
    others = Counter(face.photo_id for face in faces if not face.own)
    accepted = [photo for photo in held if photo.state is PhotoState.ACCEPTED and photo.id in own]
    return [LearntFrom(photo, own[photo.id], others[photo.id]) for photo in accepted]


def remove_photo(subject_id: SubjectId, photo_id: PhotoId, ports: Ports) -> None:
    """Destroy a photo's bytes, faces and row. Raises PhotoNotFound, Unavailable (then nothing but bytes is gone)."""
    with ports.reads() as store:
        photo = own_photo(store, subject_id, photo_id)
    ports.originals.remove(photo.object_key)
    ports.incoming.remove(photo.object_key)
    with ports.transactions() as store:
        store.lock_library(subject_id)
        photo = own_photo(store, subject_id, photo_id)
        store.cancel_analysis(photo_id)
        store.faces.delete(photo_id)
        store.photos.delete(photo_id)
        store.publish(Removed(photo))


def own_photo(store: Store, subject_id: SubjectId, photo_id: PhotoId) -> Photo:
    """The subject's photo. Raises PhotoNotFound for anybody else's."""
    photo = store.photos.get(photo_id)
    if photo is None or photo.subject_id != subject_id:
        raise PhotoNotFound
    return photo


def _seen(store: Store, subject_id: SubjectId, photos: Sequence[Photo]) -> Iterator[SeenPhoto]:
    faces = {face.id: face for face in store.faces.of_subject(subject_id)}
    people = replay(store.log.read(subject_id), faces).values()
    person_of = {face_id: person.id for person in people for face_id in person.faces}
    for photo in photos:
        mine = [FaceOfPerson(face, person_of[face.id]) for face in faces.values() if face.photo_id == photo.id]
        yield SeenPhoto(photo, mine)
