"""What is broken when, from a profile's `chaos`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.arrivals import BadPlan
from semblance.local.rights import SERVICES

PARTS = (*SERVICES, "store", "broker")
KINDS = ("kill", "restart", "tear", "pause", "slow", "cut", "fill", "skew")
# A publication's and a withdrawal's time are compared; whoever writes them keeps the right time.
RIGHT_TIME = {"provenance", "identity"}
_AT_ONCE = {"kill", "tear", "restart"}


@dataclass(frozen=True)
class Act:
    """`target`: a part; for slow and cut a link "client>server"; for kill and restart also several, "one+other".
    `for_s`: how long pause, slow, cut, fill and skew last. `by`: seconds for slow and skew, and between the parts of a
    kill or restart: the other goes while the one comes back."""

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

    @property
    def parts(self) -> tuple[str, ...]:
        """Whose process it is done to; nobody's for what is done to a link."""
        return () if self.kind in {"slow", "cut"} else tuple(self.target.split("+"))


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
    elif unknown := [part for part in act.parts if part not in PARTS]:
        raise BadPlan(f"chaos: unknown part {', '.join(unknown)}; known are {', '.join(PARTS)}")
    if len(act.parts) > 1 and (act.kind not in {"kill", "restart"} or len(set(act.parts)) < len(act.parts)):
        raise BadPlan(f"chaos: {act.kind} {act.target}: only a kill or a restart has several parts, each once")
    if act.kind == "tear" and act.target not in SERVICES:
        raise BadPlan(f"chaos: {act.target} has no database of its own")
    if act.kind == "fill" and act.target == "broker":
        raise BadPlan("chaos: the broker keeps nothing on a disk of its own; fill the store")
    if act.kind not in _AT_ONCE and act.for_s <= 0:
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
