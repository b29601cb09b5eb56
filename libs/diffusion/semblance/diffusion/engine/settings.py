"""The engine's limits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from semblance.diffusion.errors import RequestInvalid


@dataclass(frozen=True)
class EngineSettings:
    """lanes: sizes that a batch is padded to, rising. A row takes two lanes with guidance, else one."""

    lanes: tuple[int, ...] = (4, 8, 12, 16)
    slots: int = 16
    """Adapters in memory at once; each takes `StepEngine.layout.size_bytes`."""
    rank: int | None = None
    """Every slot's rank, adapters of smaller ones are padded; None is the backbone's own."""
    text_rank: int | None = None
    max_lanes_in_flight: int = 64
    """Over all batch classes (sizes, lengths of prompt, ...), which take turns."""
    max_queued_rows: int = 256
    max_pixels: int = 2048 * 2048
    max_pixels_in_parts: int = 1024 * 1024
    """Of a picture with regions, whose masks grow with the square of what attention sees."""
    max_people: int = 4
    ageing_s: float = 10.0
    """Waiting so long counts as one step of priority; and a row that waits so long for a slot is let past by nobody."""
    prepared_per_step: int = 8
    """Requests whose text is encoded between two steps, at most."""
    preview_every: int = 5
    recover_after_steps: int = 100
    """Steps without a shortage of memory after which the batch may grow again."""

    def __post_init__(self) -> None:
        rising = bool(self.lanes) and self.lanes[0] >= 2 and all(low < high for low, high in pairwise(self.lanes))
        if not rising:
            raise RequestInvalid("lanes are rising sizes of 2 and more")
        if self.max_lanes_in_flight < self.lanes[-1]:
            raise RequestInvalid("max_lanes_in_flight is at least the largest batch")
        least_one = ("slots", "max_queued_rows", "max_pixels", "max_pixels_in_parts", "max_people")
        for name in (*least_one, "prepared_per_step", "preview_every", "recover_after_steps"):
            if getattr(self, name) < 1:
                raise RequestInvalid(f"{name} must be at least 1")
        if not self.ageing_s > 0:
            raise RequestInvalid("ageing_s must be more than 0")
