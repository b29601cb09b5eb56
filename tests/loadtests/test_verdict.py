"""The verdict is no for each broken objective alone, and for a run in which nothing happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadtests import profile, slo
from loadtests.measures import Call, Walk
from loadtests.profile import HERE
from loadtests.reconcile import CAME, TO_COME, Balance, Fault
from loadtests.slo import BadObjectives

OBJECTIVES = """
availability: 0.9
journeys_done: 0.7
pictures_published_share: 0.9
routes: {"GET /v1/me": {p50: 0.1, p99: 1.0}}
marks: {picture: {p95: 5.0}}
faults: {lost: 0, doubled: 0, unsafe: 0, no-verdict: 0, out-of-order: 0, untrue: 0}
harness: {late_p99: 0.1, late_p99_beyond: 5.0}
grace_s: 1.0
least: {journeys: 2, accepted: 1}
memory_growth: null
core_s_per_picture: null
"""
COUNTS = {"accepted": 3, TO_COME: 20, CAME: 18}


@pytest.fixture
def objectives(tmp_path: Path) -> slo.Objectives:
    return slo.read(written(tmp_path, yaml.safe_load(OBJECTIVES)))


def written(folder: Path, given: Any) -> Path:
    path = folder / "slo.yaml"
    path.write_text(yaml.safe_dump(given))
    return path


def call(**other: Any) -> Call:
    found = Call("GET /v1/me", "browse", "steady", due=0.0, started=0.0, ended=0.05, status=200, ok=True)
    return replace(found, **other)


def walk(**other: Any) -> Walk:
    return replace(Walk("generate", "steady", 0.0, 0.01, 1.0, "done", marks={"picture": 1.0}), **other)


SHARE = "published of the pictures asked for by people who stayed"


def judged(objectives: slo.Objectives, **other: Any) -> list[str]:
    """The goals that are not met."""
    given = {"calls": [call()] * 20, "walks": [walk()] * 3, "balance": Balance(counts=COUNTS)} | other
    return [f.goal for f in slo.judge(objectives, given["calls"], given["walks"], given["balance"]) if not f.met]


def test_a_good_run_passes(objectives: slo.Objectives) -> None:
    assert judged(objectives) == []


@pytest.mark.parametrize(
    ("other", "goal"),
    [
        ({"calls": [call()] * 17 + [call(ok=False, status=503)] * 3}, "availability, first attempts"),
        ({"calls": [call(ended=0.2)] * 20}, "GET /v1/me, p50, s"),
        ({"calls": [call()] * 20 + [call(ended=3.0)]}, "GET /v1/me, p99, s"),
        ({"calls": [call()] * 20 + [call(due=-3.0)]}, "GET /v1/me, p99, s"),  # sent late: the platform's, not hidden
        ({"walks": [walk(marks={"picture": 9.0})] * 3}, "picture, p95, s"),
        ({"walks": [walk(marks={})] * 3}, "picture, p95, s"),  # never happened
        ({"balance": Balance([Fault("unsafe", "i", "")], COUNTS)}, "unsafe"),
        ({"balance": Balance([Fault("lost", "i", "")], COUNTS)}, "lost"),
        ({"walks": [walk(started=0.5)] * 3}, "the harness's own lateness, p99, s"),
        ({"walks": [walk()] * 3 + [walk(outcome="failed")] * 2}, "journeys that came to their end"),
        ({"walks": [walk()] * 3 + [walk(outcome="starved")]}, "arrivals that the harness could not send"),
        (
            {"balance": Balance(counts=COUNTS | {CAME: 1})},
            SHARE,
        ),  # the filter blocks nearly all, and everybody is told so
        ({"balance": Balance(counts={"accepted": 3})}, SHARE),  # never happened
        ({"walks": [walk()]}, "journeys, at least"),
        ({"balance": Balance(counts=COUNTS | {"accepted": 0})}, "accepted, at least"),
    ],
)
def test_each_objective_alone_decides(objectives: slo.Objectives, other: dict[str, Any], goal: str) -> None:
    assert judged(objectives, **other) == [goal]


@pytest.mark.parametrize("what", ["memory_growth", "core_s_per_picture"])
@pytest.mark.parametrize(("value", "met"), [(0.04, True), (0.06, False), (None, False)])
def test_what_is_used_up_or_was_not_looked_at_is_no(
    objectives: slo.Objectives, what: str, value: float | None, met: bool
) -> None:
    strict = replace(objectives, **{what: 0.05})
    findings = slo.judge(strict, [call()], [walk()] * 3, Balance(counts=COUNTS), **{what: value})
    assert slo.passed(findings) is met


def test_a_second_attempt_does_not_whitewash_the_first(objectives: slo.Objectives) -> None:
    retried = [call(ok=False, status=503), call(attempt=2)] * 3
    assert "availability, first attempts" in judged(objectives, calls=[call()] * 10 + retried)


def test_a_stage_beyond_what_is_promised_is_held_to_the_ledger_alone(objectives: slo.Objectives) -> None:
    calls = [call()] * 20 + [call(stage="steps", ok=False, status=429, ended=9.0)] * 20
    walks = [walk()] * 3 + [walk(stage="steps", outcome="failed")] * 3
    good = Balance(counts=COUNTS)
    assert not slo.passed(slo.judge(objectives, calls, walks, good))
    assert slo.passed(slo.judge(objectives, calls, walks, good, beyond={"steps"}))
    lost = Balance([Fault("lost", "i", "")], COUNTS)
    assert not slo.passed(slo.judge(objectives, calls, walks, lost, beyond={"steps"}))


BEYOND = "the harness's own lateness beyond what is promised, p99, s"


@pytest.mark.parametrize(
    ("other", "unmet"),
    [
        ({"outcome": "refused"}, ["arrivals that the harness could not send"]),
        ({"outcome": "starved"}, []),  # everybody is still under way: the platform's slowness, and beyond its promise
        ({"started": 4.0}, []),  # the platform has the processors
        ({"started": 6.0}, [BEYOND]),
    ],
)
def test_beyond_what_is_promised_the_harness_itself_must_still_come(
    objectives: slo.Objectives, other: dict[str, Any], unmet: list[str]
) -> None:
    walks = [walk()] * 3 + [walk(stage="steps"), walk(stage="steps", **other)]
    found = slo.judge(objectives, [call()] * 20, walks, Balance(counts=COUNTS), beyond={"steps"})
    assert [f.goal for f in found if not f.met] == unmet


def test_nothing_at_all_is_no(objectives: slo.Objectives) -> None:
    findings = slo.judge(objectives, [], [], Balance())
    assert not slo.passed(findings)
    assert not slo.passed([])


@pytest.mark.parametrize(
    "change",
    [
        {"availabilty": 0.9},
        {"routes": {"GET /v1/me": {"p90": 1}}},
        {"routes": {"GET /v1/me": {}}},
        {"faults": {"lost": 0}},
        {"harness": {"late_p99": 1}},
        {"harness": {"late_p99": None, "late_p99_beyond": None}},
        {"routes": None},
        {"marks": {"picture": {"p95": "5 s"}}},
        {"least": {"journeys": "many"}},
    ],
)
def test_an_objective_that_nothing_would_check_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadObjectives):
        slo.read(written(tmp_path, yaml.safe_load(OBJECTIVES) | change))


def test_objectives_that_are_not_there_or_are_no_file_of_their_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("availability: [")
    for name in ("none.yaml", "broken.yaml"):
        with pytest.raises(BadObjectives, match=name):
            slo.read(tmp_path / name)


def test_a_profile_of_ones_own_finds_its_objectives_beside_it_or_among_ours(tmp_path: Path) -> None:
    given = yaml.safe_load((HERE / "profiles" / "smoke.yaml").read_text())
    for name in ("slo-smoke.yaml", "mine.yaml"):
        (tmp_path / "p.yaml").write_text(yaml.safe_dump(given | {"slo": name}))
        written(tmp_path, yaml.safe_load(OBJECTIVES)).rename(tmp_path / "mine.yaml")
        assert profile.read(tmp_path / "p.yaml").slo == (tmp_path if name == "mine.yaml" else HERE) / name


@pytest.mark.parametrize("path", sorted(HERE.glob("slo*.yaml")), ids=lambda p: p.stem)
def test_the_files_that_ship_bear_no_fault_and_name_routes_that_exist(path: Path) -> None:
    import json

    found = slo.read(path)
    assert set(found.faults.values()) == {0}
    paths = json.loads((HERE.parent / "docs" / "openapi.json").read_text())["paths"]
    known = {f"{method.upper()} {route}" for route, methods in paths.items() for method in methods}
    assert set(found.routes) <= known
    assert found.pictures_published_share is not None
    assert found.least["pictures published"] > 0


def test_a_profile_that_is_not_made_for_chaos_asks_for_no_more_under_it() -> None:
    own, chaos = slo.read(HERE / "slo-smoke.yaml"), slo.read(HERE / "slo-chaos.yaml")
    found = slo.under_chaos(chaos, own)
    assert (found.least, found.pictures_published_share) == (own.least, own.pictures_published_share)
    assert (found.availability, found.marks) == (chaos.availability, chaos.marks)


def test_what_a_file_wants_at_least_its_profile_asks_for() -> None:
    for path in sorted((HERE / "profiles").glob("*.yaml")):
        found = profile.read(path)
        asked = sum(arrival.journey == "generate" for arrival in found.plan())
        if found.rounds is None:  # rounds end when enough is broken
            assert slo.read(found.slo).least["pictures published"] <= asked
