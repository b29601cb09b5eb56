"""The revocation benchmark counts what it says that it counts, on notes written by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

HOME = Path(__file__).parents[1] / "bench_revocation"


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HOME))
    spec = importlib.util.spec_from_file_location("bench_revocation_report", HOME / "report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.pop("page", None)
    return module


def run(*rows: list[object], last_yes_s: float = 0.0, published: tuple[tuple[str, float], ...] = ()) -> SimpleNamespace:
    """Person 0, asked to stop at 10.0 s, answered at 10.2 s, which is 1000.2 in Unix time."""
    revocation = SimpleNamespace(
        person=SimpleNamespace(number=0, subject_id="ada"), called_s=10.0, returned_s=10.2, wall_s=1000.2
    )
    notes = {"provenance": {"rows": list(rows), "probes": 1, "longest_gap_s": 0.0}}
    return SimpleNamespace(
        name="plain",
        revocations=[revocation],
        notes=notes,
        last_yes_s={"provenance": [last_yes_s]},
        published=list(published),
        seconds=1.0,
    )


def test_the_last_moment_is_the_later_of_a_yes_and_of_the_end_of_what_was_made(report: ModuleType) -> None:
    made, refused = [0, 9.9, 10.6, "made"], [0, 10.7, 10.9, "consent-revoked"]
    (called,), (returned,) = report._delays(run(made, refused, last_yes_s=10.3))
    assert called == pytest.approx(0.6)
    assert returned == pytest.approx(0.4)
    assert report._delays(run(refused, last_yes_s=10.3))[0] == [pytest.approx(0.3)]
    assert report._delays(run(refused))[0] == [0.0]


def test_a_picture_after_the_deadline_is_found_by_attempt_and_by_topic(report: ModuleType) -> None:
    late, other = [0, 11.0, 11.3, "made"], [1, 11.0, 99.0, "made"]
    row = report.summary([run(late, other, published=(("ada", 1001.3), ("bob", 5000.0)))], 2, 1.0)
    assert row["after_deadline"] == {"provenance": {"made": 1}}
    assert row["published_after_deadline_by_topic"] == 1
    goals = {goal["goal"]: goal["met"] for goal in row["goals"]}
    assert goals["pictures published after the deadline"] is False
    in_time = report.summary([run([0, 10.0, 11.1, "made"], published=(("ada", 1001.1),))], 2, 1.0)
    assert in_time["goals"][1]["met"] is True


def test_percentiles_are_values_that_were_measured(report: ModuleType) -> None:
    values = [float(n) for n in range(1, 101)]
    assert [report._percentile(values, q) for q in (50, 99, 100)] == [50.0, 99.0, 100.0]
