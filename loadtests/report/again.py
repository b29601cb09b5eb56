"""A run from before its spreads and its day were kept, brought up to what is published now, from its own folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from loadtests import measures, origin, rounds, slo, spread
from loadtests.profile import LEDGER, Rounds
from loadtests.reconcile import FAULTS, Balance

_LOOKED_AT = ("growth of memory", "core-s a picture, beyond rest")
_NOT_KEPT = "not kept by this run"
_PERCENTILE = re.compile(r", p\d+, s$")


def completed(row: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The summary with its day, and with a spread to each goal out of the rows that the workers wrote; what the run did
    not keep is said. A summary that has them is left as it is."""
    if "day" not in row:
        row = {**row, "day": origin.day_of(folder), "commit": origin.NOT_RECORDED}
    if all("spread" in goal for goal in row["goals"]):
        return row
    known = _spreads(row, folder)
    goals = [
        {**goal, "spread": goal["spread"] if "spread" in goal else known.get(goal["goal"], _unknown(goal["goal"]))}
        for goal in row["goals"]
    ]
    return {**row, "goals": goals}


def _unknown(goal: str) -> str:
    """Of a goal that its rows say nothing of: a count is exact, a percentile without its values is not."""
    return _NOT_KEPT if _PERCENTILE.search(goal) else spread.EXACT


def _spreads(row: dict[str, Any], folder: Path) -> dict[str, str]:
    calls, walks = measures.read(sorted(folder.rglob("rows-*.jsonl")))
    every = {f"p{q}": 0.0 for q in measures.QUANTILES}
    objectives = slo.Objectives(
        availability=0, journeys_done=0, faults=dict.fromkeys(FAULTS, 0), harness_late_p99_s=0, least={}, grace_s=0,
        routes=dict.fromkeys(measures.waits(calls), every), marks=dict.fromkeys(measures.marks(walks), every),
    )  # fmt: skip
    beyond = {str(stage["stage"]) for stage in row["stages"] if stage.get("held") == LEDGER}
    found = slo.judge(objectives, calls, walks, Balance(), beyond=beyond)
    if row.get("rounds"):
        done = [rounds.Round(**each) for each in row["rounds"]]
        found += rounds.findings(done, Rounds(_wanted(row), 1.0), Balance())
    never = {goal["goal"]: "" for goal in row["goals"] if goal["value"] == -1.0}
    return {f.goal: f.spread for f in found} | dict.fromkeys(_LOOKED_AT, _NOT_KEPT) | never


def _wanted(row: dict[str, Any]) -> int:
    """How many rounds were asked for, as the goal about them says; of a run without it, as many as there were."""
    said = (int(g["goal"].split()[0]) for g in row["goals"] if " rounds of chaos" in g["goal"])
    return next(said, len(row["rounds"]))
