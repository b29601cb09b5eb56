"""A run as JSON has it, and its verdict as lines."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtests import capacity, measures, origin, rounds
from loadtests.report import cost
from loadtests.running import Outcome
from loadtests.slo import Finding
from loadtests.teams import judge

Row = dict[str, Any]


def summary(found: Outcome, findings: Sequence[Finding], commit: str = origin.NOT_RECORDED) -> Row:
    """Everything that is written. `commit`: of the code that ran."""
    stages = measures.by_stage(found.calls, found.walks, found.windows)
    for stage, window in zip(stages, found.windows, strict=True):
        stage["held"] = found.profile.held(window)
        stage["core_s"] = found.stage_core_s.get(str(stage["stage"]), 0.0)
    return {
        "name": "load",
        "profile": found.profile.name,
        "day": origin.day(found.began_at),
        "commit": commit,
        "cores": os.cpu_count(),
        "load_before": round(found.load_before, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "seconds": round(found.ended_at - found.began_at, 1),
        "arrivals": len(found.walks),
        "passed": all(finding.met for finding in findings),
        "goals": [
            {"goal": f.goal, "target": f.target, "value": f.value, "spread": f.spread, "met": f.met, "count": f.count}
            for f in findings
        ],
        "balance": found.balance.counts,
        "faults": [vars(fault) for fault in found.balance.faults[:100]],
        "routes": measures.by_route(found.calls),
        "marks": {name: measures.shape(values) for name, values in sorted(measures.marks(found.walks).items())},
        "journeys": _journeys(found),
        "why_failed": dict(Counter(w.why for w in found.walks if w.outcome != "done").most_common(20)),
        "harness_late_s": measures.shape(measures.lateness(found.walks), 4),
        "events": _events(found),
        "stages": stages,
        "memory_mb": memory(found),
        "parts": {name: asdict(used) for name, used in found.parts.items()},
        "capacity": _capacity(found, stages),
        "teams": judge.rows(found.teams),
        "rounds": rounds.rows(found.rounds),
        "chaos": found.chaos,
        "chaos_planned": found.planned,
    }


def write(row: Row, folder: Path) -> None:
    """summary.json, whole or not at all: the next run reads it."""
    fresh = folder / "summary.new"
    fresh.write_text(json.dumps(row, indent=1) + "\n")
    fresh.replace(folder / "summary.json")


def verdict(row: Row) -> list[str]:
    """A line an objective, the unmet first, and the yes or no."""
    ordered = sorted(row["goals"], key=lambda g: g["met"])
    lines = [f"{'met  ' if g['met'] else 'UNMET'} {g['goal']}: {_value(g)} ({g['target']})" for g in ordered]
    lines += [f"fault {fault['kind']}: {fault['thing_id']}: {fault['text']}" for fault in row["faults"][:20]]
    unmet = sum(not g["met"] for g in row["goals"])
    return [
        *lines,
        "VERDICT: yes" if row["passed"] else f"VERDICT: no ({unmet} of {len(row['goals'])} objectives unmet)",
    ]


def _value(goal: Row) -> str:
    return "never happened" if goal["value"] == -1.0 else f"{goal['value']:g}"


def _journeys(found: Outcome) -> Row:
    names = sorted({walk.journey for walk in found.walks})
    return {
        name: {
            **measures.shape([w.ended - w.due for w in found.walks if w.journey == name and w.outcome == "done"]),
            "outcomes": dict(Counter(w.outcome for w in found.walks if w.journey == name)),
        }
        for name in names
    }


def _events(found: Outcome) -> Row:
    topics = sorted({topic for topic, _ in found.delays})
    return {topic: measures.shape([s for t, s in found.delays if t == topic]) for topic in topics}


def memory(found: Outcome) -> Row:
    """Resident MB of the whole platform, the first and the last tenth of the run's seconds; nothing if not ours."""
    if not found.memory:
        return {}
    sizes = [resident / 2**20 for _, resident in found.memory]
    tenth = max(1, len(sizes) // 10)
    first, last = sum(sizes[:tenth]) / tenth, sum(sizes[-tenth:]) / tenth
    return {"first": round(first), "last": round(last), "most": round(max(sizes)), "growth": round(last / first - 1, 4)}


def growth_spread(found: Outcome) -> str:
    """The least and the most growth from any look of the first tenth to any of the last."""
    if not found.memory:
        return ""
    sizes = [float(resident) for _, resident in found.memory]
    tenth = max(1, len(sizes) // 10)
    first, last = sizes[:tenth], sizes[-tenth:]
    return f"{min(last) / max(first) - 1:.4g} to {max(last) / min(first) - 1:.4g} from look to look"


def _capacity(found: Outcome, stages: Sequence[Row]) -> Row:
    row = cost.priced(found)
    row["usl"] = _law(found, stages)
    most = max((float(s["answered_per_s"]) for s in stages), default=0.0)
    full = capacity.saturation(stages)
    row |= {"most_answered_per_s": most, "saturated_at": full["stage"] if full else None}
    row["degrades"] = capacity.degrading(stages)
    if "peak_per_s" in row["usl"]:
        row["usl"]["a_forecast"] = forecast(row["usl"]["peak_per_s"], most, row["saturated_at"])
    return row


def _law(found: Outcome, stages: Sequence[Row]) -> Row:
    """The fitted law, or why there is none; what it says of each stage is written beside the stage."""
    if found.chaos:
        return {"not_fitted": "things were broken meanwhile"}
    points = [(float(stage["open"]), float(stage["answered_per_s"])) for stage in stages]
    try:
        law = capacity.fit(points)
    except capacity.TooFewStages as e:
        return {"not_fitted": str(e)}
    for stage, (n, _) in zip(stages, points, strict=True):
        stage["law_per_s"] = round(law.throughput(n), 1)
    foretold = capacity.foretold(points)
    return {
        "alone_per_s": round(law.alone_per_s, 3),
        "contention": round(law.contention, 5),
        "coherency": round(law.coherency, 7),
        "peak_open": _finite(law.peak_open),
        "peak_per_s": _finite(law.peak_per_s),
        "median_error": round(law.error, 4),
        "off_where_it_was_not_fitted": None if foretold is None else round(foretold, 4),
    }


def forecast(peak_per_s: float | None, most: float, saturated_at: object) -> str:
    """Whether the fitted ceiling may be planned with, and why not."""
    if saturated_at is None:
        return "no: nothing saturated, so no ceiling was near"
    if peak_per_s is not None and peak_per_s < most:
        return f"no: more was answered, {most:g} a second"
    return "yes, within median_error"


def _finite(value: float) -> float | None:
    return None if value == float("inf") else round(value, 3)
