"""Ten rounds: each hits everything in an order of its own, is counted by itself, and none can be passed over."""

from __future__ import annotations

import importlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic_settings import BaseSettings

from loadtests import profile, rounds
from loadtests.arrivals import BadPlan
from loadtests.chaos import plan, running
from loadtests.chaos.draw import LINKS, drawn
from loadtests.load import LoadFailed, expected
from loadtests.measures import Call, Walk, Window
from loadtests.profile import ENOUGH, Rounds
from loadtests.reconcile import DOUBLED, LOST, UNTRUE, Balance, Fault
from loadtests.rounds import Round
from loadtests.stretch import Scene, Stretch

TEN = Rounds(10, 2520)


def test_every_round_hits_every_part_in_every_way_and_none_is_like_another() -> None:
    ten = [drawn(8, number) for number in range(1, 11)]
    for acts in ten:
        hit = Counter(part for act in acts for part in act.parts)
        assert set(hit) == set(plan.PARTS)
        assert {act.kind for act in acts} == set(plan.KINDS)
        assert [act.at_s for act in acts] == sorted(act.at_s for act in acts)
        for act in acts:
            plan._check(act)
    assert len({tuple(act.kind for act in acts) for acts in ten}) == 10
    assert ten[3] == drawn(8, 4) != drawn(9, 4)
    assert {act.by for acts in ten for act in acts if len(act.parts) == 2} == {0.0, 2.0}
    assert running.planned(profile.read("rounds")) == ten


@pytest.mark.parametrize("link", LINKS)
def test_a_link_stands_where_its_client_is_told_of_its_server(link: str) -> None:
    client, _, server = link.partition(">")
    module = importlib.import_module(f"semblance.{client}.settings")
    [settings] = {
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, BaseSettings)
        and each.model_config.get("env_prefix") == f"{client.upper()}_"
    }
    assert ("s3_endpoint" if server == "store" else f"{server}_address") in settings.model_fields
    assert running._setting(link).startswith(f"{client.upper()}_")


def act(back_after_s: float, *, whole: bool = True) -> dict[str, Any]:
    return {"at_s": 4.0, "what": "kill", "target": "safety", "back_after_s": back_after_s, "whole": whole, "note": ""}


def stretch(*faults: Fault, began_at: float = 1000.0, **other: Any) -> Stretch:
    made = Stretch(
        began_at,
        [Window("under fire", 0.0, 60.0)],
        [Call("GET /v1/me", "browse", "under fire", 1.0, 1.0, 1.2, 200, True)],
        [Walk("browse", "under fire", 1.0, 1.0, 2.0, "done")],
        [],
        Balance(list(faults), {"accepted": 9, "pictures published": 4}),
        [act(3.0), act(21.5)],
    )
    return replace(made, **other)


def row(number: int, *faults: Fault, **other: Any) -> Round:
    return replace(rounds.tally(number, stretch(*faults), 80.0), withdrawals=1, **other)


def unmet(some: list[Round], *faults: Fault) -> set[str]:
    return {f.goal for f in rounds.findings(some, TEN, Balance(list(faults))) if not f.met}


def test_a_round_is_counted_by_itself() -> None:
    found = rounds.tally(3, stretch(Fault(LOST, "image-1", "")), 80.04)
    assert (found.number, found.seconds, found.acts, found.accepted, found.published) == (3, 80.0, 2, 9, 4)
    assert (found.back_after_s, found.back_after) == (21.5, "kill safety")
    assert (found.faults[LOST], found.faults[DOUBLED]) == (1, 0)
    assert found.finished
    assert not rounds.tally(3, stretch(whole=False), 80).finished
    assert not rounds.tally(3, stretch(chaos=[act(180.0, whole=False)]), 80).finished
    assert not rounds.tally(3, stretch(chaos=[]), 80).finished
    nothing = Balance([], {"accepted": 0, "pictures published": 0})
    assert not rounds.tally(3, stretch(balance=nothing), 80).finished


