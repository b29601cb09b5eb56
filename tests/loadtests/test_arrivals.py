"""Arrivals are as many and as irregular as they should be, and the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from loadtests import arrivals, profile
from loadtests.arrivals import BadPlan, Segment

SEED = 3


def drawn(*segments: Segment, poisson: bool = True) -> list[float]:
    return [at_s for at_s, _ in arrivals.times(segments, np.random.default_rng(SEED), poisson=poisson)]


def test_poisson_gaps_are_exponential() -> None:
    gaps = np.diff(drawn(Segment("s", 20, 20, 1000)))
    assert len(gaps) == pytest.approx(20_000, rel=0.03)  # 4 standard deviations of a Poisson count
    assert gaps.mean() == pytest.approx(0.05, rel=0.03)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)  # an even stream would have 0


def test_a_ramp_comes_as_often_as_its_line_says() -> None:
    times = np.array(drawn(Segment("s", 0, 40, 1000)))
    halves = [(times < 500).sum(), (times >= 500).sum()]
    assert halves[0] == pytest.approx(5000, rel=0.06)  # the area below the line: a quarter of 20,000
    assert halves[1] == pytest.approx(15_000, rel=0.04)


def test_even_arrivals_are_even_across_segments() -> None:
    assert drawn(Segment("a", 2, 2, 2), Segment("b", 1, 1, 3), poisson=False) == [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0]


def test_a_falling_ramp_ends_where_it_ends() -> None:
    times = drawn(Segment("s", 4, 0, 10), poisson=False)
    assert len(times) == 20
    assert times[-1] == pytest.approx(10)
    assert bool((np.diff(times) > 0).all())


def test_a_spike_is_in_the_middle() -> None:
    segments = arrivals.segments_of([{"shape": "spike", "per_s": 1, "peak_per_s": 50, "for_s": 30, "peak_s": 10}])
    assert [s.for_s for s in segments] == [10, 10, 10]
    assert [s.from_per_s for s in segments] == [1, 50, 1]


def test_steps_are_stages_of_their_own() -> None:
    row = {"name": "up", "shape": "steps", "from_per_s": 2, "by_per_s": 2, "steps": 3, "each_s": 5}
    assert [s.stage for s in arrivals.segments_of([row])] == ["up: 2/s", "up: 4/s", "up: 6/s"]


@pytest.mark.parametrize(
    "row",
    [
        {"shape": "wave", "per_s": 1, "for_s": 1},
        {"shape": "steady", "per_s": 1},
        {"shape": "steady", "per_s": 1, "for_s": 1, "forr_s": 2},
        {"shape": "steady", "per_s": -1, "for_s": 1},
        {"shape": "steady", "per_s": 1, "for_s": 0},
    ],
)
def test_a_stage_that_cannot_be_meant_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(BadPlan):
        arrivals.segments_of([row])


def test_the_mix_is_kept_and_repeatable() -> None:
    plan = arrivals.planned([Segment("s", 100, 100, 100)], {"browse": 3, "upload": 1}, SEED)
    browsing = sum(a.journey == "browse" for a in plan) / len(plan)
    assert browsing == pytest.approx(0.75, abs=0.02)
    assert plan == arrivals.planned([Segment("s", 100, 100, 100)], {"browse": 3, "upload": 1}, SEED)
    assert plan != arrivals.planned([Segment("s", 100, 100, 100)], {"browse": 3, "upload": 1}, SEED + 1)


def test_workers_send_each_arrival_once() -> None:
    plan = arrivals.planned([Segment("s", 10, 10, 10)], {"browse": 1}, SEED)
    shares = [arrivals.share(plan, worker, 3) for worker in range(3)]
    assert sorted(a.number for each in shares for a in each) == list(range(len(plan)))


def test_a_trace_is_replayed_as_it_was_written(tmp_path: Path) -> None:
    plan = arrivals.planned([Segment("s", 10, 10, 10)], {"browse": 1, "verify": 1}, SEED)
    arrivals.write(plan, tmp_path / "trace.jsonl")
    again = arrivals.replayed(tmp_path / "trace.jsonl")
    assert [(a.journey, a.stage, a.number) for a in again] == [(a.journey, a.stage, a.number) for a in plan]
    assert [a.at_s for a in again] == pytest.approx([a.at_s for a in plan], abs=1e-6)
    twice = arrivals.replayed(tmp_path / "trace.jsonl", speed=2)
    assert twice[-1].at_s == pytest.approx(plan[-1].at_s / 2, abs=1e-6)


@pytest.mark.parametrize("line", ["no json", "[]", '{"at_s": 1}', '{"at_s": -1, "journey": "browse"}'])
def test_a_broken_trace_names_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "t.jsonl").write_text('{"at_s": 1, "journey": "browse"}\n' + line + "\n")
    with pytest.raises(BadPlan, match=r"line 2"):
        arrivals.replayed(tmp_path / "t.jsonl")


def test_a_profile_replays_a_trace_beside_it(tmp_path: Path) -> None:
    """Faster, cut into parts that hold every arrival, with the profile's people and objectives."""
    smoke = profile.read("smoke")
    arrivals.write(smoke.plan(), tmp_path / "log.jsonl")
    text = (profile.HERE / "profiles" / "smoke.yaml").read_text()
    given = yaml.safe_load(text) | {"also": [], "arrivals": [{"shape": "trace", "file": "log.jsonl", "windows": 4}]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(given))
    for found, speed in ((profile.read(tmp_path / "mine.yaml"), 1), (smoke.replaying(tmp_path / "log.jsonl", 2, 4), 2)):
        plan = found.plan()
        assert [a.journey for a in plan] == [a.journey for a in smoke.plan()]
        assert plan[-1].at_s == pytest.approx(smoke.plan()[-1].at_s / speed, abs=1e-6)
        windows = found.windows()
        assert [w.stage for w in windows] == [f"trace {k} of 4" for k in (1, 2, 3, 4)]
        assert all(any(w.began <= a.at_s < w.began + w.seconds for w in windows) for a in plan)
        assert (found.people, found.slo, found.promised_s()) == (smoke.people, smoke.slo, None)
    assert found.name == "smoke-replay"


