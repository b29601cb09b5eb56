"""Goals and the page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

WITHIN_S = 90.0
"""An engine that is not elsewhere by then counts as not replaced."""
Row = dict[str, Any]
_WAYS = {"drained": "drained, as a pod's preStop does", "lost": "lost without a word"}


def row(found: dict[str, Row], people: int) -> Row:
    """Everything that is written. found: what became of drawings while a node went, for each way to go."""
    return {
        "name": "drain",
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 1),
        "people": people,
        "goals": [goal for way in found for goal in _goals(way, found[way])],
        "ways": found,
    }


def write(made: Row, out: Path) -> None:
    """drain.json and drain.md in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "drain.json").write_text(json.dumps(made, indent=1) + "\n")
    (out / "drain.md").write_text(page(made))


def page(made: Row) -> str:
    """For people."""
    ways = made["ways"]
    lines = [
        "# Two nodes of a Ray cluster, one drained and one lost",
        "",
        "Written by `make drain-proof`. Two nodes on one machine with an engine each, a tiny random backbone, and",
        f"{made['people']} people who draw one picture after another through the renderer of the generation service. A",
        "node goes and a new one comes; this ends once both engines stand on nodes that are there. One run, so there",
        "is no spread, and nothing here says how long real pictures take.",
        "",
        f"{made['cores']} cores, load {made['load_1min']} at the end.",
        "",
        "| a node is | drawn meanwhile | other bytes than before | asked for again | engine elsewhere after, s |",
        "|---|---|---|---|---|",
        *(
            f"| {_WAYS[way]} | {each['drawn']} | {each['differing']} | {each['asked_again']} | {_seconds(each)} |"
            for way, each in ways.items()
        ),
        "",
        "*Asked for again*: the engine was lost in the midst of it, and the queue hands it to another one.",
        "",
        "| goal | target | found | met |",
        "|---|---|---|---|",
        *(f"| {g['goal']} | {g['target']} | {g['value']} | {'yes' if g['met'] else 'no'} |" for g in made["goals"]),
        "",
    ]
    return "\n".join(lines)


def _goals(way: str, found: Row) -> list[Row]:
    took_s, many = found["replaced_s"], found["drawn"]
    goals = [
        _goal(way, "pictures of other bytes", "= 0", found["differing"], met=bool(many) and not found["differing"]),
        _goal(way, "seconds until its engine is elsewhere", f"< {WITHIN_S:g}", _seconds(found), met=took_s is not None),
    ]
    if way == "drained":
        # It is told beforehand, so it ends what it draws.
        goals.append(_goal(way, "pictures asked for again", "= 0", found["asked_again"], met=not found["asked_again"]))
    return goals


def _goal(way: str, what: str, target: str, value: object, *, met: bool) -> Row:
    return {"goal": f"{what}, a node {way}", "target": target, "value": value, "spread": 0, "met": met}


def _seconds(found: Row) -> str | float:
    return "not replaced" if found["replaced_s"] is None else float(found["replaced_s"])
