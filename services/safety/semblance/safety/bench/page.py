"""docs/benchmarks/safety-prompts.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """# The prompt policy on held-out prompts

Written by `python -m semblance.safety.bench.prompts`. Two sets of prompts in services/safety/tests/bench, whose README
tells their origin and weaknesses. Thresholds were chosen on other phrases. Intervals are exact (Clopper-Pearson,
two-sided 95 %). A prompt counts as refused for whatever reason. Spread: the distance of the bound on the bad side; for
seconds that of the median.
"""
_MODES = ("rules", "classifier", "both")


def page(found: Mapping[str, Any]) -> str:
    """The tables of both sets."""
    second = found["second"]
    rows = [
        (*_goal_row(one), f"{two['value']} (±{two['spread']})", _met(two))
        for one, two in zip(found["goals"], second["goals"], strict=True)
    ]
    head = ("goal", "target", "first set", "spread", "met", "held-out 2 (spread)", "met")
    return "\n".join([_HEAD, _table(head, rows), "# First set\n", *_of_set(found), "# Held-out 2\n", *_of_set(second)])


def _of_set(found: Mapping[str, Any]) -> list[str]:
    prompts = found["prompts"]
    return [
        "## Intents: recall\n",
        _compared("intent", prompts, "recall_by_intent", "recall"),
        _compared("kind", prompts, "recall_by_kind", None),
        _compared("language", prompts, "recall_by_language", None),
        "## Fine prompts: false alarms\n",
        _compared("kind", prompts, "false_alarms_by_kind", "false_alarms"),
        _compared("language", prompts, "false_alarms_by_language", None),
        "## Named persons\n",
        _alone(found["persons"]),
        "## A person's limits\n",
        _compared("topic", found["limits"], "recall_by_kind", "recall"),
        _compared("topic, kept", found["limits"], "false_alarms_by_kind", "false_alarms"),
        _compared("language", found["limits"], "recall_by_language", None),
        "Near misses above: kept prompts were written as pairs of broken ones. Ordinary fine prompts under a limit:\n",
        _table(("limit", "refused"), [(name, _rate(v)) for name, v in found["limits_on_fine_prompts"].items()]),
        "## Seconds a check, one thread\n",
        "CPU-seconds of the checking thread; the last column is the clock's, whatever else the machine was doing.\n",
        _table(
            ("prompt", "n", "p50", "p95", "p99", "p95 by the clock"),
            [
                (name, *(str(v[k]) for k in ("n", "p50", "p95", "p99", "waited_p95")))
                for name, v in found["latency_s"].items()
            ],
        ),
    ]


def _goal_row(goal: Mapping[str, Any]) -> Sequence[str]:
    return goal["goal"], goal["target"], str(goal["value"]), f"±{goal['spread']}", _met(goal)


def _met(goal: Mapping[str, Any]) -> str:
    return "yes" if goal["met"] else "**no**"


def _compared(first: str, modes: Mapping[str, Any], by: str, overall: str | None) -> str:
    names = [mode for mode in _MODES if mode in modes]
    keys = list(modes[names[-1]][by])
    rows = [(key, *(_rate(modes[m][by][key]) for m in names)) for key in keys]
    if overall:
        rows.append(("**all**", *(_rate(modes[m][overall]) for m in names)))
    return _table((first, *names), rows)


def _alone(rates: Mapping[str, Any]) -> str:
    keys = rates["recall_by_language"]
    rows = [(k, _rate(v), _rate(rates["false_alarms_by_language"].get(k))) for k, v in keys.items()]
    rows.append(("**all**", _rate(rates["recall"]), _rate(rates["false_alarms"])))
    return _table(("language", "recall", "false alarms"), rows)


def _rate(value: Mapping[str, Any] | None) -> str:
    if value is None or not value["of"]:
        return ""
    return f"{value['rate']:.1%} ({value['hits']} of {value['of']}; {value['low_95']:.0%} to {value['high_95']:.0%})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows), ""])
