"""The page in docs/benchmarks, and the words that both pages share."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loadtests.origin import NOT_RECORDED

TEAM = (
    "other team", "topics", "ms over an event", "events, each with one effect", "came again", "jobs of the ledger heard of",
    "lost", "doubled", "out of order", "malformed", "behind at the end", "clients anew",
    "s from the event's time, p50", "p95", "p99", "longest",
)  # fmt: skip


def publish(row: dict[str, Any], docs: Path) -> None:
    """load.md and load.json, in which the profiles that were run before stay."""
    docs.mkdir(parents=True, exist_ok=True)
    path = docs / "load.json"
    kept = json.loads(path.read_text())["profiles"] if path.exists() else {}
    profiles = dict(sorted((kept | {row["profile"]: row}).items()))
    goals = [
        {
            "goal": f"{name}: {g['goal']}",
            "target": g["target"],
            "value": g["value"],
            "spread": spread(g),
            "met": g["met"],
        }
        for name, each in profiles.items()
        for g in each["goals"]
    ]
    text = markdown(profiles)  # first: what cannot be shown is not kept either, or no later run could be published
    path.write_text(json.dumps({"name": "load", "goals": goals, "profiles": profiles}, indent=1) + "\n")
    (docs / "load.md").write_text(text)


def spread(goal: dict[str, Any]) -> str:
    """How far the value may be off; of a run from before it was kept, of how many values it is."""
    of = f"of {goal['count']}" if goal["count"] else ""
    return str(goal["spread"]) if "spread" in goal else of


def markdown(profiles: dict[str, dict[str, Any]]) -> str:
    """The page in docs/benchmarks."""
    verdicts = "\n".join(
        f"| [{name}](#{name}) | {' | '.join(made(row))} | {row['arrivals']} | {row['seconds']} | {sum(g['met'] for g in row['goals'])} of {len(row['goals'])} | {'yes' if row['passed'] else '**no**'} |"
        for name, row in profiles.items()
    )
    return f"""# Load, with a verdict

Written by `make loadtest`, each profile by its own run ([how, and what it does not do](../../loadtests/README.md)). Arrival
times are made beforehand and latency counts from the intended arrival, so a slow platform cannot slow its own load.
Percentiles are order statistics. Spreads are of one run: for a percentile or a share the 95 % interval of its values as if
each came alone, for rounds from round to round, for what is used from part to part; counts are exact. The load generator shares the
machine. Adapters are learnt in few steps (`LEAN` of the tests): the way of the bytes is measured, not the likeness. A run is judged by
the objectives of its own commit: what is asked since is missing in older ones.

| profile | day (UTC) | commit | arrivals | seconds | objectives met | verdict |
|---|---|---|---|---|---|---|
{verdicts}

{"".join(section(row) for row in profiles.values())}"""


def made(row: dict[str, Any]) -> tuple[str, str]:
    """(day, commit of the code that ran) of a run."""
    return str(row.get("day", NOT_RECORDED)), str(row.get("commit", NOT_RECORDED))


def command(name: str) -> str:
    """What a run's name says of how it was begun."""
    for end, more in (("-chaos", " CHAOS=1"), ("-replay", " TRACE=FILE")):
        if name.endswith(end):
            return command(name.removesuffix(end)) + more
    return name


def section(row: dict[str, Any]) -> str:
    """One profile's run."""
    goals = "\n".join(
        f"| {g['goal']} | {g['target']} | {value(g)} | {spread(g)} | {g['count'] or ''} | {'yes' if g['met'] else '**no**'} |"
        for g in row["goals"]
    )
    routes = "\n".join(
        f"| {n} | {' | '.join(map(str, shape(s)))} | {s['availability']} |" for n, s in row["routes"].items()
    )
    marks = "\n".join(f"| {n} | {' | '.join(map(str, shape(s)))} |" for n, s in row["marks"].items())
    events = "\n".join(f"| {n} | {' | '.join(map(str, shape(s)))} |" for n, s in row["events"].items())
    stages = "\n".join(
        f"| {s['stage']} | {s['offered_per_s']} | {s['answered_per_s']} | {s['ok']} | {s['p95_s']} | {s['open']} | {s.get('law_per_s', '')} | {s['core_s']} | {s.get('held', '')} |"
        for s in row["stages"]
    )
    balance = "\n".join(f"| {name} | {count} |" for name, count in row["balance"].items())
    capacity = "\n".join(f"| {name} | {value} |" for name, value in flat(row["capacity"]))
    day, commit = made(row)
    return f"""## {row["profile"]}

`make loadtest PROFILE={command(row["profile"])}` on {row["cores"]} cores, one-minute load {
        row["load_before"]
    } before and {row["load_after"]} after: {row["arrivals"]} arrivals in {row["seconds"]} s. Day (UTC): {
        day
    }; commit: {commit}.

| objective | target | value | spread | of | met |
|---|---|---|---|---|---|
{goals}

| the ledger looked at | |
|---|---|
{balance}

| waited for, s from the intended arrival | times | p50 | p95 | p99 |
|---|---|---|---|---|
{marks}

| route, s from the due time | calls | p50 | p95 | p99 | right |
|---|---|---|---|---|---|
{routes}

| topic, s from the producer's time to a consumer's | events | p50 | p95 | p99 |
|---|---|---|---|---|
{events}

| stage | offered/s | answered/s | right | p95 s | under way | the law says answered/s | core-s | held |
|---|---|---|---|---|---|---|---|---|
{stages}

| capacity | |
|---|---|
{capacity}
{teams(row)}{broken(row)}"""


