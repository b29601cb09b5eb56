"""Sealed bytes in the quarantine and published buckets."""

from __future__ import annotations

from semblance.kernel.destroyed import Destroyed
from semblance.objects import PUBLISHED, QUARANTINE, ObjectStore, SealedObjects, Sealer


class SealedPictures:
    """Keys in `published` are `<subject>/<image>.<digest>`: a repeated signing never overwrites another."""

    def __init__(self, store: ObjectStore, sealer: Sealer) -> None:
        self._store = store
        self._quarantine = SealedObjects(store, sealer, QUARANTINE)
        self._published = SealedObjects(store, sealer, PUBLISHED)

    def quarantined(self, subject_id: str, key: str) -> bytes:
        """See Pictures."""
        return self._quarantine.get(subject_id, key)

    def published(self, subject_id: str, key: str) -> bytes:
        """See Pictures."""
        return self._published.get(subject_id, key)

    def publish(self, subject_id: str, key: str, data: bytes) -> None:
        """See Pictures."""
        self._published.put(subject_id, key, data)

    def unpublish(self, key: str) -> None:
        """See Pictures."""
        self._published.remove(key)

    def clear(self, subject_id: str, image_id: str, *, quarantine_key: str, kept_key: str) -> None:
        """See Pictures."""
        self._quarantine.remove(quarantine_key)
        for key in self._store.list(PUBLISHED, f"{subject_id}/{image_id}."):
            if key != kept_key:
                self._published.remove(key)

    def remove_subject(self, subject_id: str) -> tuple[Destroyed, ...]:
        """See Pictures."""
        published = self._published.remove_subject(subject_id)
        return (
            # A person knows the image, not the digest that the key goes on with.
            Destroyed.of("objects:published", [name.partition(".")[0] for name in published]),
            Destroyed.of("objects:quarantine", self._quarantine.remove_subject(subject_id)),
        )
