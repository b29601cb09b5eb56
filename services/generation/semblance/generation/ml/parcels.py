"""What travels between a drawing and an engine in another process: plain values, and nothing of a person in the clear.

A request's key goes with its words inside the call itself, which neither rests nor spills; adapters and pictures pass
through a store of objects, which does both, and are ciphertext there.
"""

from __future__ import annotations

import secrets
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Whose
from semblance.generation.ports import Drawing, OpenAdapter

_NONCE_BYTES: Final = 12
_LENGTHS: Final = struct.Struct("<III")
_FOR_ENGINE: Final = b"adapter"
_FROM_ENGINE: Final = b"picture"


def new_key() -> bytes:
    """A key for one request: 256 bits, never used again."""
    return AESGCM.generate_key(256)


@dataclass(frozen=True)
class Ask:
    """One drawing. Small enough that it is sent inside the call. `repr` shows neither words nor key."""

    whose: Whose
    backbone_digest: str
    words: Words
    order: Order
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Tick:
    """So far it is; step 0 while it waits."""

    step: int
    steps: int


@dataclass(frozen=True)
class Lacks:
    """The engine does not hold the adapter: send it. whole: the packed form did not fit, the portable one is needed."""

    whole: bool


@dataclass(frozen=True)
class Full:
    """The engine takes no more just now."""


@dataclass(frozen=True)
class Refused:
    """An error of the tree, as values: what is raised elsewhere would bring its stack along."""

    kind: str
    code: str
    detail: str
    remedy: str


@dataclass(frozen=True)
class Drawn:
    """The picture's facts; `sealed` is what came by the store of objects."""

    width_px: int
    height_px: int
    backbone_digest: str
    likeness: float | None
    seconds: float


Answer = Tick | Lacks | Full | Refused | Drawn


def seal_adapter(key: bytes, adapter: OpenAdapter, *, whole: bool) -> bytes:
    """The adapter's bytes under the request's key: the packed form alone where there is one, unless the whole is
    asked for."""
    lora = adapter.lora if whole or not adapter.flat else b""
    parts = (lora, adapter.flat, adapter.reference)
    return _seal(key, _LENGTHS.pack(*map(len, parts)) + b"".join(parts), _FOR_ENGINE)


def open_adapter(ask: Ask, sealed: bytes) -> OpenAdapter:
    """The same on the other side. Raises EngineAway for what was not sealed for this request."""
    data = memoryview(_open(ask.key, sealed, _FOR_ENGINE))
    lora, flat, reference = _LENGTHS.unpack_from(data)
    rest = data[_LENGTHS.size :]
    return OpenAdapter(
        whose=ask.whose,
        lora=bytes(rest[:lora]),
        flat=bytes(rest[lora : lora + flat]),
        reference=bytes(rest[lora + flat : lora + flat + reference]),
        backbone_digest=ask.backbone_digest,
    )


def seal_picture(key: bytes, png: bytes) -> bytes:
    """The picture under the request's key."""
    return _seal(key, png, _FROM_ENGINE)


def open_picture(key: bytes, drawn: Drawn, sealed: bytes) -> Drawing:
    """The drawing. Raises EngineAway for what was not sealed for this request."""
    png = _open(key, sealed, _FROM_ENGINE)
    return Drawing(png, drawn.width_px, drawn.height_px, drawn.backbone_digest, drawn.likeness)


def _seal(key: bytes, data: bytes, way: bytes) -> bytes:
    # A request seals an adapter at most twice and one picture, so random nonces never meet.
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, way)


def _open(key: bytes, sealed: bytes, way: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], way)
    except (InvalidTag, ValueError) as error:
        raise EngineAway("what came from the store of objects was not sealed for this request") from error
