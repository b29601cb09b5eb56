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
        """As they are signed; a value is base64, as C2PA's resolution API asks for it."""
        read_off = SoftBinding(self.algorithms.fingerprint, binding_text(self.fingerprint), action_bound=False)
        if self.watermark is None:
            return (read_off,)
        return (SoftBinding(self.algorithms.watermark, binding_text(self.watermark), action_bound=True), read_off)


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


def binding_text(value: bytes) -> str:
    """Base64 (RFC 4648 section 4)."""
    return base64.b64encode(value).decode()


def parse_binding(text: str) -> bytes:
    """The bytes of a binding's value; the URL-safe alphabet is taken too. Raises InvalidBinding."""
    try:
        value = base64.b64decode(text.translate({0x2D: "+", 0x5F: "/"}), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidBinding("the value is not base64") from error
    if not 0 < len(value) <= BINDING_BYTES_MAX:
        raise InvalidBinding(f"a value has 1 to {BINDING_BYTES_MAX} bytes")
    return value


def watermark_name(algorithm: str, value: bytes) -> str:
    """What an erased picture's watermark is remembered by, as a digest: a random id, which never named anybody."""
    return f"{algorithm}:{value.hex()}"
