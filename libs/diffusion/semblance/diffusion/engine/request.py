"""What the engine is asked for, and how it answers."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from semblance.diffusion.families.regional import Region
from semblance.diffusion.rendering import RenderRequest, RgbU8
from semblance.diffusion.slots.flat import FlatAdapter


@dataclass(frozen=True)
class Worn:
    """One adapter on a row. subject_id: whose it is, held against the slot's own at every binding.

    strength 0 to 2. reference (D,), unit norm, where the backbone takes one. region: None is the whole picture. A style
    is worn by nobody's reference: `reference=None`.
    """

    subject_id: str = field(repr=False)
    adapter: FlatAdapter | None = field(repr=False)
    reference: NDArray[np.float32] | None = field(default=None, repr=False)
    strength: float = 1.0
    region: Region | None = None


@dataclass(frozen=True)
class Start:
    """Where drawing starts instead of at pure noise. image (H, W, 3) RGB 0-255; mask (H, W) of 0 to 255, 255 is drawn
    anew, 0 is kept exactly, grey is between; None is everywhere. strength 0 to 1: share of the steps that are taken."""

    image: RgbU8 = field(repr=False)
    strength: float = 0.6
    mask: NDArray[np.uint8] | None = field(default=None, repr=False)


class Priority(enum.IntEnum):
    """Lower goes first. Within one, the earlier deadline, then first come."""

    INTERACTIVE = 0
    NORMAL = 1
    BATCH = 2


@dataclass(frozen=True)
class EngineRequest:
    """`picture.count` rows that need not be drawn together. deadline_s: on the engine's monotonic clock; a row that has
    not begun by then ends as DeadlineMissed."""

    picture: RenderRequest
    worn: tuple[Worn, ...] = ()
    height_px: int | None = None
    width_px: int | None = None
    priority: Priority = Priority.NORMAL
    deadline_s: float | None = None
    start: Start | None = None


OnStep = Callable[[int, int], None]
"""done, of: steps over all rows of a request. Called by the engine's thread; what it raises ends the request."""
OnPreview = Callable[[int, RgbU8], None]
"""index of the row, a coarse picture of where it stands."""
