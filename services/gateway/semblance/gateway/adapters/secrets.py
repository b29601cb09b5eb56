"""The gateway's own secrets: a pepper for keyed digests, and sealing with a key derived from it."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from semblance.kernel import durable_files
from semblance.kernel.errors import Unavailable

_NONCE_BYTES = 12  # NIST SP 800-38D section 8.2.2: a random 96-bit nonce
_PEPPER_BYTES = 32


def load_or_create(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes; made by the first process that starts (mode 600), read by the others. Never half written."""
    if not path.exists():
        durable_files.make_private_directory(path.parent)
        durable_files.create_exclusively(path, make())
    return path.read_bytes()


class Secrets:
    """Keyed digests and sealing; without the pepper the database's digests and answers tell nothing."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"semblance gateway stored answers 1").derive(pepper)
        self._cipher = AESGCM(key)

    @classmethod
    def at(cls, directory: Path) -> Secrets:
        """From `directory`/pepper."""
        return cls(load_or_create(directory / "pepper", lambda: os.urandom(_PEPPER_BYTES)))

    def digest(self, *parts: str) -> str:
        """HMAC-SHA256 in hex; the parts are length-prefixed, so that they cannot run together."""
        mac = hmac.new(self._pepper, digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode()
            mac.update(len(data).to_bytes(8, "big") + data)
        return mac.hexdigest()

    def seal(self, data: bytes, *, context: str) -> bytes:
        """AES-256-GCM with `context` bound in."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, *, context: str) -> bytes:
        """Raises Unavailable when the bytes were changed or the pepper is another one."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except InvalidTag as e:
            raise Unavailable("a stored answer cannot be opened", remedy="Use a new Idempotency-Key.") from e
