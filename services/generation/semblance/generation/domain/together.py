"""Several people in one picture: where each of them stands, and what each of them has agreed to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from semblance.generation.domain.errors import InvalidOrder
from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

# Shares of an edge: what a division of the picture by three loses is no overlap.
_TOUCHING: Final = 1e-6
_SMALLEST: Final = 0.1


@dataclass(frozen=True)
class Area:
    """A rectangle in shares of the picture's edges, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Share of the picture's."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Share of the picture's."""
        return self.bottom - self.top

    def overlaps(self, other: Area) -> bool:
        """Whether they share more than an edge."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _TOUCHING and down > _TOUCHING

    def holds(self, x: float, y: float) -> bool:
        """Whether a point, in shares of the edges, lies inside; on a shared edge it is the right or lower one's."""
        return self.left <= x < self.right and self.top <= y < self.bottom


def parse_area(left: float, top: float, right: float, bottom: float) -> Area:
    """Raises InvalidOrder."""
    area = Area(left, top, right, bottom)
    finite = all(map(math.isfinite, (left, top, right, bottom)))
    if not finite or not (0.0 <= left < right <= 1.0 and 0.0 <= top < bottom <= 1.0):
        raise InvalidOrder("a region's edges are 0 to 1, left before right and top before bottom")
    if min(area.width, area.height) < _SMALLEST:
        raise InvalidOrder(f"a region is at least {_SMALLEST:g} of the picture wide and high")
    return area


def require_apart(areas: Sequence[Area]) -> None:
    """Raises InvalidOrder where two people would stand in one place: whose face it is must be plain."""
    if any(one.overlaps(other) for one, other in combinations(areas, 2)):
        raise InvalidOrder("two people's regions overlap", remedy="Give each a part of the picture of their own.")


@dataclass(frozen=True)
class Canvas:
    """How much larger than a picture of one it is drawn, so that each part is about as large as one."""

    across: int
    down: int


def canvas(areas: Sequence[Area]) -> Canvas:
    """For these parts; 1 by 1 without any."""
    if not areas:
        return Canvas(1, 1)
    narrowest, lowest = min(area.width for area in areas), min(area.height for area in areas)
    return Canvas(max(1, round(1 / narrowest)), max(1, round(1 / lowest)))


@dataclass(frozen=True)
class Another:
    """Somebody beside the subject. adapter_consent_id: the consent that their adapter was trained under. shown: whether
    whoever asked may see the picture, as far as they are concerned; None: they have not decided yet."""

    subject_id: SubjectId
    consent_id: ConsentId
    consent_revision: int
    adapter_id: AdapterId
    adapter_consent_id: ConsentId
    area: Area
    shown: bool | None = True

    @property
    def depicted(self) -> Depicted:
        """As others are told of them."""
        return Depicted(self.subject_id, self.consent_id, self.consent_revision, self.adapter_id)