def test_only_ten_whole_rounds_without_a_fault_are_ten_rounds() -> None:
    ten = [row(number) for number in range(1, 11)]
    goal = "10 rounds of chaos: lost + doubled + unsafe"
    assert unmet(ten) == set()
    assert goal in unmet(ten[:9])
    assert goal in unmet([*ten[:9], row(10, finished=False)])
    assert goal in unmet([*ten[:9], row(10, Fault(DOUBLED, "image-1", ""))])
    assert goal in unmet(ten, Fault(LOST, "image-1", "found when all were looked at together"))
    [first, *_] = rounds.findings([*ten[:9], row(10, Fault(LOST, "a", ""))], TEN, Balance([Fault(LOST, "a", "")]))
    assert first.value == 1  # the same fault seen twice is one
    assert "faults of any kind at a round's own end" in unmet([*ten[:9], row(10, Fault(UNTRUE, "a", ""))])
    assert "rounds with a withdrawal" in unmet([replace(each, withdrawals=0) for each in ten])


def test_rounds_are_stages_of_one_run() -> None:
    found = stretch(began_at=1500.0).of_round(2, 1000.0)
    assert found.windows == [Window("round 2", 500.0, 60.0)]
    assert (found.calls[0].stage, found.calls[0].due, found.calls[0].ended) == ("round 2", 501.0, 501.2)
    assert (found.walks[0].stage, found.walks[0].due) == ("round 2", 501.0)
    assert (found.chaos[0]["at_s"], found.chaos[0]["round"]) == (504.0, 2)


class FewRounds:
    """A scene in which each round takes a hundred seconds, and one may not come off."""

    def __init__(self, broken: int = 0) -> None:
        self.now_s, self.broken, self.only = 0.0, broken, list[set[str] | None]()
        self.first, self.before, self.said = frozenset({"old"}), {"old"}, list[str]()

    def say(self, text: str) -> None:
        self.said.append(text)

    def stretch(self, _: profile.Profile, folder: Path, number: int) -> Stretch:
        self.now_s += 100
        if number == self.broken:
            raise LoadFailed("Locust ended")
        return stretch(began_at=float(number))

    def next(self, _: Stretch) -> None:
        self.before.add(f"job-{len(self.before)}")

    def together(self, _: list[Any], only: set[str] | None) -> Balance:
        self.only.append(only)
        return Balance()


@pytest.mark.parametrize(("limit_s", "broken", "done"), [(5000.0, 0, 4), (350.0, 0, 3), (5000.0, 3, 2), (100.0, 0, 1)])
def test_what_was_finished_is_reported_when_the_time_is_over_or_one_fails(
    tmp_path: Path, limit_s: float, broken: int, done: int
) -> None:
    scene = FewRounds(broken)
    found, rows, _ = rounds.again(
        cast(Scene, scene), profile.read("rounds"), Rounds(4, limit_s), tmp_path, lambda: scene.now_s
    )
    assert len(found) == len(rows) == done
    assert len((tmp_path / "rounds.jsonl").read_text().splitlines()) == done
    # What a round that failed had asked for is nobody's promise: only the others' things are balanced.
    assert scene.only == [{"job-1", "job-2"} if broken else None]


def test_a_first_round_that_fails_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed):
        rounds.again(cast(Scene, FewRounds(1)), profile.read("rounds"), TEN, tmp_path, lambda: 0.0)


def test_arrivals_that_were_met_must_have_left_a_row(tmp_path: Path) -> None:
    (tmp_path / "met-0").write_text("7")
    assert expected(tmp_path, 20) == 20
    (tmp_path / ENOUGH).touch()
    assert expected(tmp_path, 20) == 7


@pytest.mark.parametrize("given", [{"count": 0, "limit_s": 1}, {"count": 1, "limit_s": 0}])
def test_rounds_that_cannot_be_meant_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadPlan):
        Rounds(**given)
