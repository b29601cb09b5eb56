"""Manifests as they are kept, and what finds them again once a picture has lost its own."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import enum
from dataclasses import dataclass

from semblance.kernel.ids import ManifestId
from semblance.provenance.domain.claim import SoftBinding
from semblance.provenance.domain.errors import InvalidBinding

BINDING_BYTES_MAX = 128
ISCC = "io.iscc.v0"
_ISCC_SCHEME = "ISCC:"
_HEX_LEAST = 12  # so many letters of hex are no raw value: those are random bytes, and rarely letters


@dataclass(frozen=True)
class Algorithms:
    """The two algorithms of this build, as the signed assertions name them."""

    watermark: str
    fingerprint: str


@dataclass(frozen=True)
class Marks:
    """What is in one picture's pixels: `watermark` is a random id that was put there, None where the picture is too
    small to carry one; `fingerprint` was read off them."""

    algorithms: Algorithms
    watermark: bytes | None
    fingerprint: bytes

    def soft_bindings(self) -> tuple[SoftBinding, ...]:
        """As they are signed."""
        known = self.algorithms
        read_off = SoftBinding(known.fingerprint, binding_text(known.fingerprint, self.fingerprint), action_bound=False)
        if self.watermark is None:
            return (read_off,)
        return (
            SoftBinding(known.watermark, binding_text(known.watermark, self.watermark), action_bound=True),
            read_off,
        )


@dataclass(frozen=True)
class KeptManifest:
    """One manifest store (JUMBF bytes) exactly as it was signed. It names no person, no image id and no prompt."""

    manifest_id: ManifestId
    store: bytes
    store_sha256: str
    media_type: str
    marks: Marks
    kept_at: dt.datetime


class FoundBy(enum.Enum):
    """How a picture was recognised as one that was made here."""

    MANIFEST = "manifest"
    BYTES = "bytes"
    WATERMARK = "watermark"
    FINGERPRINT = "fingerprint"


@dataclass(frozen=True)
class Match:
    """A kept manifest that a picture or a binding leads to; `confidence_0_1` is 1 for what cannot be a coincidence."""

    manifest_id: ManifestId
    by: FoundBy
    confidence_0_1: float

    @property
    def score(self) -> int:
        """0 to 100, as C2PA's resolution API says it."""
        return round(100 * self.confidence_0_1)


@dataclass(frozen=True)
class Near:
    """A kept fingerprint and in how many bits it differs from the one that was asked for."""

    number: int
    distance_bits: int


def binding_text(algorithm: str, value: bytes) -> str:
    """A value as an assertion says it: an ISCC in its own letters (ISO 24138), everything else in hex."""
    if algorithm != ISCC:
        return value.hex()
    return _ISCC_SCHEME + base64.b32encode(_iscc_header(len(value)) + value).decode().rstrip("=")


def binding_value(algorithm: str, given: bytes) -> bytes:
    """The value's bytes, given those or the text that an assertion says. Raises InvalidBinding."""
    if not 0 < len(given) <= BINDING_BYTES_MAX:
        raise InvalidBinding(f"a value has 1 to {BINDING_BYTES_MAX} bytes")
    try:
        text = given.decode("ascii")
    except UnicodeDecodeError:
        return given
    try:
        if algorithm != ISCC:
            return bytes.fromhex(text) if len(text) >= _HEX_LEAST else given
        if not text.startswith(_ISCC_SCHEME):
            return given
        letters = text.removeprefix(_ISCC_SCHEME)
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError) as error:
        raise InvalidBinding("the value is not written as its algorithm writes it") from error
    if len(raw) < 6 or raw[:2] != _iscc_header(len(raw) - 2):
        raise InvalidBinding("the ISCC is not an Image-Code")
    return raw[2:]


def _iscc_header(size_bytes: int) -> bytes:
    """Four nibbles (ISO 24138 section 5.2): CONTENT, IMAGE, version 0, length in units of 32 bits less one."""
    return bytes([0x21, size_bytes // 4 - 1])


def watermark_name(algorithm: str, value: bytes) -> str:
    """What an erased picture's watermark is remembered by, as a digest: a random id, which never named anybody."""
    return f"{algorithm}:{value.hex()}"
