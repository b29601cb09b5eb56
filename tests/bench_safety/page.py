"""docs/benchmarks/safety.md."""

# ruff: noqa: E501 - lines of the page

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def page(row: Row) -> str:
    """Everything on one page."""
    like, consent, faults, index, cost = (row[k] for k in ("likeness", "consent", "faults", "index", "cost"))
    return f"""# The likeness filter

Written by `make bench-safety`. {row["people"]} synthetic people of the seeds from {row["seeds_from"]}, whom no threshold was chosen
on, each with a sibling; templates are of photos that are used for nothing else. Nobody is real, and rates for real faces must be
measured anew. Spread: the distance of the exact 95 % bound on the bad side; for times that of the 90th percentile or the quartile.

{_table(("goal", "target", "value", "spread", "met"), [_goal(g) for g in row["goals"]])}

## Missed likenesses and wrong blocks

Somebody else's face of 32 to 96 px in a person's own photo of 512 px, in eleven disguises; and people's own photos.

| | let out |
|---|---|
| the other is enrolled (faces of 48 px and more) | {_rate(like["missed"])} |
| nobody knows the other | {_rate(like["missed_of_nobody_known"])} |
| the other is enrolled, and unknown faces may pass (`SAFETY_UNKNOWN_FACES=allow`) | {_rate(like["missed_if_unknown_faces_may_pass"])} |
| **own photos blocked** | {_rate(like["wrong_blocks"])} |
| own pictures left to an operator | {_rate(like["doubts"])} |

A face of nobody known is stopped by `own_floor` alone ({like["shipped"]["own_floor"]}): it says "like the subject", and strangers are, now and then.

![Rates by own_floor](safety-floor.png)

| own pictures blocked | |
|---|---|
{_lines(like["wrong_blocks_by_style"])}
{_lines({f"photo, turned {k} degrees": v for k, v in like["wrong_blocks_by_turn"].items()})}

| let out if unknown faces may pass, by width in px | |
|---|---|
{_lines(like["missed_by_size_px"])}

![By disguise](safety-disguises.png)

How many faces are found, by disguise and size, and what the thorough way finds more: [safety-faces.md](safety-faces.md).
It changes {len(row["faces"]["differ"])} of {row["faces"]["compared"]} verdicts{_list(row["faces"]["differ"])}.

## The consent suite

Attempts to get a picture of somebody who did not agree. Missed: let out; for prompts: passed.

| attempt | missed | left to an operator |
|---|---|---|
{_attempts(consent)}

Not counted above: a sibling who has no account passes as their sibling in {_rate(consent["siblings_without_account"])}.
Nothing that is known can tell them apart but the person's own templates.

## Faults

{faults["injections"]} looks were disturbed in {faults["kinds_of_fault"]} ways (services/safety's own queue, database, sealed objects and identity as real
processes; every look in a process that is forked for it, killed ones by SIGKILL at a random moment). Unsafe: a picture of
somebody else was let out, or any picture by a process that could not have looked properly. Unsafe {faults["unsafe"]}, told twice
{faults["doubled"]}, never decided {faults["undecided"]}.

| fault | times | killed | blocked in the end | let out after recovery | unsafe |
|---|---|---|---|---|---|
{_faults(faults["by_fault"])}

Without a fault: {_healthy(faults["healthy"])}. What a healthy service does not decide as it should is left out of the injections.

## Cost

One look at 1024 px with one face: {cost["median"]} ms of CPU (median of {cost["pictures"]}; 90 % below {cost["p90"]}; the median of each picture's
least of four {cost["least_of_rounds_median"]}), of which {_parts(cost["parts_median"])}. The thorough way: {row["faces"]["thorough_cpu_ms"]["median"]} ms.
Load of the machine afterwards: {row["load_1min"]}.

Search among {index["rows"]:,} rows: {index["index_ms"][1]} ms a face (quartiles {index["index_ms"][0]} to {index["index_ms"][2]}), brute force
{index["plain_ms"][1]} ms; {index["speed_up"][1]} times faster (quartiles {index["speed_up"][0]} to {index["speed_up"][2]}, {index["timed"]} questions, both in turn).
The same first row in {index["same_first"]} of {index["probes"]} questions. Filling {index["add_s"]} s, codes {index["codes_s"]} s, a removal at most
{index["slowest_removal_ms"]} ms, {index["bytes_a_row"]} bytes a row.
"""


def _goal(goal: Row) -> Sequence[str]:
    met = "yes" if goal["met"] else "**no**"
    return goal["goal"], goal["target"], str(goal["value"]), f"±{goal['spread']}", met


def _rate(rate: Row) -> str:
    if rate["rate"] is None:
        return "none tried"
    return f"{100 * rate['rate']:.1f} % ({rate['hits']} of {rate['of']}; {100 * rate['low_95']:.1f} to {100 * rate['high_95']:.1f} %)"


def _lines(rates: Mapping[str, Row]) -> str:
    return "\n".join(f"| {name} | {_rate(rate)} |" for name, rate in rates.items())


def _attempts(consent: Row) -> str:
    left = consent["left_to_an_operator"]
    return "\n".join(f"| {n} | {_rate(r)} | {left.get(n, '')} |" for n, r in consent["missed_by_kind"].items())


def _faults(by_fault: Mapping[str, Row]) -> str:
    keys = ("injections", "killed", "blocked", "allowed", "unsafe")
    return "\n".join(f"| {name} | {' | '.join(str(one.get(k, 0)) for k in keys)} |" for name, one in by_fault.items())


def _healthy(kinds: Mapping[str, Row]) -> str:
    return "; ".join(f"{kind}: {', '.join(f'{n} {said}' for said, n in ends.items())}" for kind, ends in kinds.items())


def _parts(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {ms}" for name, ms in parts.items())


def _list(names: Sequence[str]) -> str:
    return f" ({'; '.join(names)})" if names else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(head), "|".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"|{'' if k == 1 else ' '}{line}{'' if k == 1 else ' '}|" for k, line in enumerate(lines))
