"""What this service tells the others; adapters/outbox_sink.py writes them as protobuf."""

from __future__ import annotations

from dataclasses import dataclass

from semblance.safety.domain.picture import PictureCheck


@dataclass(frozen=True)
class Decided:
    """The verdict on a picture."""

    check: PictureCheck


@dataclass(frozen=True)
class Erased:
    """Everything of a person that this service held is gone; counts by store."""

    subject_id: str
    erasure_id: str
    stores: tuple[tuple[str, int], ...]


Event = Decided | Erased
