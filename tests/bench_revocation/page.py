"""The measured numbers as a page for people."""

# ruff: noqa: E501 - a table's row is one line

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def page(row: dict[str, Any]) -> str:
    """Markdown."""
    goals = [
        f"| {g['goal']} | {g['target']} | {g['value']} | ±{g['spread']} | {'yes' if g['met'] else '**no**'} |"
        for g in row["goals"]
    ]
    shapes = [
        _shape("call to last moment", row["from_call_s"]),
        _shape("call's return to last moment", row["from_return_s"]),
        *(_shape(f"... {name} alone, from the call", found) for name, found in row["by_station_from_call_s"].items()),
        _shape("the call itself", row["call_s"]),
    ]
    after = [
        f"| {name} | {row['attempts'][name]} | {row['made'][name]} | {sum(found.values())} | {found.get('made', 0)} | {_words(found)} |"
        for name, found in row["after_deadline"].items()
    ]
    hard = [
        f"| {h['name']} | {h['withdrawals']} | {h['from_call_s'].get('p50')} / {h['from_call_s'].get('max')} | {h['from_return_s'].get('max')} | {h['call_s'].get('max')} | {h['made_after_deadline']['provenance']} and {h['published_after_deadline_by_topic']} of {sum(h['tried_after_deadline'].values())} |"
        for h in row["hard"]
    ]
    return f"""# Taking it back: how long could anything still be made?

Written by `make bench-revocation` on {row["cores"]} cores with a one-minute load of {row["load_1min"]} when it ended (nice {row.get("nice", 0)}):
the benchmark's own processes and whatever else ran. {row["withdrawals"]} withdrawals, one every half second,
among {row["people"]} people with a consent each and a sealed adapter each in memory. Percentiles are order statistics; the
spread is half a 95 % bootstrap interval. Times include being off the processor between an answer and the look at the clock.

| goal | target | value | spread | met |
|---|---|---|---|---|
{chr(10).join(goals)}

The last moment is the later of two, over all four services: when the service's consent view last said yes (asked of everybody
who is being withdrawn, every 10 ms, more seldom when busy), and when the last attempt ended that made something. The call is
identity's `RevokeConsent`, which returns once identity's own view of the topic has the event. The deadline is a second after the return.

| seconds | count | p50 | p90 | p99 | max |
|---|---|---|---|---|---|
{chr(10).join(shapes)}

![Histogram](revocation.png)

| attempts at | in all | made | after the deadline | made then | how they ended then |
|---|---|---|---|---|---|
{chr(10).join(after)}

"Made" is let in (gateway), sealed in quarantine (generation), allowed (safety), published (provenance): only the last one is
out. What was let in or drawn late was on its way when the processor was taken from it; the next looks stop it.
`provenance.manifest.v1`, read afterwards as anybody may, holds {row["published_in_all"]} pictures; {row["published_after_deadline_by_topic"]} of them were published after their
person's deadline.

## Hard days

| | withdrawals | call to last moment, median / longest, s | from the return, longest, s | longest call, s | published after the deadline, by attempts and by topic |
|---|---|---|---|---|---|
{chr(10).join(hard)}

A paused service (SIGSTOP, as a machine's pause) waits, when it goes on, for news of consents that are at most a second old, or
that it asked for since. With the broker away nobody gets such news, so nothing goes out; the call waits for the broker, and
answers `revocation-not-told` after five seconds (the consent has ended all the same; asking again is the way).
A step between the last look and the database's commit can still be paused: the looks are within the committing transaction.

## What an attempt is

| at | real | standing in |
|---|---|---|
| gateway | `create_image` of the gateway's main, its jobs in SQLite | training and generation behind it say yes; HTTP and tokens are left out |
| generation | `create_image`, queue, worker, `render_image`: adapter from the shelf, a look between eight steps, sealed pixels put into quarantine, settled | the engine sleeps 15 ms a step and returns 64 px of noise; prompt filter and training say yes, nobody edits a picture |
| safety | a picture in quarantine, queue, worker, `examine` and `decide` | the face models see the person's own face and nothing bare |
| provenance | a picture in quarantine, queue, worker, watermark, C2PA signature, read back, published, quarantine cleared | nothing |

All four are put together by their mains and run their consumers, relay and workers as their processes do, over one Tansu broker that keeps its log in SeaweedFS;
rendered pictures also go the whole way to a publication by themselves. Identity is the service's own process. Consents
and adapters are put on their topics, and it takes the consents over as after a restore: nobody opted in before a camera here. Not run: ingest, training,
HTTP, PostgreSQL, Kafka, several machines (whose clocks do not matter: nothing here compares clocks of two machines).
"""


def _shape(name: str, found: Mapping[str, Any]) -> str:
    return f"| {name} | {found['count']} | {found.get('p50')} | {found.get('p90')} | {found.get('p99')} | {found.get('max')} |"


def _words(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {count}" for word, count in counted.items())