def test_a_run_is_replayed_by_the_rules_that_it_was_run_by(tmp_path: Path) -> None:
    """Also by another profile's people, and when the file is gone meanwhile."""
    own, trace, folder = profile.read("standard"), tmp_path / "plan.jsonl", tmp_path / "run"
    plan = own.plan()
    arrivals.write(plan, trace)
    folder.mkdir()
    for base in (own, profile.read("smoke")):
        again = base.replaying(trace, 2.0, 4).kept_in(folder)
        assert again.beyond() == own.beyond() != frozenset()
        promised_s = again.promised_s()
        assert promised_s == pytest.approx(max(a.at_s for a in plan if not a.beyond) / 2, abs=1e-5)
        assert again.plan()[-1].at_s == pytest.approx(plan[-1].at_s / 2, abs=1e-5)
        held = [again.held(window) for window in again.windows()]
        assert held == [profile.EVERYTHING, profile.EVERYTHING, profile.IN_PART, profile.LEDGER]
    trace.unlink()
    assert again.beyond() == own.beyond()
    assert {own.held(window) for window in own.windows()} == {profile.EVERYTHING, profile.LEDGER}


@pytest.mark.parametrize(
    "line",
    [
        '{"at_s": 2, "journey": "browse", "stage": "a", "beyond": true}',  # the same stage is promised before
        '{"at_s": 2, "journey": "browse", "beyond": true}',
        '{"at_s": 2, "journey": "browse", "stage": "b", "beyond": "yes"}',
    ],
)
def test_a_trace_that_leaves_open_what_is_promised_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "t.jsonl").write_text('{"at_s": 1, "journey": "browse", "stage": "a"}\n' + line + "\n")
    with pytest.raises(BadPlan, match=r"line 2.*beyond"):
        arrivals.replayed(tmp_path / "t.jsonl")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("", {}),
        ('{"at_s": 1, "journey": "fly"}', {}),
        ('{"at_s": NaN, "journey": "browse"}', {}),
        ('{"at_s": 1, "journey": "browse"}', {"speed": 0}),
        ('{"at_s": 1, "journey": "browse"}', {"windows": 0}),
        ('{"at_s": 1, "journey": "browse"}', {"sped": 2}),
        ('{"at_s": 1, "journey": "browse"}', {"file": "other.jsonl"}),
    ],
)
def test_a_trace_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, row: dict[str, object]) -> None:
    (tmp_path / "log.jsonl").write_text(text)
    found = replace(profile.read("smoke"), home=tmp_path, arrivals=[{"shape": "trace", "file": "log.jsonl", **row}])
    with pytest.raises(BadPlan):
        found.kept_in(tmp_path)