def teams(row: dict[str, Any]) -> str:
    """A row a team that read along."""
    if not row.get("teams"):
        return ""
    lines = "".join("| " + " | ".join(map(str, team(each))) + " |\n" for each in row["teams"])
    return f"""
| {" | ".join(TEAM)} |
|{"---|" * len(TEAM)}
{lines}"""


def team(each: dict[str, Any]) -> tuple[object, ...]:
    """A team's cells below TEAM."""
    faults, delay = each["faults"], each["delay_s"]
    return (
        each["team"], each["topics"], f"{each['pause_ms']:g}", each["events"], each["again"],
        f"{each['told']} of {each['promised']}", *(faults[kind] for kind in ("lost", "doubled", "out-of-order")),
        faults["malformed"], each["behind"], each["away"], *(delay.get(q, "") for q in ("p50", "p95", "p99", "max")),
    )  # fmt: skip


def broken(row: dict[str, Any]) -> str:
    """What was broken: act by act, or round by round and by kind."""
    if row.get("rounds"):
        return f"""
| round | arrivals | accepted | published | withdrawals | lost | doubled | unsafe | other faults | acts | all broken and whole again | back after s, at most | which was | s |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
{"".join(_round(each) for each in row["rounds"])}
| what | times | whole again after s, median | at most | which was |
|---|---|---|---|---|
{"".join(_kind(*each) for each in by_kind(row["chaos"]))}"""
    if not row["chaos"] and not row.get("chaos_planned"):
        return ""
    acts = "".join("| " + " | ".join(map(str, act(c))) + " |\n" for c in row["chaos"])
    return f"""
{acts_done(row)}

| chaos, s | what | to | whole again after s | |
|---|---|---|---|---|
{acts}"""


def acts_done(row: dict[str, Any]) -> str:
    """How many of how many."""
    return f"Acts of chaos: {len(row['chaos'])}; planned: {row.get('chaos_planned', NOT_RECORDED)}."


def act(each: dict[str, Any]) -> tuple[object, ...]:
    """An act's cells. Of one that was not survived it is not said after how long it was."""
    back = each["back_after_s"] if each.get("whole", True) else f"not after {each['back_after_s']:g}"
    late = "" if each.get("under_load", True) else "after the last arrival"
    notes = ", ".join(filter(None, [str(each.get("note", "")), late]))
    return each["at_s"], each["what"], each["target"], back, notes


def by_kind(acts: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """(kind, its acts, the quickest first)."""
    kinds = sorted({act["what"] for act in acts})
    return [
        (kind, sorted((a for a in acts if a["what"] == kind), key=lambda a: float(a["back_after_s"]))) for kind in kinds
    ]


def _round(each: dict[str, Any]) -> str:
    acts = f"{each['acts']} of {each['planned']}" if each.get("planned") else each["acts"]
    other = sum(each["faults"].values()) - sum(each["faults"][kind] for kind in ("lost", "doubled", "unsafe"))
    return (
        f"| {each['number']} | {each['arrivals']} | {each['accepted']} | {each['published']} | {each['withdrawals']} "
        f"| {each['faults']['lost']} | {each['faults']['doubled']} | {each['faults']['unsafe']} | {other} "
        f"| {acts} | {'yes' if each['finished'] else '**no**'} | {each['back_after_s']} | {each['back_after']} "
        f"| {each['seconds']} |\n"
    )


def _kind(kind: str, acts: list[dict[str, Any]]) -> str:
    middle, last = acts[(len(acts) - 1) // 2], acts[-1]
    return f"| {kind} | {len(acts)} | {middle['back_after_s']} | {last['back_after_s']} | {last['target']} |\n"


def flat(row: dict[str, Any]) -> list[tuple[str, object]]:
    """(name, value), one level deep."""
    found: list[tuple[str, object]] = []
    for name, value in row.items():
        if isinstance(value, dict):
            found += [(f"{name}: {inner}", each) for inner, each in value.items()]
        else:
            found.append((name.replace("_", " "), round(value, 4) if isinstance(value, float) else value))
    return found


def shape(s: dict[str, Any]) -> tuple[object, ...]:
    """Count and percentiles, "" for what is not there."""
    return (s["count"], *(s.get(q, "") for q in ("p50", "p95", "p99")))


def words(counted: dict[str, int]) -> str:
    """What was counted, in a cell."""
    return ", ".join(f"{word} {count}" for word, count in counted.items())


def value(goal: dict[str, Any]) -> str:
    """A measured value, or that there was nothing to measure."""
    return "never happened" if goal["value"] == -1.0 else f"{goal['value']:g}"
