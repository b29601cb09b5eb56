"""A picture that begins at another one of the same person."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, field

from semblance.generation.domain.errors import InvalidOrder
from semblance.generation.domain.order import MAX_STEPS
from semblance.kernel.edit import nothing_drawn
from semblance.kernel.ids import ConsentId, ImageId


class Kept(enum.Enum):
    """Which part of the source stays as it is, at the size that it was drawn in; NOTHING: all of it is drawn on."""

    NOTHING = "nothing"
    FACE = "face"
    BACKGROUND = "background"


@dataclass(frozen=True)
class Changes:
    """strength: more than 0, at most 1; the share of the steps that is drawn, so 1 leaves little of the source."""

    strength: float
    kept: Kept


@dataclass(frozen=True)
class Edit:
    """source_consent_id: the consent that the source was made under; it must stand for as long as this is made."""

    source_id: ImageId
    source_consent_id: ConsentId
    changes: Changes


@dataclass(frozen=True)
class Beginning:
    """The source's bytes, as they were published, and what becomes of them; held in memory only."""

    picture: bytes = field(repr=False)
    changes: Changes


def parse_changes(strength: float, kept: Kept, steps: int | None) -> Changes:
    """steps: that the edit is of; None where only the engine knows. Raises InvalidOrder."""
    if not math.isfinite(strength) or not 0.0 < strength <= 1.0:
        raise InvalidOrder("a strength is more than 0 and at most 1")
    refusal = nothing_drawn(steps, strength, MAX_STEPS) if steps else None
    if refusal:
        raise InvalidOrder(refusal)
    return Changes(strength, kept)
