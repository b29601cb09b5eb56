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
        "goals": [goal for way in _WAYS for goal in _goals(way, found[way])] + _few_goals(found["few"]),
        "ways": {way: found[way] for way in _WAYS},
        "few": found["few"],
    }


def write(made: Row, out: Path) -> None:
    """drain.json and drain.md in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "drain.json").write_text(json.dumps(made, indent=1) + "\n")
    (out / "drain.md").write_text(page(made))


def page(made: Row) -> str:
    """For people."""
    ways, few = made["ways"], made["few"]
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
        "Then there is one engine and at most two, as by default, and what the cluster does by itself:",
        "",
        "| what | after, s |",
        "|---|---|",
        f"| one engine is upgraded under {few['drawn']} pictures; {few['fewest_running']} or more ran meanwhile"
        f" | {_after(few['upgraded_s'])} |",
        f"| first steps come late, and a second engine runs | {_after(few['second_s'])} |",
        f"| an engine meets a defect (`{few['broken']}`), and another process stands for it"
        f" | {_after(few['replaced_s'])} |",
        "",
        f"With two engines {few['others']} people drew {few['each']} pictures each, one after the other. Adapters were",
        f"packed {few['packed']} times: the engine that holds somebody's adapter is asked first.",
        "",
        "| goal | target | found | met |",
        "|---|---|---|---|",
        *(f"| {g['goal']} | {g['target']} | {g['value']} | {'yes' if g['met'] else 'no'} |" for g in made["goals"]),
        "",
    ]
    return "\n".join(lines)


def _goals(way: str, found: Row) -> list[Row]:
    took_s, many, other = found["replaced_s"], found["drawn"], found["differing"]
    node, took = f"a node {way}", _seconds(found)
    goals = [
        _goal(node, "pictures of other bytes", "= 0", other, met=bool(many) and not other),
        _goal(node, "seconds until its engine is elsewhere", f"< {WITHIN_S:g}", took, met=took_s is not None),
    ]
    if way == "drained":
        # It is told beforehand, so it ends what it draws.
        again = found["asked_again"]
        goals.append(_goal(node, "pictures asked for again", "= 0", again, met=not again))
    return goals


def _few_goals(few: Row) -> list[Row]:
    """Of one engine and at most two."""
    least, again, other = few["fewest_running"], few["asked_again"], few["differing"] + (not few["same_after"])
    upgraded, packed, people = "one engine upgraded", few["packed"], few["others"]
    goals = [
        _goal(upgraded, "engines that run meanwhile", ">= 1", least, met=least >= 1),
        _goal(upgraded, "pictures asked for again", "= 0", again, met=bool(few["drawn"]) and not again),
        _goal("one engine and two", "pictures of other bytes", "= 0", other, met=not other),
        _goal("two engines", "times that adapters were packed", f"= {people}", packed, met=packed == people),
    ]
    awaited = {
        "upgraded_s": "an upgrade's end",
        "second_s": "a second engine",
        "replaced_s": "another for a broken one",
    }
    for name, what in awaited.items():
        took = few[name]
        goals.append(_goal("few", f"seconds until {what}", f"< {WITHIN_S:g}", _after(took), met=took is not None))
    return goals


def _after(seconds: float | None) -> str | float:
    return "not in time" if seconds is None else seconds


def _goal(of: str, what: str, target: str, value: object, *, met: bool) -> Row:
    return {"goal": f"{what}, {of}", "target": target, "value": value, "spread": 0, "met": met}


def _seconds(found: Row) -> str | float:
    return "not replaced" if found["replaced_s"] is None else float(found["replaced_s"])
