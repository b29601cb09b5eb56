"""What this service tells the others; adapters/outbox_sink.py writes them as protobuf."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.kernel.destroyed import Destroyed
from semblance.safety.domain.picture import PictureCheck


@dataclass(frozen=True)
class Decided:
    """The verdict on a picture."""

    check: PictureCheck


@dataclass(frozen=True)
class Held:
    """A picture in doubt waits for an operator."""

    check: PictureCheck


@dataclass(frozen=True)
class Erased:
    """Everything of a person that this service held is gone, by store."""

    subject_id: str
    erasure_id: str
    stores: tuple[Destroyed, ...]


Event = Decided | Held | Erased
