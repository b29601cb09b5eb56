"""A file that is sealed piece by piece, so that it may be larger than memory, and cut nowhere without it being noticed.

"SBAK", version (1 byte), salt (32), then pieces: length (4, big-endian) and AES-256-GCM of at most 1 MiB. The key is
derived for this file (HKDF-SHA256 of the backup key and the salt); the nonce is the piece's number and whether it is
the last one, so pieces can be neither moved nor left out. Source: STREAM, Hoang et al., eprint.iacr.org/2015/189.
"""

from __future__ import annotations

import io
import os
import struct
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from semblance.local.backup.errors import BackupDamaged

PIECE_BYTES = 1 << 20
_HEADER = struct.Struct(">4sB32s")
_LENGTH = struct.Struct(">I")
_NONCE = struct.Struct(">3xQB")
_TAG_BYTES = 16
_MAGIC, _VERSION = b"SBAK", 1


class SealedWriter(io.RawIOBase):
    """Write plain bytes, then `finish()`; without that nobody can read the file. Does not close `file`."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._file = file
        self._header = _HEADER.pack(_MAGIC, _VERSION, os.urandom(32))
        self._cipher = _cipher(key, self._header)
        self._buffer = bytearray()
        self._number = 0
        file.write(self._header)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """All of it."""
        self._buffer += data
        while len(self._buffer) > PIECE_BYTES:  # the last piece must be known as the last one
            self._seal(bytes(self._buffer[:PIECE_BYTES]), last=False)
            del self._buffer[:PIECE_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_NONCE.pack(self._number, last), plain, self._header)
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


class SealedReader(io.RawIOBase):
    """Reads what SealedWriter wrote. Raises BackupDamaged for what is cut, changed, or sealed with another key."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        header = file.read(_HEADER.size)
        if len(header) != _HEADER.size or header[:5] != _HEADER.pack(_MAGIC, _VERSION, bytes(32))[:5]:
            raise BackupDamaged("this file is no backup of the platform")
        self._header = header
        self._cipher = _cipher(key, header)
        self._buffer = b""
        self._number = 0
        self._ended = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, into: memoryview, /) -> int:  # type: ignore[override]
        """As io.RawIOBase."""
        while not self._buffer and not self._ended:
            self._buffer = self._open()
        count = min(len(into), len(self._buffer))
        into[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        return count

    def drain(self) -> None:
        """Read on to the end, so that a cut behind what was needed is noticed too."""
        while not self._ended:
            self._open()

    def _open(self) -> bytes:
        prefix = self._file.read(_LENGTH.size)
        if len(prefix) != _LENGTH.size:
            raise BackupDamaged("the backup ends too soon: it was not written to its end, or was cut")
        (length,) = _LENGTH.unpack(prefix)
        if not _TAG_BYTES <= length <= PIECE_BYTES + _TAG_BYTES:
            raise BackupDamaged("the backup was changed")
        sealed = self._file.read(length)
        if len(sealed) != length:
            raise BackupDamaged("the backup ends too soon: it was not written to its end, or was cut")
        for last in (False, True):
            try:
                plain = self._cipher.decrypt(_NONCE.pack(self._number, last), sealed, self._header)
            except InvalidTag:
                continue
            self._number += 1
            self._ended = last
            if last and self._file.read(1):
                raise BackupDamaged("something was added to the backup")
            return plain
        raise BackupDamaged("the backup was changed, or belongs to another key")


def _cipher(key: bytes, header: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=header[5:], info=b"semblance backup").derive(key))
