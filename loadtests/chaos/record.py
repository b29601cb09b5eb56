"""What became of the chaos that was planned, and the goals about it: one that did not come proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.slo import Finding

Row = dict[str, Any]


@dataclass
class Broken:
    """One load's. `acts` grow while it lasts. `failure`: what ended the breaker itself, "" while it does as planned."""

    planned: int = 0
    acts: list[Row] = field(default_factory=list)
    failure: str = ""


def under_load(acts: Sequence[Row], last_s: float) -> list[Row]:
    """Each act with whether it began before the last arrival, `last_s` after the first: later nobody is met by it."""
    return [{**act, "under_load": act["at_s"] <= last_s} for act in acts]


def findings(planned: int, acts: Sequence[Row]) -> list[Finding]:
    """None if nothing was to be broken. An act that found its part down already was not done."""
    if not planned and not acts:
        return []
    return [
        Finding(goal, f"= {planned}", value, value == planned, planned)
        for goal, value in (
            ("acts of chaos that were done", sum(act["hit"] for act in acts)),
            ("acts after which all was whole again", sum(act["whole"] for act in acts)),
            ("acts begun before the last arrival", sum(act["under_load"] for act in acts)),
        )
    ]
