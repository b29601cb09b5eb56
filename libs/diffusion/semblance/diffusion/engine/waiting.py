"""Requests that wait, and in which order they begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from semblance.diffusion.engine.request import EngineRequest, OnPreview, OnStep
from semblance.diffusion.engine.ticket import Ticket
from semblance.diffusion.rendering import RgbU8


@dataclass(eq=False)
class Job:
    """A request inside the engine. prepared: its condition, once it is known; begun: rows that were let in."""

    request: EngineRequest = field(repr=False)
    size: tuple[int, int]
    arrived_s: float
    order: int
    on_step: OnStep | None = field(default=None, repr=False)
    on_preview: OnPreview | None = field(default=None, repr=False)
    ticket: Ticket = field(default_factory=Ticket)
    prepared: Any = field(default=None, repr=False)
    begun: int = 0
    steps_taken: int = 0
    pictures: dict[int, RgbU8] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> int:
        """Pictures that are asked for."""
        return self.request.picture.count

    @property
    def waiting(self) -> int:
        """Rows that have not begun."""
        return self.rows - self.begun

    def urgency(self, now_s: float, ageing_s: float) -> tuple[int, float, int]:
        """Lower goes first: priority, which waiting betters without end, so that nobody starves; then the earlier
        deadline; then first come."""
        level = int(self.request.priority) - int((now_s - self.arrived_s) / ageing_s)
        deadline_s = self.request.deadline_s
        return level, float("inf") if deadline_s is None else deadline_s, self.order

    def missed(self, now_s: float) -> bool:
        """Whether a row should have begun by now."""
        deadline_s = self.request.deadline_s
        return bool(self.waiting) and deadline_s is not None and now_s > deadline_s


def in_order(jobs: Sequence[Job], now_s: float, ageing_s: float) -> list[Job]:
    """The most urgent first."""
    return sorted(jobs, key=lambda job: job.urgency(now_s, ageing_s))
