"""What a change to a person's sharing would do."""

from __future__ import annotations

from semblance.gateway.domain.sharing import SharingChange
from semblance.gateway.domain.simulation import Outcome, outcome
from semblance.gateway.domain.things import Adapter
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.handlers.grants import grantees

_PAGE = 100


def simulate(gate: Gate, subject_id: str, change: SharingChange) -> Outcome:
    """Identity makes the change and takes it back; the rest is counted. Raises what the change itself would raise."""
    before, after = gate.sharing.simulate(subject_id, change)
    return outcome(
        before,
        after,
        adapters=_adapters(gate, subject_id),
        counts=gate.generation.counts(subject_id),
        who=grantees(gate, (*before.grants, *after.grants)),
    )


def _adapters(gate: Gate, subject_id: str) -> list[Adapter]:
    found: list[Adapter] = []
    after: str | None = None
    while True:
        page = gate.training.adapters(subject_id, after=after, limit=_PAGE)
        found += page.items
        after = page.next_after
        if after is None:
            return found
