"""People in their places, as the engine takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.diffusion.engine import Region
from semblance.diffusion.engine.request import Worn
from semblance.generation.domain.order import Words, about
from semblance.generation.domain.together import Area
from semblance.generation.ml.wardrobe import Dressed


@dataclass(frozen=True)
class Placed:
    """An adapter and where it counts; area None: everywhere, alone."""

    dressed: Dressed
    area: Area | None


def worn_by(people: Sequence[Placed], words: Words, trigger: str, strength: float | None) -> tuple[Worn, ...]:
    """What everybody wears, this share of it (None: all); of several each in their own part, with what is said of them
    there."""
    said = words.said or ("",) * len(people)
    return tuple(
        Worn(
            each.dressed.whose.subject_id,
            each.dressed.packed,
            each.dressed.reference,
            strength=1.0 if strength is None else strength,
            region=_region(each.area, about(own or words.prompt, trigger)),
        )
        for each, own in zip(people, said, strict=True)
    )


def _region(area: Area | None, prompt: str) -> Region | None:
    return None if area is None else Region(area.left, area.top, area.right, area.bottom, prompt)
