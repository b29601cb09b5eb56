"""The protected register: faces that nothing may be made of, whoever they belong to."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import hmac
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from semblance.identity.domain.errors import InvalidProtection
from semblance.identity.domain.matching import Embedding
from semblance.identity.domain.recogniser import SFACE
from semblance.kernel.units import MIB

MAX_PHOTOS = 3
MAX_PHOTO_BYTES = 5 * MIB
_KEYS = uuid.UUID("8f1d0c6e-5b0a-4c57-9a4e-3f6f2f3f7a11")  # drawn once; names the register
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ProtectionPurpose(enum.Enum):
    """In whose name a face was added."""

    SELF = "self"
    GUARDIAN = "guardian"
    LEGAL_ORDER = "legal_order"
    OPERATOR = "operator"


ANYBODYS = frozenset({ProtectionPurpose.SELF, ProtectionPurpose.GUARDIAN})
"""What may be claimed without an operator."""


@dataclass(frozen=True)
class ProtectedFace:
    """One entry: all that is kept. `sealed` is the template under a key of the entry's own id; face_model made it."""

    id: str
    purpose: ProtectionPurpose
    sealed: bytes = field(repr=False)
    code_sha256: str = field(repr=False)
    added_at: dt.datetime
    face_model: str = SFACE.id

    @property
    def key_id(self) -> str:
        """Whose key it is sealed with; see `key_of`."""
        return key_of(self.id)

    def opens_with(self, code: str) -> bool:
        """Whether `code` is the removal code. A code is 256 random bits, so one hash is enough."""
        return hmac.compare_digest(hashlib.sha256(code.encode()).hexdigest(), self.code_sha256)


def key_of(entry_id: str) -> str:
    """The key ring's name for an entry. Derived: no entry can be given a person's id and take down their key."""
    return str(uuid.uuid5(_KEYS, entry_id))


def check_entry(photos: Sequence[int], code_sha256: str) -> None:
    """`photos` are sizes in bytes. Raises InvalidProtection."""
    if not 1 <= len(photos) <= MAX_PHOTOS:
        raise InvalidProtection(f"1 to {MAX_PHOTOS} photos of one person are needed")
    if any(not 0 < size <= MAX_PHOTO_BYTES for size in photos):
        raise InvalidProtection(f"a photo has 1 to {MAX_PHOTO_BYTES} bytes", remedy="Send smaller photos.")
    if not _SHA256.fullmatch(code_sha256):
        raise InvalidProtection("the removal code's digest is not a SHA-256 in lower-case hex")


def pack(faces: Sequence[Embedding]) -> bytes:
    """The template: little-endian float32, one face after another."""
    return np.stack(faces).astype("<f4").tobytes()


def unpack(data: bytes, dimensions: int) -> list[Embedding]:
    """The faces of a template."""
    return list(np.frombuffer(data, dtype="<f4").astype(np.float32).reshape(-1, dimensions))
