"""What the chart asks for covers what services were seen to use (docs/benchmarks/requests.json): the 95th percentile of
memory and its limit, and the average of processors, under the load that is promised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loadtests.report import requests

MEASURED = json.loads((Path(__file__).parents[2] / "docs" / "benchmarks" / "requests.json").read_text())["profiles"]


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
