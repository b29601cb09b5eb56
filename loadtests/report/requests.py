"""What each service was seen to use, beside what the chart asks the cluster for: docs/benchmarks/requests.{md,json}.

A request of memory is met if it covers the 95th percentile under load, a limit if a fifth more than the most fits below
it (a container at its limit is killed). A request of processors is met if it covers the average under load; what it
does more it does from what is idle. Compared with one process a service, as the evaluation install runs them.
"""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

VALUES = Path(__file__).parents[2] / "charts" / "semblance" / "values.yaml"
ROOM = 1.2
_UNITS = {"": 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30}


def quantity(text: str | float) -> float:
    """Kubernetes' notation of a number: cores, or bytes. Raises ValueError for another."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", str(text))
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{text!r} is no quantity that is used here")
    return float(found[1]) * _UNITS[found[2]]


def asked(values: Path = VALUES) -> dict[str, dict[str, float]]:
    """Service to what the chart's values ask for: request_cores, request_mb, limit_cores, limit_mb (MiB)."""
    services = yaml.safe_load(values.read_text())["services"]
    return {
        name: {
            f"{side[:-1]}_{unit}": quantity(of["resources"][side][what]) / (2**20 if unit == "mb" else 1)
            for side in ("requests", "limits")
            for what, unit in (("cpu", "cores"), ("memory", "mb"))
        }
        for name, of in services.items()
    }


def goals(
    profile: str, parts: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """Three a service that was measured. The value is what is asked for, the spread that of what was seen to be used."""
    found = []
    for name, of in wanted.items():
        used = parts.get(name)
        if used is None:
            continue
        memory, p95, cores = _spreads(used)
        least = {
            "request of memory, MiB": (of["request_mb"], used["p95_mb"], p95),
            "limit of memory, MiB": (of["limit_mb"], ROOM * used["most_mb"], memory),
            "request of cores": (of["request_cores"], used["cores"], cores),
        }
        found += [
            {
                "goal": f"{profile}: {name}, {what}",
                "target": f">= {round(needed, 3):g}",
                "value": given,
                "spread": around,
                "met": given >= needed,
            }
            for what, (given, needed, around) in least.items()
        ]
    return found


def _spreads(used: Mapping[str, Any]) -> tuple[str, str, str]:
    """Of memory, its 95th percentile and processors, over the run's looks; a run from before they were kept tells what
    was used at rest and at most."""
    looks = f", {used['looks']} looks" if used.get("looks") else ""
    memory = f"{used.get('rest_mb', 0):g} at rest to {used['most_mb']:g} at most{looks}"
    p95 = f"{used['p95_spread']}; {memory}" if used.get("p95_spread") else memory
    cores = used.get("cores_spread") or f"{used.get('rest_cores', 0):g} at rest"
    return memory, p95, f"{cores}; {used.get('busy_cores', used['cores']):g} in the busiest 10 s"


def publish(row: Mapping[str, Any], docs: Path) -> None:
    """requests.md and requests.json; profiles that were run before stay. Nothing if the platform was not measured."""
    if not row.get("parts"):
        return
    docs.mkdir(parents=True, exist_ok=True)
    path = docs / "requests.json"
    kept = json.loads(path.read_text())["profiles"] if path.exists() else {}
    run = {name: row[name] for name in ("profile", "cores", "arrivals", "seconds", "parts")}
    _write(dict(sorted((kept | {row["profile"]: run}).items())), docs)


def rewrite(docs: Path) -> None:
    """Both anew from the profiles that are kept, against the chart as it is now."""
    _write(json.loads((docs / "requests.json").read_text())["profiles"], docs)


def _write(profiles: Mapping[str, Mapping[str, Any]], docs: Path) -> None:
    wanted = asked()
    every = [goal for name, each in profiles.items() for goal in goals(name, each["parts"], wanted)]
    text = markdown(profiles, wanted)
    (docs / "requests.json").write_text(
        json.dumps({"name": "requests", "goals": every, "profiles": profiles}, indent=1) + "\n"
    )
    (docs / "requests.md").write_text(text)


def markdown(profiles: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Mapping[str, float]]) -> str:
    """The page in docs/benchmarks."""
    sections = "".join(_section(each, wanted) for each in profiles.values())
    return f"""# What services use, and what the chart asks for

Written by `make loadtest`, each profile by its own run, compared with charts/semblance/values.yaml;
tests/chart holds the chart to the numbers. Resident memory of a service's process and all that it started, each
second, under the load that is promised; a process a service, as the evaluation install has them, with the tests' short
trainings. Processors depend on the machine and on what else it did; memory hardly does. MiB.
{sections}"""


def _section(run: Mapping[str, Any], wanted: Mapping[str, Mapping[str, float]]) -> str:
    rows = "\n".join(_line(name, used, wanted.get(name)) for name, used in run["parts"].items())
    return f"""
## {run["profile"]}

{run["arrivals"]} arrivals in {run["seconds"]} s on {run["cores"]} cores.

| part | memory at rest | p95 under load | most | asked | limit | cores at rest | on average | busiest 10 s | asked | limit | covered |
|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def _line(name: str, used: Mapping[str, float], of: Mapping[str, float] | None) -> str:
    memory = f"{used['rest_mb']:g} | {used['p95_mb']:g} | {used['most_mb']:g}"
    cores = f"{used['rest_cores']:g} | {used['cores']:g} | {used['busy_cores']:g}"
    if of is None:
        return f"| {name} | {memory} | | | {cores} | | | not compared: another programme in a cluster |"
    unmet = [g["goal"].split(", ", 1)[1] for g in goals("", {name: used}, {name: of}) if not g["met"]]
    said = f"**no**: {'; '.join(unmet)}" if unmet else "yes"
    return f"| {name} | {memory} | {of['request_mb']:g} | {of['limit_mb']:g} | {cores} | {of['request_cores']:g} | {of['limit_cores']:g} | {said} |"
