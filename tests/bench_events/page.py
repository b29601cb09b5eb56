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


def log_goals(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What keeping the local log short is judged by: the longest log against the shortest."""
    first, last = logs[0]["kept short"], logs[-1]["kept short"]
    found = []
    for key, name in (("median_ms", "median delay"), ("cores", "cores of broker and store")):
        ratio = last[key] / first[key]
        goal = f"{name} behind {logs[-1]['batches']} batches, kept short, times those behind {logs[0]['batches']}"
        alone = round(logs[-1]["left alone"][key] / logs[0]["left alone"][key], 2)
        spread = f"left alone {alone}"
        found.append(
            {"goal": goal, "target": "<= 1.3", "value": round(ratio, 2), "spread": spread, "met": ratio <= 1.3}
        )
    return found


def _log_lines(logs: list[dict[str, Any]]) -> list[str]:
    ways = [name for name in logs[0] if name != "batches"]
    lines = [
        "## Behind a long log",
        "",
        "The local broker keeps its log in the local store; here one batch an event. Five events a second are heard by",
        "six readers who stand at the end. *Kept short*: by the supervisor's tidying (decision 46), which has just",
        "been. Medians of three rounds by turns; what was not heard within the ten seconds is not among the delays.",
        "",
        "| batches | " + " | ".join(f"{way}: delay, median (longest), ms | cores | heard" for way in ways) + " |",
        "|---|" + "---|---|---|" * len(ways),
    ]
    for row in logs:
        cells = []
        for way in ways:
            of = row[way]
            cells.append(f"{of['median_ms']:.0f} ({of['most_ms']:.0f}) | {of['cores']:.2f} | {of['heard']:.2f}")
        lines.append(f"| {row['batches']} | " + " | ".join(cells) + " |")
    return [*lines, ""]


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
        *_log_lines(row["logs"]),
        "| goal | target | found | met |",
        "|---|---|---|---|",
        *(f"| {g['goal']} | {g['target']} | {g['value']} | {'yes' if g['met'] else '**no**'} |" for g in row["goals"]),
        "",
    ]
    (folder / "events.md").write_text("\n".join(lines))
