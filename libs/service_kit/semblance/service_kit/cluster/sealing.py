"""Bytes on their way through a store that others may read: AES-256-GCM under a key that belongs to one request.

The key goes inside the call itself, which neither rests nor spills; what is sealed here does both.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_LENGTH: Final = struct.Struct("<Q")


class NotSealedForThis(Exception):
    """Another key, another way, or damaged. Whoever asked says what is to be done about it."""


def new_key() -> bytes:
    """A key for one request: 256 bits, never used again."""
    return AESGCM.generate_key(256)


def seal(key: bytes, data: bytes, way: bytes) -> bytes:
    """way: what the bytes are and where they go, so that nothing opens as something else."""
    # A request seals some thousand parcels at most, so random nonces never meet.
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, way)


def unseal(key: bytes, sealed: bytes, way: bytes) -> bytes:
    """Raises NotSealedForThis."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], way)
    except (InvalidTag, ValueError) as error:
        raise NotSealedForThis from error


def join(parts: Sequence[bytes]) -> bytes:
    """Several byte strings as one, each behind its length."""
    return b"".join(piece for part in parts for piece in (_LENGTH.pack(len(part)), part))


def split(data: bytes) -> list[bytes]:
    """What `join` was given."""
    rest, parts = memoryview(data), []
    while rest:
        (size,) = _LENGTH.unpack_from(rest)
        parts.append(bytes(rest[_LENGTH.size : _LENGTH.size + size]))
        rest = rest[_LENGTH.size + size :]
    return parts
