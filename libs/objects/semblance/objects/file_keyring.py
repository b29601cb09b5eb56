"""A key ring in files: one file a person, wrapped by a master key that lives elsewhere.

`<subject>.key` holds "SKEY", version, key id (16 bytes), nonce (12) and the data key sealed with AES-256-GCM under
the master key (KEK), bound to the person and the key id. `<subject>.destroyed` is the tombstone: it is written before
the key is shredded, so a crash in between leaves a key that nothing will ever use again and that the next `destroy`
shreds. Where a second place is named, the tombstone is copied there before the shredding: a restore from an older
backup brings keys back, and only what lies outside of every backup can say which must go again.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import struct
import uuid
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.ids import new_id, parse_id
from semblance.objects import durable_files
from semblance.objects.errors import KeyRingUnavailable, SubjectKeyDestroyed, UnknownSubjectKey
from semblance.objects.ports import DestroyedKey

_HEADER = struct.Struct(">4sB16s12s")
_MAGIC = b"SKEY"
_VERSION = 1
_KEY_BYTES = 32
_OTHERS = 0o007


class FileKeyRing:
    """Safe for many processes at once; nothing is cached, so a key destroyed by one is gone for all."""

    def __init__(
        self, directory: Path, kek_file: Path, clock: Clock | None = None, *, erased: Path | None = None
    ) -> None:
        """The directory (mode 700) and the master key (mode 600) are made on first use. `erased`: the second place for
        tombstones; a key is not shredded before it is written there."""
        self._directory = directory
        self._kek_file = kek_file
        self._clock = clock or SystemClock()
        self._erased = erased

    def create(self, subject_id: str) -> None:
        """Make the key unless there is one. Raises SubjectKeyDestroyed, KeyRingUnavailable."""
        self._require_standing(subject_id)
        durable_files.make_private_directory(self._directory)
        path = self._key_path(subject_id)
        if durable_files.read(path) is None:
            durable_files.create_exclusively(path, _wrap(self._master(), subject_id, os.urandom(_KEY_BYTES)))
        if self._tombstone(subject_id) is not None:  # destroyed meanwhile: that wins
            self._shred(subject_id)
            raise SubjectKeyDestroyed

    def data_key(self, subject_id: str) -> bytes:
        """32 bytes. Raises SubjectKeyDestroyed, UnknownSubjectKey, KeyRingUnavailable."""
        self._require_standing(subject_id)
        content = durable_files.read(self._key_path(subject_id))
        if content is None:
            raise UnknownSubjectKey
        return _unwrap(self._master(), subject_id, content)

    def destroy(self, subject_id: str) -> DestroyedKey:
        """Tombstone first, then overwrite and unlink. Raises KeyRingUnavailable."""
        parse_id(subject_id, "subject id")
        durable_files.make_private_directory(self._directory)
        if self._tombstone(subject_id) is None:
            content = durable_files.read(self._key_path(subject_id))
            record = {"key_id": _key_id(content) if content else "", "destroyed_at": self._clock.now().isoformat()}
            durable_files.create_exclusively(self._tombstone_path(subject_id), json.dumps(record).encode())
        self._tell(subject_id)
        self._shred(subject_id)
        destroyed = self._tombstone(subject_id)
        assert destroyed is not None, "a tombstone is never removed"
        return destroyed

    def exists(self, subject_id: str) -> bool:
        """Whether there is a key that still opens something."""
        parse_id(subject_id, "subject id")
        return self._tombstone(subject_id) is None and durable_files.read(self._key_path(subject_id)) is not None

    def _require_standing(self, subject_id: str) -> None:
        parse_id(subject_id, "subject id")
        if self._tombstone(subject_id) is not None:
            raise SubjectKeyDestroyed

    def _tell(self, subject_id: str) -> None:
        """Also after a crash between the two: whoever destroys again tells again."""
        content = durable_files.read(self._tombstone_path(subject_id))
        if self._erased is not None and content is not None:
            durable_files.make_private_directory(self._erased)
            durable_files.create_exclusively(self._erased / f"{subject_id}.destroyed", content)

    def _shred(self, subject_id: str) -> None:
        path = self._key_path(subject_id)
        for left_over in durable_files.left_over_temporaries(path):
            durable_files.shred(left_over)
        durable_files.shred(path)

    def _tombstone(self, subject_id: str) -> DestroyedKey | None:
        content = durable_files.read(self._tombstone_path(subject_id))
        if content is None:
            return None
        record = json.loads(content)
        return DestroyedKey(record["key_id"], dt.datetime.fromisoformat(record["destroyed_at"]))

    def _key_path(self, subject_id: str) -> Path:
        return self._directory / f"{subject_id}.key"

    def _tombstone_path(self, subject_id: str) -> Path:
        return self._directory / f"{subject_id}.destroyed"

    def _master(self) -> AESGCM:
        content = durable_files.read(self._kek_file)
        if content is None:
            # A master key that went missing must not be replaced silently: the old keys would be lost.
            if any(self._directory.glob("*.key")):
                raise KeyRingUnavailable(
                    "the master key file is missing although keys exist", remedy="Restore the master key file."
                )
            durable_files.make_private_directory(self._kek_file.parent)
            durable_files.create_exclusively(self._kek_file, os.urandom(_KEY_BYTES))
            content = durable_files.read(self._kek_file)
        if content is None or len(content) != _KEY_BYTES:
            raise KeyRingUnavailable(
                "the master key file does not hold 32 bytes", remedy="Restore the master key file."
            )
        if self._kek_file.stat().st_mode & _OTHERS:
            raise KeyRingUnavailable("the master key file is open to every user", remedy="Set its mode to 600.")
        return AESGCM(content)


def _wrap(master: AESGCM, subject_id: str, data_key: bytes) -> bytes:
    header = _HEADER.pack(_MAGIC, _VERSION, uuid.UUID(new_id()).bytes, os.urandom(12))
    return header + master.encrypt(header[-12:], data_key, header + subject_id.encode())


def _unwrap(master: AESGCM, subject_id: str, content: bytes) -> bytes:
    _key_id(content)
    header, wrapped = content[: _HEADER.size], content[_HEADER.size :]
    try:
        return master.decrypt(header[-12:], wrapped, header + subject_id.encode())
    except InvalidTag as e:
        raise KeyRingUnavailable(
            "a key does not open with this master key", remedy="Restore the master key that the key ring was made with."
        ) from e


def _key_id(content: bytes) -> str:
    if len(content) != _HEADER.size + _KEY_BYTES + 16:
        raise KeyRingUnavailable("a key file has the wrong length", remedy="Restore the key ring from a backup.")
    magic, version, key_id, _ = _HEADER.unpack_from(content)
    if magic != _MAGIC or version != _VERSION:
        raise KeyRingUnavailable("a key file is of an unknown format", remedy="Restore the key ring from a backup.")
    return str(uuid.UUID(bytes=key_id))
