"""What reached each team, against the log as the watcher read it and against the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from loadtests import ledger, measures, reconcile
from loadtests.ledger import Entry
from loadtests.reconcile import DOUBLED, LOST, OUT_OF_ORDER, Fault
from loadtests.slo import Finding
from loadtests.teams.team import Arrived, Team
from loadtests.watcher import Heard
from semblance.contracts import registry

MALFORMED = "malformed"
_TOPIC_OF = {"photo": "ingest.photo.v1", "adapter": "training.adapter.v1", "image": "generation.image.v1"}


@dataclass(frozen=True)
class Reached:
    """A team's row. `events`: distinct ones, each with one effect; `again`: deliveries beyond the first, which the
    contract allows; `promised`: jobs of the ledger on its topics, `told`: those of which it heard; `behind`: events on
    the log that it had not come to; `delay_s`: from the event's time to its arrival; `away`: clients made anew."""

    team: str
    topics: int
    pause_ms: float
    events: int
    again: int
    promised: int
    told: int
    behind: int
    away: int
    faults: dict[str, int]
    delay_s: dict[str, float]
    examples: list[Fault] = field(default_factory=list)


def judged(team: Team, heard: Mapping[str, Heard], entries: Iterable[Entry], slack_s: Mapping[str, float]) -> Reached:
    """`heard`: what the watcher read on the team's topics and maybe others; `slack_s`: by how much a service's clock
    was set wrong on purpose."""
    reached, arrived = dict(team.reached), dict(team.first)  # in this order: it may be reading on
    missing = {i: each for i, each in heard.items() if each.topic in team.topics and i not in arrived}
    behind = {i for i, e in missing.items() if e.offset > reached.get((e.topic, e.partition), -1)}
    late = {missing[i].key for i in behind}
    promised = _promised(entries, team.topics)
    told = promised & {each.event.key for each in arrived.values()}
    faults = [
        *(Fault(LOST, e.key, f"{e.name} of {e.topic} never came") for i, e in missing.items()
          if i not in behind and not _superseded(e, arrived.values())),
        *(Fault(LOST, job, "promised, and nothing was heard of it") for job in sorted(promised - told - late)),
        *_doubled(arrived.values()),
        *_disordered(arrived.values(), slack_s),
        *(Fault(MALFORMED, f"{topic}[{part}]@{offset}", "breaks the contract")
          for topic, part, offset in sorted(team.malformed)),
    ]  # fmt: skip
    counted = Counter(fault.kind for fault in faults)
    return Reached(
        team.name, len(team.topics), 1000 * team.pause_s, len(arrived), team.again, len(promised), len(told),
        len(behind), team.away, {kind: counted[kind] for kind in (LOST, DOUBLED, OUT_OF_ORDER, MALFORMED)},
        measures.shape(team.delays()), faults[:20],
    )  # fmt: skip


def findings(rows: Sequence[Reached]) -> list[Finding]:
    """What every team is held to, and what those are that take no time over an event. None without a team."""
    if not rows:
        return []
    read, faults = sum(each.events for each in rows), sum(sum(each.faults.values()) for each in rows)
    prompt = [each for each in rows if not each.pause_ms]
    behind = sum(each.behind for each in prompt)
    found = [
        Finding(
            f"{len(rows)} other teams: lost + doubled + out of order + malformed", "= 0", faults,
            faults == 0 and all(each.events for each in rows), read,
        )
    ]  # fmt: skip
    if prompt:
        goal = "events at the end that a team without a pause had not come to"
        found.append(Finding(goal, "= 0", behind, behind == 0, sum(each.events for each in prompt)))
    return found


def rows(reached: Sequence[Reached]) -> list[dict[str, Any]]:
    """As JSON has them."""
    return [asdict(each) for each in reached]


def _promised(entries: Iterable[Entry], topics: Sequence[str]) -> set[str]:
    return {e.job_id for e in entries if e.what == ledger.ACCEPTED and _TOPIC_OF.get(e.kind) in topics}


def _superseded(heard: Heard, arrived: Iterable[Arrived]) -> bool:
    """A compacted topic keeps only the last event of a key."""
    return registry.TOPICS[heard.topic].compacted and any(
        (a.event.topic, a.event.key) == (heard.topic, heard.key) and a.offset > heard.offset for a in arrived
    )


def _doubled(arrived: Iterable[Arrived]) -> list[Fault]:
    """What is said once of a thing was said twice, under ids of its own, so that remembering ids does not help."""
    said = Counter((a.event.key, a.event.name) for a in arrived if a.event.name in reconcile.ONCE)
    return [
        Fault(DOUBLED, key, f"{name} came {n} times under different ids") for (key, name), n in said.items() if n > 1
    ]


def _disordered(arrived: Iterable[Arrived], slack_s: Mapping[str, float]) -> list[Fault]:
    """By key: later on the log and here before, or of an earlier time by the same producer's clock."""
    last: dict[tuple[str, str, str], Arrived] = {}
    faults = []
    for each in arrived:
        event = each.event
        before = last.get((event.topic, event.key, event.source))
        if before is not None and (
            each.offset < before.offset or event.at + slack_s.get(event.source, 0.0) < before.event.at
        ):
            faults.append(Fault(OUT_OF_ORDER, event.key, f"{event.name} came after {before.event.name}"))
        last[event.topic, event.key, event.source] = each
    return faults
