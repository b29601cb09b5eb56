"""What is broken when, from a profile's `chaos`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.arrivals import BadPlan
from semblance.local.rights import SERVICES

PARTS = (*SERVICES, "store", "broker")
KINDS = ("kill", "pause", "slow", "cut", "fill", "skew")
# A publication's and a withdrawal's time are compared; whoever writes them keeps the right time.
RIGHT_TIME = {"provenance", "identity"}


@dataclass(frozen=True)
class Act:
    """`target`: a part, or for slow and cut a link "client>server". `for_s`: how long pause, slow, cut, fill and skew
    last. `by`: seconds for slow and skew."""

    at_s: float
    kind: str
    target: str
    for_s: float = 0.0
    by: float = 0.0

    @property
    def link(self) -> tuple[str, str]:
        """(client, server)."""
        client, _, server = self.target.partition(">")
        return client, server


def acts_of(rows: Sequence[Mapping[str, Any]], *, stretch: float = 1.0) -> list[Act]:
    """By their times, which are multiplied with `stretch`. Raises BadPlan."""
    found = []
    for row in rows:
        try:
            act = Act(
                float(row["at_s"]) * stretch,
                row["do"],
                row["to"],
                float(row.get("for_s", 0)),
                float(row.get("by_s", 0)),
            )
        except (KeyError, TypeError, ValueError) as e:
            raise BadPlan(f"chaos: {dict(row)}: {e!r}") from None
        if unknown := set(row) - {"at_s", "do", "to", "for_s", "by_s"}:
            raise BadPlan(f"chaos: unknown {', '.join(sorted(unknown))}")
        _check(act)
        found.append(act)
    return sorted(found, key=lambda act: act.at_s)


def _check(act: Act) -> None:
    if act.kind not in KINDS:
        raise BadPlan(f"chaos: unknown {act.kind!r}; known are {', '.join(KINDS)}")
    if act.kind in {"slow", "cut"}:
        client, server = act.link
        if client not in SERVICES or server not in {*SERVICES, "store"} or client == server:
            raise BadPlan(f"chaos: {act.target!r} is no link; such as gateway>identity or safety>store")
    elif act.target not in PARTS:
        raise BadPlan(f"chaos: unknown part {act.target!r}; known are {', '.join(PARTS)}")
    if act.kind != "kill" and act.for_s <= 0:
        raise BadPlan(f"chaos: {act.kind} {act.target} wants for_s")
    if act.kind in {"slow", "skew"} and act.by == 0:
        raise BadPlan(f"chaos: {act.kind} {act.target} wants by_s")
    if act.kind == "skew" and (act.target not in SERVICES or act.target in RIGHT_TIME):
        raise BadPlan(f"chaos: {act.target}'s clock is what the others are judged by, or not ours to set")


def slack_of(acts: Sequence[Act]) -> dict[str, float]:
    """By how many seconds a service's times may be wrong."""
    found: dict[str, float] = {}
    for act in acts:
        if act.kind == "skew":
            found[act.target] = max(found.get(act.target, 0.0), abs(act.by))
    return found
