"""Photos' bytes in the object store: sealed ones for good, raw ones for minutes."""

from __future__ import annotations

from semblance.ingest.domain.photo import Photo
from semblance.kernel.ids import SubjectId
from semblance.objects import INCOMING, PHOTOS, ObjectNotFound, ObjectStore, SealedObjects, Sealer


class SealedOriginals:
    """See ports.Originals."""

    def __init__(self, store: ObjectStore, sealer: Sealer) -> None:
        self._sealed = SealedObjects(store, sealer, PHOTOS)

    def put(self, photo: Photo, jpeg: bytes) -> None:
        self._sealed.put(photo.subject_id, photo.object_key, jpeg)

    def get(self, photo: Photo) -> bytes:
        return self._sealed.get(photo.subject_id, photo.object_key)

    def remove(self, key: str) -> int:
        return self._sealed.remove(key)

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        return self._sealed.remove_subject(subject_id)


class IncomingObjects:
    """See ports.Incoming."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def url(self, photo: Photo, expires_s: int) -> str:
        return self._store.presigned_put(INCOMING, photo.object_key, expires_s)

    def size_bytes(self, photo: Photo) -> int | None:
        try:
            return self._store.size(INCOMING, photo.object_key)
        except ObjectNotFound:
            return None

    def get(self, photo: Photo) -> bytes:
        return self._store.get(INCOMING, photo.object_key)

    def remove(self, key: str) -> int:
        return self._store.remove(INCOMING, key)

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        folder = f"{subject_id}/"
        return [key.removeprefix(folder) for key in self._store.remove_prefix(INCOMING, folder)]

    def all_keys(self) -> list[str]:
        return self._store.list(INCOMING, "")
