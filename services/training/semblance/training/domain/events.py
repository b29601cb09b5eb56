"""What training tells the others, past tense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from semblance.kernel.destroyed import Destroyed
from semblance.training.domain.run import Run


@dataclass(frozen=True)
class Requested:
    """A run was queued."""

    run: Run


@dataclass(frozen=True)
class Ended:
    """A run reached READY, REFUSED, FAILED, REVOKED or REMOVED; the state says which event it is."""

    run: Run


@dataclass(frozen=True)
class Progressed:
    """A tick. phase: "preparing", "training", "weighing" or "evaluating"."""

    run: Run
    phase: str
    step: int
    steps: int


@dataclass(frozen=True)
class Erased:
    """Everything held of a person is gone, by store."""

    subject_id: str
    erasure_id: str
    stores: Sequence[Destroyed]


Event = Requested | Ended | Progressed | Erased
