"""From the stations' notes to docs/benchmarks/revocation.{md,json} and a histogram."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from page import page

MADE = "made"
ATTEMPTS_GOAL, P99_GOAL_S = 10_000, 1.0
Row = dict[str, Any]


def summary(runs: Sequence[Any], people: int, deadline_s: float) -> Row:
    """Everything that is written, as JSON has it."""
    plain = runs[0]
    called, returned = _delays(plain)
    after = _after(plain, deadline_s)
    tried = sum(sum(each.values()) for each in after.values())
    topic_late = _published_late(plain, deadline_s)
    late = max(after["provenance"].get(MADE, 0), topic_late)
    p99, spread = _percentile(called, 99), _bootstrap_spread(called)
    return {
        "name": "revocation",
        "cores": os.cpu_count(),
        "nice": os.nice(0),
        "load_1min": round(os.getloadavg()[0], 1),
        "people": people,
        "withdrawals": len(plain.revocations),
        "seconds": round(plain.seconds, 1),
        "goals": [
            _goal("p99 of the time from the call to the last moment of a yes, s", f"< {P99_GOAL_S}", p99, spread,
                  p99 < P99_GOAL_S),
            _goal("pictures published after the deadline", "= 0", late, 0, late == 0),
            _goal("attempts after the deadline", f">= {ATTEMPTS_GOAL}", tried, 0, tried >= ATTEMPTS_GOAL),
        ],
        "from_call_s": _shape(called),
        "from_return_s": _shape(returned),
        "call_s": _shape([r.returned_s - r.called_s for r in plain.revocations]),
        "by_station_from_call_s": {name: _shape(_station_delays(plain, name)) for name in plain.notes},
        "after_deadline": after,
        "published_after_deadline_by_topic": topic_late,
        "attempts": {name: len(notes["rows"]) for name, notes in plain.notes.items()},
        "made": {name: sum(row[3] == MADE for row in notes["rows"]) for name, notes in plain.notes.items()},
        "probes": {name: notes["probes"] for name, notes in plain.notes.items()},
        "longest_gap_between_probes_s": {n: round(notes["longest_gap_s"], 3) for n, notes in plain.notes.items()},
        "published_in_all": len(plain.published),
        "hard": [_hard(run, deadline_s) for run in runs[1:]],
    }  # fmt: skip


def write(row: Row, runs: Sequence[Any], out: Path) -> None:
    """revocation.json, revocation.md and revocation.png in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "revocation.json").write_text(json.dumps(row, indent=1) + "\n")
    (out / "revocation.md").write_text(page(row))
    cv2.imwrite(str(out / "revocation.png"), histogram(_delays(runs[0])[0], _delays(runs[0])[1]))


def histogram(called: Sequence[float], returned: Sequence[float]) -> np.ndarray:
    """Bars of 50 ms, from the call and from the return, (300, 640, 3) BGR."""
    edges = np.arange(-0.1, max(1.1, max(called) + 0.1), 0.05)
    image = np.full((300, 640, 3), 255, np.uint8)
    left, bottom, width, height = 50, 250, 570, 210
    top = max(np.histogram(values, edges)[0].max() for values in (called, returned))
    for values, colour, shift in ((called, (160, 60, 20), 0.0), (returned, (90, 170, 240), 0.45)):
        for count, edge in zip(np.histogram(values, edges)[0], edges, strict=False):
            x = left + round((edge - edges[0] + shift * 0.05) / (edges[-1] - edges[0]) * width)
            step = round(0.45 * 0.05 / (edges[-1] - edges[0]) * width)
            cv2.rectangle(image, (x, bottom - round(height * count / top)), (x + max(step, 1), bottom), colour, -1)
    for second in np.arange(0, edges[-1], 0.25):
        x = left + round((second - edges[0]) / (edges[-1] - edges[0]) * width)
        cv2.line(image, (x, bottom), (x, bottom + 4), (0, 0, 0), 1)
        cv2.putText(image, f"{second:g}", (x - 10, bottom + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    cv2.putText(image, "last yes or picture, s after the call (dark) and after its return (light)", (left, 292),
                cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)  # fmt: skip
    cv2.putText(image, f"{top}", (8, bottom - height + 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1)
    return image


def last_possible_s(run: Any, person: int, station: str, *, not_before_s: float) -> float:
    """The later of the last yes of the station's consent view and the end of the last attempt that made something."""
    made = [row[2] for row in run.notes[station]["rows"] if row[0] == person and row[3] == MADE]
    return max([run.last_yes_s[station][person], not_before_s, *made])


def _delays(run: Any) -> tuple[list[float], list[float]]:
    called, returned = [], []
    for each in run.revocations:
        last_s = max(last_possible_s(run, each.person.number, name, not_before_s=each.called_s) for name in run.notes)
        called.append(last_s - each.called_s)
        returned.append(last_s - each.returned_s)
    return called, returned


def _station_delays(run: Any, station: str) -> list[float]:
    return [
        last_possible_s(run, each.person.number, station, not_before_s=each.called_s) - each.called_s
        for each in run.revocations
    ]


def _after(run: Any, deadline_s: float) -> dict[str, Row]:
    """Attempts that ended after a person's deadline, by station and outcome."""
    ends = {each.person.number: each.returned_s + deadline_s for each in run.revocations}
    return {
        name: dict(Counter(row[3] for row in notes["rows"] if row[2] > ends.get(row[0], math.inf)).most_common())
        for name, notes in run.notes.items()
    }


def _published_late(run: Any, deadline_s: float) -> int:
    ends = {each.person.subject_id: each.wall_s + deadline_s for each in run.revocations}
    return sum(at_s > ends.get(subject_id, math.inf) for subject_id, at_s in run.published)


def _hard(run: Any, deadline_s: float) -> Row:
    called, returned = _delays(run)
    after = _after(run, deadline_s)
    return {
        "name": run.name,
        "withdrawals": len(run.revocations),
        "call_s": _shape([r.returned_s - r.called_s for r in run.revocations]),
        "from_call_s": _shape(called),
        "from_return_s": _shape(returned),
        "by_station_from_call_s": {name: _shape(_station_delays(run, name)) for name in run.notes},
        "made_after_deadline": {name: each.get(MADE, 0) for name, each in after.items()},
        "tried_after_deadline": {name: sum(each.values()) for name, each in after.items()},
        "published_after_deadline_by_topic": _published_late(run, deadline_s),
    }


def _shape(values: Sequence[float]) -> Row:
    if not values:
        return {"count": 0}
    found = {f"p{q}": round(_percentile(values, q), 3) for q in (50, 90, 99)}
    return {"count": len(values), **found, "max": round(max(values), 3)}


def _percentile(values: Sequence[float], q: float) -> float:
    """The smallest value that q per cent are not above: an order statistic, nothing interpolated."""
    ordered = sorted(values)
    return float(ordered[max(0, math.ceil(q / 100 * len(ordered)) - 1)])


def _bootstrap_spread(values: Sequence[float], rounds: int = 1000) -> float:
    """Half a 95 % interval of the 99th percentile."""
    dice = np.random.default_rng(0)
    drawn = [_percentile(dice.choice(values, len(values)).tolist(), 99) for _ in range(rounds)]
    return float((np.percentile(drawn, 97.5) - np.percentile(drawn, 2.5)) / 2)


def _goal(goal: str, target: str, value: float, spread: float, met: bool) -> Row:
    return {"goal": goal, "target": target, "value": round(value, 4), "spread": round(spread, 4), "met": bool(met)}
