"""The memory that the chart asks for covers what services were seen to use (docs/benchmarks/requests.json).

Processors are told there and not held here: how many a service uses is the machine's, and it gets what is idle beside.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loadtests.report import requests

MEASURED = json.loads((Path(__file__).parents[2] / "docs" / "benchmarks" / "requests.json").read_text())["profiles"]


@pytest.mark.parametrize("profile", sorted(MEASURED))
def test_memory_asked_for_covers_what_was_measured(profile: str, services: dict[str, Any]) -> None:
    parts = MEASURED[profile]["parts"]
    assert set(services) <= set(parts)
    found = [goal for goal in requests.goals(profile, parts, requests.asked()) if "memory" in goal["goal"]]
    assert len(found) == 2 * len(services)
    assert [f"{goal['goal']}: {goal['value']:g} {goal['target']}" for goal in found if not goal["met"]] == []
