"""A round of chaos from a seed: every part is hit and every kind of misfortune comes, on whom and in which order is
the round's own."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

from loadtests.chaos.plan import PARTS, RIGHT_TIME, Act
from semblance.local.rights import SERVICES

# Where a link of ours can stand: a client that is told the server's address by a setting of its own.
LINKS = (
    *("gateway>identity", "gateway>ingest", "gateway>training", "gateway>generation", "gateway>provenance"),
    *("generation>safety", "ingest>identity", "safety>identity", "training>ingest"),
    *("generation>store", "ingest>store", "provenance>store", "safety>store", "training>store"),
)
_SKEWED = tuple(name for name in SERVICES if name not in RIGHT_TIME)
_FILLED = (*SERVICES, "store")
_FIRST_S, _EVERY_S = 4.0, 8.0


def drawn(seed: int, turn: int) -> list[Act]:
    """Round `turn`. The times are the earliest: an act waits until what broke before is whole again."""
    dice = Random(f"{seed} {turn}")  # noqa: S311 - what breaks, not a secret
    whole = set(PARTS)
    acts = [
        Act(0, "skew", _one(dice, _SKEWED, whole), 6.0, dice.choice((-1, 1)) * dice.randrange(30, 121)),
        Act(0, "tear", _one(dice, SERVICES, whole)),
        Act(0, "fill", _one(dice, _FILLED, whole), dice.uniform(3, 6)),
        Act(0, "restart", _one(dice, PARTS, whole)),
        Act(0, "pause", _one(dice, PARTS, whole), dice.uniform(2, 6)),
        # Half of the pairs fall together, half of them the second while the first comes back.
        Act(0, "kill", f"{_one(dice, PARTS, whole)}+{_one(dice, PARTS, whole)}", by=dice.choice((0.0, 2.0))),
        Act(0, "slow", dice.choice(LINKS), 6.0, dice.uniform(0.05, 0.3)),
        Act(0, "cut", dice.choice(LINKS), dice.uniform(3, 6)),
        *(Act(0, "kill", part) for part in sorted(whole)),
    ]
    dice.shuffle(acts)
    return [
        Act(_FIRST_S + _EVERY_S * k, a.kind, a.target, round(a.for_s, 1), round(a.by, 2)) for k, a in enumerate(acts)
    ]


def _one(dice: Random, among: Collection[str], whole: set[str]) -> str:
    """One that was not hit yet; it is now."""
    found = dice.choice(sorted(whole.intersection(among)))
    whole.remove(found)
    return found
