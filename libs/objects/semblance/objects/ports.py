"""What the platform needs from an object store and from a key ring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class ObjectStore(Protocol):
    """Whole objects by bucket and key. Every method may raise StoreUnavailable (or BucketMissing, StoreDenied,
    StoreFull, which are kinds of it)."""

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Store `data`; an object already there is replaced. Durable when it returns."""

    def get(self, bucket: str, key: str) -> bytes:
        """The object's bytes. Raises ObjectNotFound."""

    def exists(self, bucket: str, key: str) -> bool: ...

    def size(self, bucket: str, key: str) -> int:
        """Bytes, without reading them. Raises ObjectNotFound."""

    def remove(self, bucket: str, key: str) -> int:
        """Remove all versions; how many there were (0: nothing was there)."""

    def remove_prefix(self, bucket: str, prefix: str) -> list[str]:
        """Remove all versions of every key that starts with `prefix`; the key of each, sorted, once a version."""

    def remove_each(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove these keys of an unversioned bucket in their order, ending at the first that cannot be; those that
        are not there are fine."""

    def list(self, bucket: str, prefix: str) -> list[str]:
        """Keys that start with `prefix`, sorted."""

    def presigned_put(self, bucket: str, key: str, expires_s: int) -> str:
        """A URL that takes one HTTP PUT of this object from anybody until it expires."""

    def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it is there."""


@dataclass(frozen=True)
class DestroyedKey:
    """Proof for the erasure receipt. `key_id` is empty when the person never had a key."""

    key_id: str
    destroyed_at: dt.datetime


class KeyRing(Protocol):
    """One data key a person. Every method may raise KeyRingUnavailable, and Invalid for an id that is no UUID."""

    def create(self, subject_id: str) -> None:
        """Make the person's key unless there is one. Raises SubjectKeyDestroyed for ever after `destroy`."""

    def data_key(self, subject_id: str) -> bytes:
        """32 bytes. Raises SubjectKeyDestroyed, UnknownSubjectKey."""

    def destroy(self, subject_id: str) -> DestroyedKey:
        """Destroy the key for good, also one that was never made; again gives the first answer."""

    def exists(self, subject_id: str) -> bool:
        """Whether there is a key that still opens something."""
