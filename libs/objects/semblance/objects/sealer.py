"""Sealing: AES-256-GCM under a person's own data key, bound to the person and the purpose."""

from __future__ import annotations

import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from semblance.objects.errors import SealBroken
from semblance.objects.ports import KeyRing

_MAGIC = b"SMBL"
_VERSION = 1
_HEADER = struct.Struct(">4sB")
_NONCE_BYTES = 12  # NIST SP 800-38D 5.2.1.1: 96 bits, random, far fewer than 2^32 seals a person
_TAG_BYTES = 16


class Sealer:
    """Envelope: "SMBL", version (1 byte), nonce (12), ciphertext and tag. The key is asked for every time, so a
    destroyed key stops everything at once."""

    def __init__(self, keyring: KeyRing) -> None:
        self._keyring = keyring

    def seal(self, subject_id: str, purpose: str, data: bytes) -> bytes:
        """`data` sealed for this person and purpose. Raises SubjectKeyDestroyed, UnknownSubjectKey."""
        nonce = os.urandom(_NONCE_BYTES)
        key = AESGCM(self._keyring.data_key(subject_id))
        return _HEADER.pack(_MAGIC, _VERSION) + nonce + key.encrypt(nonce, data, _bound_to(subject_id, purpose))

    def open(self, subject_id: str, purpose: str, blob: bytes) -> bytes:
        """The bytes that were sealed. Raises SealBroken, SubjectKeyDestroyed, UnknownSubjectKey."""
        if len(blob) < _HEADER.size + _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken("too short to be a sealed envelope")
        magic, version = _HEADER.unpack_from(blob)
        if magic != _MAGIC:
            raise SealBroken("not a sealed envelope")
        if version != _VERSION:
            raise SealBroken(f"envelope version {version} is not known")
        key = AESGCM(self._keyring.data_key(subject_id))
        nonce, sealed = blob[_HEADER.size : _HEADER.size + _NONCE_BYTES], blob[_HEADER.size + _NONCE_BYTES :]
        try:
            return key.decrypt(nonce, sealed, _bound_to(subject_id, purpose))
        except InvalidTag as e:
            raise SealBroken("changed, or sealed for another person or purpose") from e


def _bound_to(subject_id: str, purpose: str) -> bytes:
    """Additional authenticated data; the separator cannot occur in an id."""
    return f"{_VERSION}|{subject_id}|{purpose}".encode()
