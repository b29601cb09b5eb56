"""What travels between a drawing and an engine in another process: plain values, and nothing of a person in the clear.

A request's key goes with its words inside the call itself, which neither rests nor spills; adapters and pictures pass
through a store of objects, which does both, and are ciphertext there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from semblance.generation.domain.edit import Beginning, Changes
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area
from semblance.generation.domain.withdrawn import Whose
from semblance.generation.ports import Drawing, OpenAdapter
from semblance.service_kit.cluster import sealing
from semblance.service_kit.cluster.answers import Refused

_FOR_ENGINE: Final = b"adapter"
_FROM_ENGINE: Final = b"picture"


@dataclass(frozen=True)
class Ask:
    """One drawing. Small enough that it is sent inside the call. `repr` shows neither words nor key."""

    whose: Whose
    backbone_digest: str
    words: Words
    order: Order
    key: bytes = field(repr=False)
    # Of an edit: its picture comes with the parcel, sealed.
    changes: Changes | None = None
    # Of a picture of several: whose else, and where.
    beside: tuple[tuple[Whose, Area], ...] = ()
    # An engine was lost with it before.
    alone: bool = False

    @property
    def everybody(self) -> tuple[Whose, ...]:
        """The subject first."""
        return self.whose, *(whose for whose, _ in self.beside)


@dataclass(frozen=True)
class Tick:
    """So far it is; step 0 while it waits. in_line: it is not in the engine yet, and whatever an engine is lost to, it
    is not this one."""

    step: int
    steps: int
    in_line: bool = False


@dataclass(frozen=True)
class Lacks:
    """The engine does not hold every adapter: send them. whole: a packed form did not fit."""

    whole: bool


@dataclass(frozen=True)
class Full:
    """The engine takes no more just now."""


@dataclass(frozen=True)
class Drawn:
    """The picture's facts; `sealed` is what came by the store of objects."""

    width_px: int
    height_px: int
    backbone_digest: str
    likeness: float | None
    seconds: float


@dataclass(frozen=True)
class Defect:
    """The engine met a bug. No more of it travels than its type's name: a stack would go into Ray's files, and it may
    hold what it handled."""

    type_name: str

    @staticmethod
    def of(error: Exception) -> Defect:
        """To be sent."""
        return Defect(type(error).__name__)


class EngineDefect(RuntimeError):
    """A bug in an engine elsewhere: no error of the tree, as it would be none here, and the engine is not lost."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(f"the engine met a defect, {defect.type_name}")


Answer = Tick | Lacks | Full | Refused | Defect | Drawn


def seal_source(key: bytes, begin: Beginning) -> bytes:
    """The picture to begin at under the request's key, without any adapter, which the engine may hold."""
    return sealing.seal(key, sealing.join((begin.picture,)), _FOR_ENGINE)


def seal_adapters(key: bytes, adapters: Sequence[OpenAdapter], *, whole: bool, begin: Beginning | None = None) -> bytes:
    """Everybody's adapters under the request's key: the packed form alone where there is one, unless the whole is
    asked for; and the picture to begin at."""
    parts = [begin.picture if begin else b""]
    for adapter in adapters:
        parts += [adapter.lora if whole or not adapter.flat else b"", adapter.flat, adapter.reference]
    return sealing.seal(key, sealing.join(parts), _FOR_ENGINE)


def open_parcel(ask: Ask, sealed: bytes) -> tuple[list[OpenAdapter], Beginning | None]:
    """The same on the other side; no adapters where none came. Raises EngineAway for what was not sealed for this
    request."""
    picture, *parts = sealing.split(_unseal(ask.key, sealed, _FOR_ENGINE))
    begin = Beginning(picture, ask.changes) if ask.changes is not None else None
    adapters = [
        OpenAdapter(whose=whose, lora=lora, flat=flat, reference=reference, backbone_digest=ask.backbone_digest)
        for whose, (lora, flat, reference) in zip(ask.everybody, _threes(parts), strict=bool(parts))
    ]
    return adapters, begin


def seal_picture(key: bytes, png: bytes) -> bytes:
    """The picture under the request's key."""
    return sealing.seal(key, png, _FROM_ENGINE)


def open_picture(key: bytes, drawn: Drawn, sealed: bytes) -> Drawing:
    """The drawing. Raises EngineAway for what was not sealed for this request."""
    png = _unseal(key, sealed, _FROM_ENGINE)
    return Drawing(png, drawn.width_px, drawn.height_px, drawn.backbone_digest, drawn.likeness)


def _unseal(key: bytes, sealed: bytes, way: bytes) -> bytes:
    try:
        return sealing.unseal(key, sealed, way)
    except sealing.NotSealedForThis as error:
        raise EngineAway("what came from the store of objects was not sealed for this request") from error


def _threes(parts: Sequence[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    return list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
