"""The summary holds what was measured, the comparison says better and worse, the page keeps the profiles before."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtests import arrivals, measures, origin, place, profile, slo
from loadtests.curve import Curve
from loadtests.measures import Call, Walk, Window
from loadtests.pictures import Pictures, costed, published
from loadtests.reconcile import FAULTS, Balance, Fault, Told
from loadtests.report import again, compare, document, summary
from loadtests.report.__main__ import main as published_by
from loadtests.rounds import Round
from loadtests.running import Outcome
from loadtests.teams.judge import Reached
from loadtests.verdict import judged


def publications() -> list[Told]:
    """Fifty pictures, the last 20 s after the run began; one is said twice."""
    row = Told("", "provenance.manifest.v1", "ImagePublished", "provenance", 0.0, 0.0, "", "who", "consent")
    times = [1000.4 + 0.4 * k for k in range(49)] + [1020.0, 1020.3]
    return [replace(row, event_id=str(n), at=at, thing_id=f"image-{min(n, 49)}") for n, at in enumerate(times)]


def outcome(slow_s: float = 0.1, faults: tuple[Fault, ...] = ()) -> Outcome:
    walks = [
        Walk("generate", "steady", k / 2, k / 2 + 0.01, k / 2 + 2, "done", marks={"picture": 1.5}) for k in range(50)
    ]
    calls = [
        Call("POST /v1/images", "generate", w.stage, w.due, w.started, w.due + slow_s * (1 + k), 202, True)
        for k, w in enumerate(walks)
    ]
    told, cores = publications(), Curve(((990.0, 0.0), (1000.0, 5.0), (1030.0, 45.0)))
    return Outcome(
        profile=profile.read("smoke"),
        calls=calls,
        walks=[*walks, Walk("browse", "spike", 25.0, 25.0, 25.1, "failed", "GET /v1/me: 503")],
        balance=Balance(list(faults), {"accepted": 50, "events": 200, "pictures published": 50}),
        delays=[("generation.image.v1", 0.2)] * 5,
        began_at=1000.0,
        ended_at=1030.0,
        core_s=40.0,
        memory=[(float(s), 1000 * 2**20 + s * 2**20) for s in range(30)],
        told=told,
        load_before=0.5,
        windows=profile.read("smoke").windows(),
        stage_core_s={"steady": 7.5},
        rest_cores=0.5,
        pictures=costed(published(told, 1000.0), 1000.0, cores, None, 0.5),
    )


def row_of(found: Outcome) -> dict[str, Any]:
    return summary.summary(found, judged(slo.read(found.profile.slo), found))


def test_a_summary_is_json_and_holds_what_was_measured() -> None:
    row = json.loads(json.dumps(row_of(outcome())))
    assert row["routes"]["POST /v1/images"]["count"] == 50
    assert row["marks"]["picture"]["p50"] == 1.5
    assert row["why_failed"] == {"GET /v1/me: 503": 1}
    assert row["stages"][0]["core_s"] == 7.5
    assert {stage["held"] for stage in row["stages"]} == {"to everything"}
    spent = 40 * 20 / 30  # until the last publication, not to the run's end
    assert row["capacity"]["core_s_per_picture_beyond_rest"] == pytest.approx((spent - 0.5 * 20) / 50, abs=1e-4)
    assert (row["capacity"]["pictures"], row["capacity"]["core_s_until_then"]) == (50, round(spent, 1))
    assert row["capacity"]["most_answered_per_s"] == max(stage["answered_per_s"] for stage in row["stages"]) > 0
    assert row["memory_mb"]["growth"] == pytest.approx(0.027, abs=0.002)
    assert row["capacity"]["per_1000_pictures"] == pytest.approx(1000 * spent * 0.04 / 3600 / 50)


def test_what_a_price_was_paid_for_and_nobody_counted_is_said() -> None:
    dear = replace(profile.read("smoke"), price={"core_hour": 0.04, "gpu_hour": 2.0})
    row = row_of(replace(outcome(), profile=dear))
    assert row["capacity"]["per_1000_pictures"] == row["capacity"]["gpu_s"] == "not metered"
    assert row["capacity"]["metering"].startswith("not metered: GPUs")
    assert "not metered: GPUs" in document.section(row)
    assert "cost of 1,000 pictures" not in {change.what for change in compare.changes(row, None)}
    metered = outcome()
    with_gpu = replace(metered.pictures, gpu_s=36.0)
    row = row_of(replace(metered, profile=dear, gpu_s=40.0, pictures=with_gpu))
    cost = 1000 * (with_gpu.core_s * 0.04 + 36 * 2) / 3600 / 50
    assert row["capacity"]["per_1000_pictures"] == pytest.approx(cost)
    nothing = row_of(replace(metered, core_s=None, pictures=Pictures(published=50)))
    assert nothing["capacity"]["metering"].startswith("not metered: processors")


def test_every_published_goal_says_how_far_it_may_be_off() -> None:
    goals = {goal["goal"]: goal for goal in row_of(outcome())["goals"]}
    assert goals["lost"]["spread"] == "exact"
    low, high = map(float, goals["POST /v1/images, p95, s"]["spread"].replace("more than ", "").split(" to "))
    assert low < goals["POST /v1/images, p95, s"]["value"] <= high
    assert goals["GET /v1/me, p50, s"] | {"spread": "", "count": 0, "value": -1.0} == goals["GET /v1/me, p50, s"]
    strict = replace(slo.read(outcome().profile.slo), core_s_per_picture=1.0, memory_growth=0.5)
    spreads = {finding.goal: finding.spread for finding in judged(strict, outcome())}
    assert spreads["core-s a picture, beyond rest"].endswith("over 10 parts of the run with as many pictures each")
    assert spreads["growth of memory"].endswith("from look to look")
    old = {name: text for name, text in goals["lost"].items() if name != "spread"}
    assert document.spread(old) == ""
    assert document.spread(old | {"count": 7}) == "of 7"


def test_a_ceiling_that_was_never_near_or_was_beaten_is_no_forecast() -> None:
    assert summary.forecast(20.0, 12.0, None).startswith("no: nothing saturated")
    assert summary.forecast(67.9, 75.4, "spike") == "no: more was answered, 75.4 a second"
    assert summary.forecast(80.0, 75.4, "spike").startswith("yes")
    assert summary.forecast(None, 75.4, "spike").startswith("yes")


def test_rounds_are_shown_by_round_and_their_acts_by_kind() -> None:
    acts = [
        {
            "at_s": k,
            "what": what,
            "target": target,
            "back_after_s": back,
            "whole": True,
            "note": "",
            "round": 1,
            "hit": True,
            "under_load": True,
        }
        for k, (what, target, back) in enumerate([("kill", "a", 9.0), ("kill", "b+c", 30.0), ("cut", "a>b", 5.0)])
    ]
    faults = dict.fromkeys(FAULTS, 0) | {"doubled": 1, "untrue": 2}
    one = Round(1, False, 200.5, 3, 160, 60, 30, 1, faults, 30.0, "kill b+c")
    found = replace(outcome(), profile=profile.read("rounds"), chaos=acts, planned=4, rounds=[one])
    row = json.loads(json.dumps(row_of(found)))
    page = document.section(row)
    assert "| 1 | 160 | 60 | 30 | 1 | 0 | 1 | 0 | 2 | 3 | **no** | 30.0 | kill b+c | 200.5 |" in page
    assert "| kill | 2 | 9.0 | 30.0 | b+c |" in page
    assert "| cut | 1 | 5.0 | 5.0 | a>b |" in page
    assert row["capacity"]["usl"] == {"not_fitted": "things were broken meanwhile"}
    [goal] = [goal for goal in row["goals"] if goal["goal"] == "10 rounds of chaos: lost + doubled + unsafe"]
    assert (goal["value"], goal["count"], goal["met"]) == (1, 0, False)
    alone = document.section(row | {"rounds": []})
    assert "| 1 | kill | b+c | 30.0 |  |" in alone
    assert "Acts of chaos: 3; planned: 4." in alone
    assert "planned: not recorded." in document.section(
        {k: v for k, v in row.items() if k != "chaos_planned"} | {"rounds": []}
    )
    fallen = acts[0] | {"whole": False, "back_after_s": 181.4, "under_load": False}
    assert "| 0 | kill | a | not after 181.4 | after the last arrival |" in document.section(
        row | {"rounds": [], "chaos": [fallen]}
    )
    assert not {goal["goal"]: goal["met"] for goal in row["goals"]}["acts of chaos that were done"]


def test_the_law_is_shown_beside_what_it_was_fitted_to() -> None:
    row = row_of(replace(outcome(), windows=[Window(f"{5 * k} s", 5.0 * k, 5.0) for k in range(5)]))
    assert set(row["capacity"]["usl"]) >= {"contention", "coherency", "median_error", "a_forecast"}
    assert all(stage["law_per_s"] > 0 for stage in row["stages"] if stage["open"])
    assert "the law says answered/s" in document.section(row)
    assert row["capacity"]["degrades"] == "" or "of the most" in row["capacity"]["degrades"]


def test_the_verdict_names_what_is_unmet_first_and_the_faults() -> None:
    lines = summary.verdict(row_of(outcome(faults=(Fault("lost", "image-9", "gone"),))))
    assert lines[0].startswith("UNMET")
    assert any(line == "fault lost: image-9: gone" for line in lines)
    assert lines[-1].startswith("VERDICT: no")


def test_what_is_no_event_and_clocks_that_are_apart_are_no() -> None:
    def unmet(**more: Any) -> set[str]:
        found = replace(outcome(), **more)
        return {goal.goal for goal in judged(slo.read(found.profile.slo), found) if not goal.met} - before

    before: set[str] = set()
    before = unmet()
    assert unmet(malformed=1) == {"records on the topics that are no events"}
    assert unmet(clocks_apart_s=0.4) == set()
    assert unmet(clocks_apart_s=1.2) == {"s that the workers' clocks and the platform's are proven to be apart"}


def test_what_got_slower_is_worse_and_noise_is_not() -> None:
    before, now = row_of(outcome(0.1)), row_of(outcome(0.2))
    words = {c.what: c.word for c in compare.changes(now, before)}
    assert words["POST /v1/images, p50, s"] == "worse"
    assert words["picture, p50, s"] == "same"
    words = {c.what: c.word for c in compare.changes(before, now)}
    assert words["POST /v1/images, p50, s"] == "better"
    assert {c.word for c in compare.changes(now, None)} == {"new"}


def test_what_the_platform_wrote_is_kept_beside_the_report(tmp_path: Path) -> None:
    place.keep_logs(tmp_path / "never started", tmp_path / "none")
    data = tmp_path / "data"
    logs = "logs/platform.jsonl", "logs/platform.jsonl.1", "logs/broker.log", "store/weed.log"
    for log in (*logs, "store/volume.dat"):
        (data / log).parent.mkdir(parents=True, exist_ok=True)
        (data / log).write_text(log)
    place.keep_logs(data, tmp_path / "kept")
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert kept == {"platform.jsonl", "platform.jsonl.1", "broker.log", "weed.log"}


def test_a_run_is_compared_with_the_last_one_that_was_alike(tmp_path: Path) -> None:
    """Not with a replay, or a run of another trace, plan or place; what cannot be read is left out."""
    smoke = profile.read("smoke")
    arrivals.write(smoke.plan()[::2], tmp_path / "a.jsonl")
    arrivals.write(smoke.plan()[::3], tmp_path / "b.jsonl")
    one, other = (smoke.replaying(tmp_path / name, 1.0, 1) for name in ("a.jsonl", "b.jsonl"))
    runs = [
        ("smoke-20260101T000000Z", smoke, ""), ("smoke-20260102T000000Z", smoke, ""),
        ("smoke-20260103T000000Z", smoke, "http://staging"), ("smoke-20260104T000000Z", replace(smoke, seed=9), ""),
        ("smoke-replay-20260104T000000Z", one, ""), ("smoke-replay-20260105T000000Z", other, ""),
        ("smoke-20260109T000000Z", smoke, ""), ("somewhere", smoke, ""),
    ]  # fmt: skip
    for name, of, place_of_it in runs:
        (tmp_path / name).mkdir()
        summary.write({"of": name, "alike": compare.alike(place_of_it, of)}, tmp_path / name)
    for name, text in (("smoke-20260105T000000Z", '{"of": "cut o'), ("smoke-20260106T000000Z", '{"of": "old"}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(text)
    now = tmp_path / "smoke-20260109T000000Z"
    for of, found in ((smoke, "smoke-20260102T000000Z"), (one, "smoke-replay-20260104T000000Z")):
        before = compare.last(tmp_path, {"alike": compare.alike("", of)}, now)
        assert before is not None
        assert before["of"] == found
    assert compare.last(tmp_path, {"alike": compare.alike("", one.kept_in(now))}, now) == before
    assert compare.last(tmp_path, {"alike": compare.alike("http://other", smoke)}, now) is None


def test_the_page_keeps_the_profiles_that_were_run_before(tmp_path: Path) -> None:
    first, second = row_of(outcome()), row_of(outcome()) | {"profile": "soak"}
    document.publish(first, tmp_path)
    document.publish(second, tmp_path)
    goals = json.loads((tmp_path / "load.json").read_text())["goals"]
    assert {frozenset(goal) for goal in goals} == {frozenset({"goal", "target", "value", "spread", "met"})}
    text = (tmp_path / "load.md").read_text()
    assert "## smoke" in text
    assert "## soak" in text
    assert set(json.loads((tmp_path / "load.json").read_text())["profiles"]) == {"smoke", "soak"}


def test_a_page_says_of_which_day_and_code_each_run_is(tmp_path: Path) -> None:
    found = outcome()
    row = summary.summary(found, judged(slo.read(found.profile.slo), found), "abc1234")
    document.publish(row, tmp_path)
    old = {k: v for k, v in row.items() if k not in {"day", "commit"}} | {"profile": "soak"}
    document.publish(old, tmp_path)
    document.publish(again.completed(old | {"profile": "chaos"}, Path("out/chaos-20261128T160333Z")), tmp_path)
    text = (tmp_path / "load.md").read_text()
    assert "| [smoke](#smoke) | 1970-01-01 | abc1234 | 51 |" in text
    assert "| [soak](#soak) | not recorded | not recorded | 51 |" in text
    assert "| [chaos](#chaos) | 2026-11-28 | not recorded | 51 |" in text
    assert "Day (UTC): 2026-11-28; commit: not recorded." in text
    assert origin.day_of(tmp_path) == origin.commit(tmp_path) == "not recorded"
    assert re.fullmatch(r"[0-9a-f]{7,}( and changes)?", origin.commit())


def test_a_run_from_before_spreads_were_kept_gets_them_from_its_folder(tmp_path: Path) -> None:
    found = outcome()
    row = row_of(found)
    known = {goal["goal"]: goal["spread"] for goal in row["goals"]}
    old = row | {"goals": [{k: v for k, v in goal.items() if k != "spread"} for goal in row["goals"]]}
    (tmp_path / "round-01").mkdir()
    (tmp_path / "round-01" / "rows-0.jsonl").write_text("".join(map(measures.line, (*found.calls, *found.walks))))
    again_goals = again.completed(old, tmp_path)["goals"]
    assert {goal["goal"]: goal["spread"] for goal in again_goals} == known
    assert again.completed(row, tmp_path / "not looked at") is row


def test_a_run_of_the_first_format_is_published_and_what_is_none_spoils_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs, old, none = tmp_path / "docs", tmp_path / "smoke-20260101T000000Z", tmp_path / "none"
    old.mkdir()
    none.mkdir()
    row = row_of(outcome())
    since = {"day", "commit", "parts", "teams", "rounds", "chaos_planned"}
    first = {name: value for name, value in row.items() if name not in since}
    first["stages"] = [{k: v for k, v in each.items() if k not in {"held", "law_per_s"}} for each in row["stages"]]
    first["goals"] = [{k: v for k, v in goal.items() if k != "spread"} for goal in row["goals"]]
    (old / "summary.json").write_text(json.dumps(first))
    assert published_by(["--publish", str(docs), str(old)]) == 0
    page = (docs / "load.md").read_text()
    assert "| POST /v1/images, p95, s | <= 0.5 | 4.8 | not kept by this run | 50 |" in page  # its rows are gone
    assert "| lost | <= 0 | 0 | exact |" in page
    kept = (docs / "load.json").read_text()
    for text in ('{"profile": "soak", "goals": []}', "[]", '{"cut o'):
        (none / "summary.json").write_text(text)
        assert published_by(["--publish", str(docs), str(none)]) == 2
        assert "is not published" in capsys.readouterr().err
    assert ((docs / "load.json").read_text(), (docs / "load.md").read_text()) == (kept, page)


def test_a_team_is_a_row_and_its_faults_are_no() -> None:
    row = Reached("team 1", 10, 20.0, 120, 3, 50, 49, 0, 1, dict.fromkeys(("doubled", "out-of-order", "malformed"), 0)
                  | {"lost": 2}, {"count": 90, "p50": 0.2, "p95": 0.5, "p99": 0.8, "max": 0.9})  # fmt: skip
    written = json.loads(json.dumps(row_of(replace(outcome(), teams=[row]))))
    line = "| team 1 | 10 | 20 | 120 | 3 | 49 of 50 | 2 | 0 | 0 | 0 | 0 | 1 | 0.2 | 0.5 | 0.8 | 0.9 |"
    assert line in document.section(written)
    [goal] = [goal for goal in written["goals"] if "other teams" in goal["goal"]]
    assert (goal["value"], goal["count"], goal["met"]) == (2, 120, False)
    assert "other team" not in document.section(row_of(outcome()))
