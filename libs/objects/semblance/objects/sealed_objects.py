"""Sealed objects of one bucket, under keys that begin with the person's id."""

from __future__ import annotations

from semblance.kernel.errors import Invalid
from semblance.objects.ports import ObjectStore
from semblance.objects.sealer import Sealer


class SealedObjects:
    """Puts and gets plain bytes; the store only ever holds sealed ones. Keys are `<subject_id>/<id>`; the purpose is
    the bucket's name unless given, so that a writer and a reader in two services agree."""

    def __init__(self, store: ObjectStore, sealer: Sealer, bucket: str, purpose: str | None = None) -> None:
        self._store = store
        self._sealer = sealer
        self._bucket = bucket
        self._purpose = purpose or bucket

    def put(self, subject_id: str, key: str, data: bytes) -> None:
        """Seal and store. Raises Invalid for a key outside the person's folder, and what Sealer and store raise."""
        _require_own(subject_id, key)
        self._store.put(self._bucket, key, self._sealer.seal(subject_id, self._purpose, data))

    def get(self, subject_id: str, key: str) -> bytes:
        """Fetch and open. Raises ObjectNotFound, SealBroken, SubjectKeyDestroyed, StoreUnavailable."""
        _require_own(subject_id, key)
        return self._sealer.open(subject_id, self._purpose, self._store.get(self._bucket, key))

    def require_key(self, subject_id: str) -> None:
        """Raises SubjectKeyDestroyed, UnknownSubjectKey where nothing of this person opens, whatever is asked for."""
        self._sealer.seal(subject_id, self._purpose, b"")

    def exists(self, key: str) -> bool:
        """Whether the key holds an object; says nothing about whether it opens."""
        return self._store.exists(self._bucket, key)

    def remove(self, key: str) -> int:
        """Remove all versions; how many there were."""
        return self._store.remove(self._bucket, key)

    def remove_subject(self, subject_id: str) -> list[str]:
        """Remove everything of this person, also when the key is already destroyed; what the objects were called
        below the person's folder, once a version."""
        folder = f"{subject_id}/"
        return [key.removeprefix(folder) for key in self._store.remove_prefix(self._bucket, folder)]


def _require_own(subject_id: str, key: str) -> None:
    if not subject_id or not key.startswith(f"{subject_id}/"):
        raise Invalid("an object key must begin with its subject's id", code="foreign-object-key")
