"""The in-memory twin of the S3 store, for tests and for trying a service alone."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from semblance.objects.buckets import ALL_BUCKETS
from semblance.objects.errors import BucketMissing, ObjectNotFound


class MemoryStore:
    """Objects in a dictionary; starts with the platform's buckets unless told otherwise. Thread-safe."""

    def __init__(self, buckets: Iterable[str] = ALL_BUCKETS) -> None:
        self._buckets: dict[str, dict[str, bytes]] = {bucket: {} for bucket in buckets}
        self._lock = threading.Lock()

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str = "application/octet-stream") -> None:
        """Keep a copy of `data`; the content type is not kept, as nothing asks for it."""
        del content_type
        with self._lock:
            self._bucket(bucket)[key] = bytes(data)

    def get(self, bucket: str, key: str) -> bytes:
        """The bytes last put. Raises ObjectNotFound."""
        with self._lock:
            try:
                return self._bucket(bucket)[key]
            except KeyError as e:
                raise ObjectNotFound(bucket, key) from e

    def exists(self, bucket: str, key: str) -> bool:
        """Whether the key holds an object."""
        with self._lock:
            return key in self._bucket(bucket)

    def size(self, bucket: str, key: str) -> int:
        """Bytes. Raises ObjectNotFound."""
        return len(self.get(bucket, key))

    def remove(self, bucket: str, key: str) -> int:
        """1 if it was there, else 0."""
        with self._lock:
            return 0 if self._bucket(bucket).pop(key, None) is None else 1

    def remove_prefix(self, bucket: str, prefix: str) -> list[str]:
        """Remove every key that starts with `prefix`; the keys."""
        with self._lock:
            objects = self._bucket(bucket)
            keys = [key for key in objects if key.startswith(prefix)]
            for key in keys:
                del objects[key]
            return sorted(keys)

    def remove_each(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove these keys."""
        with self._lock:
            for key in keys:
                self._bucket(bucket).pop(key, None)

    def list(self, bucket: str, prefix: str) -> list[str]:
        """Keys that start with `prefix`, sorted."""
        with self._lock:
            return sorted(key for key in self._bucket(bucket) if key.startswith(prefix))

    def presigned_put(self, bucket: str, key: str, expires_s: int) -> str:
        """A `memory://` address: nothing listens there, so a test puts the object itself."""
        with self._lock:
            self._bucket(bucket)
        return f"memory://{bucket}/{key}?expires_s={expires_s}"

    def ensure_bucket(self, bucket: str) -> None:
        """Make the bucket unless it is there."""
        with self._lock:
            self._buckets.setdefault(bucket, {})

    def _bucket(self, bucket: str) -> dict[str, bytes]:
        try:
            return self._buckets[bucket]
        except KeyError as e:
            raise BucketMissing(bucket) from e
