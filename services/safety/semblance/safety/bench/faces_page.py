"""The filter's measures as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WAYS = ("fast", "thorough")


def markdown(report: Mapping[str, Any]) -> str:
    """Every table."""
    ways = [way for way in WAYS if way in report]
    lines = [
        "# The likeness filter, measured",
        "",
        f"Pictures of 1024 px of the four bundled people, who do not exist; {report['each']} of each kind and size,",
        f"seed {report['seed']}. `python -m semblance.safety.bench.faces` writes this page.",
        "",
    ]
    for way in ways:
        lines += _found(report[way], way)
    for way in ways:
        lines += _others(report[way], way)
    lines += _cost(report, ways)
    if len(ways) == len(WAYS):
        differ = ", ".join(report["differ"]) or "none"
        lines += [f"Pictures judged in both ways: {report['compared']}; judged differently: {differ}.", ""]
    return "\n".join(lines)


def _found(rates: Mapping[str, Any], way: str) -> list[str]:
    sizes = sorted({int(key.split("|")[1]) for key in rates["found"]})
    kinds = list(dict.fromkeys(key.split("|")[0] for key in rates["found"]))
    head = " | ".join(f"{size} px" for size in sizes)
    lines = [f"## Somebody else's face in a portrait ({way})", ""]
    lines += [f"| found, by width | {head} | allowed in spite of it |", "|---" * (len(sizes) + 2) + "|"]
    for kind in kinds:
        cells = " | ".join(_share(rates["found"][f"{kind}|{size}"]) for size in sizes)
        lines.append(f"| {kind} | {cells} | {_share(rates['missed'][kind])} |")
    lines += ["", "Let through with `SAFETY_UNKNOWN_FACES=allow`, where the hidden person is enrolled:", ""]
    lines += [f"| | {head} |", "|---" * (len(sizes) + 1) + "|"]
    for kind in kinds:
        cells = " | ".join(_share(rates["let_through"][f"{kind}|{size}"]) for size in sizes)
        lines.append(f"| {kind} | {cells} |")
    return [*lines, ""]


def _others(rates: Mapping[str, Any], way: str) -> list[str]:
    lines = [f"## One's own picture blocked, faces where there are none ({way})", "", "| | share |", "|---|---|"]
    lines += [f"| own, {kind}: blocked | {_share(pair)} |" for kind, pair in rates["own_blocked"].items()]
    lines += [f"| {kind}: a face found | {_share(pair)} |" for kind, pair in rates["false_faces"].items()]
    return [*lines, f"| faces of group photos found | {_share(rates['group'])} |", ""]


def _cost(report: Mapping[str, Any], ways: list[str]) -> list[str]:
    lines = ["## CPU of the whole filter, 1024 px, one face, one thread", ""]
    lines += ["| ms | median | p90 | least of 4 rounds | parts |", "|---|---|---|---|---|"]
    for way in ways:
        cost = report["cpu_ms"][way]
        parts = ", ".join(f"{part} {value}" for part, value in cost["parts_median"].items())
        lines.append(f"| {way} | {cost['median']} | {cost['p90']} | {cost['least_of_rounds_median']} | {parts} |")
    return [*lines, ""]


def _share(pair: list[int]) -> str:
    return f"{pair[0]} of {pair[1]}"
