"""The in-memory twin of the file key ring, for tests."""

from __future__ import annotations

import os
import threading

from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.ids import new_id, parse_id
from semblance.objects.errors import SubjectKeyDestroyed, UnknownSubjectKey
from semblance.objects.ports import DestroyedKey


class MemoryKeyRing:
    """Keys in a dictionary, gone with the process. Thread-safe."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._keys: dict[str, tuple[str, bytes]] = {}
        self._destroyed: dict[str, DestroyedKey] = {}
        self._lock = threading.Lock()

    def create(self, subject_id: str) -> None:
        """Make the key unless there is one. Raises SubjectKeyDestroyed."""
        with self._lock:
            self._require_standing(subject_id)
            self._keys.setdefault(subject_id, (new_id(), os.urandom(32)))

    def data_key(self, subject_id: str) -> bytes:
        """32 bytes. Raises SubjectKeyDestroyed, UnknownSubjectKey."""
        with self._lock:
            self._require_standing(subject_id)
            if subject_id not in self._keys:
                raise UnknownSubjectKey
            return self._keys[subject_id][1]

    def destroy(self, subject_id: str) -> DestroyedKey:
        """Forget the key for good; again gives the first answer."""
        parse_id(subject_id, "subject id")
        with self._lock:
            key_id, _ = self._keys.pop(subject_id, ("", b""))
            return self._destroyed.setdefault(subject_id, DestroyedKey(key_id, self._clock.now()))

    def exists(self, subject_id: str) -> bool:
        """Whether there is a key that still opens something."""
        parse_id(subject_id, "subject id")
        with self._lock:
            return subject_id in self._keys

    def _require_standing(self, subject_id: str) -> None:
        parse_id(subject_id, "subject id")
        if subject_id in self._destroyed:
            raise SubjectKeyDestroyed
