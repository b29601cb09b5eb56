"""What the chart asks for covers what services were seen to use (docs/benchmarks/requests.json): the 95th percentile of
memory and its limit, and the average of processors, under the load that is promised."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtests.report import requests

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "semblance"
MEASURED = json.loads((ROOT / "docs" / "benchmarks" / "requests.json").read_text())["profiles"]


@pytest.mark.parametrize("profile", sorted(MEASURED))
def test_what_is_asked_for_covers_what_was_measured(profile: str, services: dict[str, Any]) -> None:
    parts = MEASURED[profile]["parts"]
    assert set(services) <= set(parts)
    found = requests.goals(profile, parts, requests.asked())
    assert len(found) == 3 * len(services)
    assert [f"{goal['goal']}: {goal['value']:g} {goal['target']}" for goal in found if not goal["met"]] == []


def test_a_request_below_the_average_is_found() -> None:
    [name] = requests.asked().keys() & {"safety"}
    used = {"p95_mb": 1.0, "most_mb": 1.0, "cores": requests.asked()[name]["request_cores"] + 0.001}
    [*_, cores] = requests.goals("sown", {name: used}, requests.asked())
    assert "cores" in cores["goal"]
    assert not cores["met"]


def asked_for(objects: list[dict[str, Any]]) -> str:
    """Of all processes of services at their fewest, without the Ray cluster."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
        for each in objects
        if each["kind"] == "ScaledObject"
    }
    pods, cores, bytes_ = 0, 0.0, 0.0
    for found in (each for each in objects if each["kind"] == "Deployment"):
        count = found["spec"].get("replicas") or least[found["metadata"]["name"]]
        [container] = found["spec"]["template"]["spec"]["containers"]
        wanted = container["resources"]["requests"]
        pods += count
        cores += count * requests.quantity(wanted["cpu"])
        bytes_ += count * requests.quantity(wanted["memory"])
    return f"{pods} pods, {cores:.1f} cores and {bytes_ / 2**30:.1f} GiB"


def test_what_it_all_asks_for_is_said_as_it_is(
    evaluation: Any, production: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    together, example = asked_for(evaluation.objects), asked_for(production.objects)
    apart = asked_for(render({"processes": "apart"}))
    for path, said in (
        (ROOT / "docs" / "operators.md", {together, apart, example}),
        (CHART / "values.yaml", {apart}),
        (CHART / "values-production.yaml", {example}),
    ):
        text = " ".join(path.read_text().replace("\n#", "\n").split())
        assert set(re.findall(r"\d+ pods, [\d.]+ cores and [\d.]+ GiB", text)) == said, path.name
