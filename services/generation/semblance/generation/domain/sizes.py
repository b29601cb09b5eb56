"""Which sizes a picture can be asked for in: named by what is published, which is what is drawn, enlarged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from semblance.generation.domain.errors import SizeNotOffered

OWN: Final = "auto"


@dataclass(frozen=True)
class Size:
    """Of what is drawn."""

    width_px: int
    height_px: int

    @property
    def name(self) -> str:
        """As it is asked for and kept: 1344x768."""
        return f"{self.width_px}x{self.height_px}"


Offered = Mapping[str, Size]
"""By the published picture's name; the backbone's own size first."""


def enlarged(size: Size, edge_px: int) -> Size:
    """Until the shorter edge has edge_px; one that is already as large stays."""
    if min(size.width_px, size.height_px) >= edge_px:
        return size
    times = edge_px / min(size.width_px, size.height_px)
    return Size(round(size.width_px * times), round(size.height_px * times))


def offered(drawn: Iterable[tuple[int, int]], edge_px: int) -> Offered:
    """By what each is published as; of two that are published as one, the first."""
    found: dict[str, Size] = {}
    for width, height in drawn:
        size = Size(width, height)
        found.setdefault(enlarged(size, edge_px).name, size)
    return found


def parse_size(text: str, offers: Offered) -> Size | None:
    """What is drawn for it; None: the backbone's own. Raises SizeNotOffered."""
    if text in ("", OWN):
        return None
    size = offers.get(text)
    if size is None:
        raise SizeNotOffered(list(offers))
    return size


def kept_size(name: str | None) -> Size | None:
    """What `name` wrote."""
    if not name:
        return None
    width, _, height = name.partition("x")
    return Size(int(width), int(height))