def test_what_is_promised_ends_where_more_is_offered() -> None:
    assert profile.read("standard").promised_s() == 180
    assert profile.read("smoke").promised_s() is None


@pytest.mark.parametrize("name", sorted(p.stem for p in (profile.HERE / "profiles").glob("*.yaml")))
def test_every_profile_has_a_plan(name: str) -> None:
    found = profile.read(name)
    plan = found.plan()
    assert plan
    assert found.slo.exists()
    assert [a.number for a in plan] == list(range(len(plan)))


def test_a_profile_with_an_unknown_journey_is_refused(tmp_path: Path) -> None:
    text = (profile.HERE / "profiles" / "smoke.yaml").read_text()
    (tmp_path / "p.yaml").write_text(text.replace("browse: ", "brows: "))
    with pytest.raises(BadPlan, match="brows"):
        profile.read(tmp_path / "p.yaml").plan()


def test_a_profile_that_has_nobody_for_a_journey_is_refused(tmp_path: Path) -> None:
    """Whoever came could not be sent, and the verdict would be no, whatever the platform did."""
    smoke = profile.read("smoke")
    with pytest.raises(BadPlan, match="opt_in, take_back wants a face for each of 3 workers"):
        replace(smoke, workers=3).kept_in(tmp_path)
    with pytest.raises(BadPlan, match="nobody is ready for generate, train, upload, verify"):
        replace(smoke, people=replace(smoke.people, ready=0)).kept_in(tmp_path)
    with pytest.raises(BadPlan, match="a round is one stage"):
        replace(profile.read("standard"), rounds=profile.Rounds(1, 10)).kept_in(tmp_path)
    assert replace(smoke, workers=2).kept_in(tmp_path)
    assert replace(profile.read("capacity"), workers=3).kept_in(tmp_path)  # nobody opts in


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(BadPlan, match="smoke"):
        profile.read("smok")


@pytest.mark.parametrize("name", ["standard", "cluster"])
def test_all_is_promised_but_the_steps_into_saturation(name: str) -> None:
    beyond = profile.read(name).beyond()
    stages = {arrival.stage for arrival in profile.read(name).plan()}
    assert beyond == {stage for stage in stages if stage.startswith("steps")}
    assert profile.read("soak").beyond() == frozenset()


def test_a_stage_beyond_what_is_promised_must_have_a_name() -> None:
    row = {"shape": "steady", "per_s": 1, "for_s": 1, "beyond": True}
    with pytest.raises(BadPlan, match="no name"):
        replace(profile.read("smoke"), arrivals=[row]).beyond()
    same = [{**row, "name": "s"}, {"name": "s", "shape": "steady", "per_s": 1, "for_s": 1}]
    with pytest.raises(BadPlan, match="s: beyond what is promised and not"):
        replace(profile.read("smoke"), arrivals=same).plan()
