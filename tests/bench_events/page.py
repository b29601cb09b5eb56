"""Goals and the page."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

GOAL_PER_S = 1500
_COLUMNS = {
    "per_s": "events a second",
    "cpu_us": "processor time an event, us",
    "relay_us": "of it the relay",
    "consumer_us": "of it the consumer",
    "broker_us": "of it the broker",
    "write_us": "wall time to write an event, us",
}


def goals(
    shared: list[dict[str, float]], plain: list[dict[str, float]], killed: dict[str, int]
) -> list[dict[str, Any]]:
    """What the run is judged by."""
    speed = [run["per_s"] for run in shared]
    value, ratio = (
        statistics.median(speed),
        statistics.median(a["per_s"] / b["per_s"] for a, b in zip(shared, plain, strict=True)),
    )
    double = killed["effects"] - killed["events"]
    return [
        {
            "goal": "events a second from outbox to effect, median",
            "target": f">= {GOAL_PER_S}",
            "value": round(value),
            "spread": round(max(speed) - min(speed)),
            "met": value >= GOAL_PER_S,
        },
        {
            "goal": "times as many as one by one, median of rounds",
            "target": "> 1",
            "value": round(ratio, 1),
            "spread": 0,
            "met": ratio > 1,
        },
        {
            "goal": "effects doubled or missing after a kill and a second sending",
            "target": "= 0",
            "value": double,
            "spread": 0,
            "met": killed["effects"] == killed["distinct"] == killed["events"],
        },
    ]


def write(row: dict[str, Any], folder: Path) -> None:
    """events.json and events.md."""
    (folder / "events.json").write_text(json.dumps(row, indent=1) + "\n")
    lines = [
        "# Events a second, each with one effect",
        "",
        "Written by `make bench-events`. Outbox rows of one service, its relay, the embedded broker (in memory),",
        "another service's consumer, inbox row and one row of effect in its SQLite file; a process each. The outbox is",
        "full when the clock starts, and the clock stops at the last effect. Every effect is then counted.",
        "",
        f"{row['rounds']} rounds, both ways in each by turns, {row['events']} events (one by one: a sixth); "
        f"{row['cores']} cores, load {row['load_1min']} at the end. Median (least to most).",
        "",
        "| | " + " | ".join(row["ways"]) + " |",
        "|---|" + "---|" * len(row["ways"]),
    ]
    for key, title in _COLUMNS.items():
        found = [way[key] for way in row["ways"].values()]
        lines.append(
            f"| {title} | "
            + " | ".join(f"{f['median']:.0f} ({f['least']:.0f} to {f['most']:.0f})" for f in found)
            + " |"
        )
    killed = row["killed"]
    lines += [
        "",
        "*One by one*: the same code with one record a send and one event a transaction. *As the services run it*: the",
        "relay's 200 records at once, and 50 events a transaction, as the gateway's fold of jobs has it",
        "(`Subscription.at_once`); handlers that do more than read and write their own transaction keep one an event.",
        "",
        f"Killed: `kill -9` of the consumer after {killed['at_kill']} of {killed['events']} effects, and "
        f"{killed['sent_again']} records sent a second time:",
        f"{killed['effects']} effects of {killed['distinct']} events.",
        "",
        "| goal | target | found | met |",
        "|---|---|---|---|",
        *(f"| {g['goal']} | {g['target']} | {g['value']} | {'yes' if g['met'] else '**no**'} |" for g in row["goals"]),
        "",
    ]
    (folder / "events.md").write_text("\n".join(lines))
