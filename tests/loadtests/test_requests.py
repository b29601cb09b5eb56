"""Each part is measured with all that it started, and what is asked for it is compared with what it used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.meter import Meter, Sample
from loadtests.report import requests
from semblance.local import state
from semblance.local.layout import Layout
from semblance.local.state import Part, State

# 64 MiB that are touched, and a child of its own with as much, which says that it is there.
HUNGRY = "import subprocess, sys; held = b'x' * 2**26; {more}; print(1, flush=True); sys.stdin.read()"
CHILD = HUNGRY.format(more="pass")
MORE = f"child = subprocess.Popen([sys.executable, '-c', {CHILD!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)"
PARENT = HUNGRY.format(more=f"{MORE}; child.stdout.readline()")
USED = {"rest_mb": 200, "p95_mb": 300, "most_mb": 400, "rest_cores": 0.0, "cores": 0.25, "busy_cores": 1.5}
ASKED = {"request_cores": 0.25, "request_mb": 300, "limit_cores": 1.0, "limit_mb": 480}


@pytest.fixture
def hungry() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


def test_a_part_is_measured_with_what_it_started(hungry: subprocess.Popen[bytes], tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    parts = (Part("training", "ready", hungry.pid, 1, 0), Part("gateway", "stopped", None, 2, 0))
    state.write(layout.state, State("ready", os.getpid(), "", parts))
    meter = Meter(layout)
    began = time.time()
    meter.look()
    meter.look()
    used = meter.used((began, time.time()), (began, time.time()))
    assert set(used) == {"training"}
    assert used["training"].most_mb > 2 * 64
    assert meter.samples[-1].resident > meter.samples[-1].parts["training"][1]


def test_the_busiest_ten_seconds_and_the_average(tmp_path: Path) -> None:
    """A part that works for ten of forty seconds with both cores, and had rested before."""
    meter = Meter(Layout(tmp_path))
    for second in range(-10, 41):
        spent = 2.0 * min(max(second - 20, 0), 10)
        resident = 2**20 * (100 if second < 20 else 300)
        both = {"training": (spent, resident), "new": (0.0, 1)} if second > 0 else {"training": (spent, resident)}
        meter.samples.append(Sample(float(second), spent, resident, both))
    [(name, used)] = meter.used((-10, -1), (0, 40)).items()
    assert name == "training"
    assert used.rest_mb == 100
    assert used.most_mb == used.p95_mb == 300
    assert used.rest_cores == 0
    assert used.cores == pytest.approx(0.5)
    assert used.busy_cores == pytest.approx(2.0)
    assert used.cores_spread == "0 to 2 over 10 parts of the load"
    assert (used.p95_spread, used.looks) == ("300 to more than 300", 41)
    assert meter.curve().between(19.5, 30.5) == pytest.approx(20.0)
    assert meter.curve().between(20.5, 21.5) == pytest.approx(2.0)
    assert meter.curve().rate(25, 100) == pytest.approx(10 / 15)  # of the time that was looked at
    assert meter.curve().rate(39.5, 100) is None
    assert meter.used((-10, -1), (50, 60)) == {}


def test_what_is_covered_is_told_from_what_is_not() -> None:
    def unmet(**less: float) -> list[str]:
        found = requests.goals("smoke", {"ingest": USED}, {"ingest": {**ASKED, **less}, "safety": ASKED})
        assert len(found) == 3
        return [goal["goal"] for goal in found if not goal["met"]]

    assert unmet() == []
    [memory, _, cores] = requests.goals("smoke", {"ingest": USED}, {"ingest": ASKED})
    assert memory["spread"] == "200 at rest to 400 at most"
    assert cores["spread"] == "0 at rest; 1.5 in the busiest 10 s"
    assert unmet(request_mb=299) == ["smoke: ingest, request of memory, MiB"]
    assert unmet(limit_mb=479) == ["smoke: ingest, limit of memory, MiB"]
    assert unmet(request_cores=0.2) == ["smoke: ingest, request of cores"]


@pytest.mark.parametrize(
    ("text", "number"), [("200m", 0.2), ("2", 2), (2, 2), ("1.5Gi", 1.5 * 2**30), ("512Mi", 2**29)]
)
def test_quantities_are_kubernetes(text: str, number: float) -> None:
    assert requests.quantity(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "1T", "-1", "1 Gi", "Mi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        requests.quantity(text)


def test_the_page_keeps_the_profiles_before_and_says_what_is_not_covered(tmp_path: Path) -> None:
    calm = {**USED, "cores": 0.01}
    row = {"profile": "smoke", "cores": 2, "arrivals": 9, "seconds": 1.5, "parts": {"ingest": calm, "broker": USED}}
    requests.publish(row, tmp_path)
    requests.publish({**row, "profile": "soak", "parts": {"ingest": {**calm, "p95_mb": 9000}}}, tmp_path)
    requests.publish({**row, "profile": "elsewhere", "parts": {}}, tmp_path)
    requests.publish({"profile": "from before parts were measured"}, tmp_path)
    written = json.loads((tmp_path / "requests.json").read_text())
    assert set(written["profiles"]) == {"smoke", "soak"}
    assert [goal["goal"] for goal in written["goals"] if not goal["met"]] == ["soak: ingest, request of memory, MiB"]
    page = (tmp_path / "requests.md").read_text()
    assert "| **no**: request of memory, MiB |" in page
    assert "| broker | 200 | 300 | 400 | | | 0 | 0.25 | 1.5 | | | not compared" in page
