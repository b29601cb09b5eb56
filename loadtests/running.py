"""One run from the plan to the balance: settle, watch, load, look, reconcile; and leave nobody behind."""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtests import agreement, kept, lookup
from loadtests import rounds as turns
from loadtests.curve import Curve
from loadtests.load import load
from loadtests.measures import Call, Walk, Window
from loadtests.meter import Meter, Used
from loadtests.people import cast, settle
from loadtests.people.forget import guests
from loadtests.pictures import Pictures, costed, published
from loadtests.place import Place
from loadtests.profile import Profile
from loadtests.prometheus import NotMetered, Spent
from loadtests.reconcile import Balance, Told
from loadtests.rounds import Round
from loadtests.stretch import Disturb, Scene, Stretch
from loadtests.teams.crowd import Crowd
from loadtests.teams.judge import Reached
from loadtests.watcher import TOPICS, Watcher


@dataclass
class Outcome:
    """Everything a report is made of. `core_s`, `gpu_s`: from the first arrival to the end, None: not metered;
    `metering`: what is to be said of how they were. `clocks_apart_s`: at least (`agreement`), None on one machine;
    `malformed`: records on the topics that are no events."""

    profile: Profile
    calls: list[Call]
    walks: list[Walk]
    balance: Balance
    delays: list[tuple[str, float]]
    began_at: float
    ended_at: float
    core_s: float | None
    memory: list[tuple[float, int]]
    told: list[Told]
    load_before: float
    windows: list[Window]
    stage_core_s: dict[str, float] = field(default_factory=dict)
    rest_cores: float | None = None
    gpu_s: float | None = None
    pictures: Pictures = field(default_factory=Pictures)
    metering: tuple[str, ...] = ()
    teams: list[Reached] = field(default_factory=list)
    parts: dict[str, Used] = field(default_factory=dict)
    chaos: list[dict[str, Any]] = field(default_factory=list)
    planned: int = 0
    rounds: list[Round] = field(default_factory=list)
    clocks_apart_s: float | None = None
    malformed: int = 0


def run(
    profile: Profile,
    place: Place,
    folder: Path,
    say: Callable[[str], None],
    *,
    disturb: Disturb | None = None,
    slack_s: Mapping[str, float] | None = None,
    grace_s: float = 1.0,
    master_port: int | None = None,
) -> Outcome:
    """Raises LoadFailed, NotSettled, SemblanceError. Its people at a place that is not ours are erased once
    all was looked at, or nothing came of it. `disturb`: chaos during the load, told the folder and the round.
    `master_port`: workers come from elsewhere to this port; otherwise they are started here."""
    load_before, started_s = os.getloadavg()[0], time.monotonic()
    faces = cast.cast(profile.people.ready + profile.people.faces)
    teams = Crowd(profile.teams, place.team, str(int(time.time())))
    with ExitStack() as stack:
        # First in, so last out: nothing is looked at any more when they go.
        joined = stack.enter_context(guests(place.url, folder, say)) if place.layout is None else lambda _: None
        roster = settle.settled(place.url, profile.people, faces, cast.photos, say, joined=joined)
        also = [topic for topic in profile.teams.topics if profile.teams.count and topic not in TOPICS]
        watcher = stack.enter_context(Watcher(place.broker(), (*TOPICS, *also)))
        stack.enter_context(teams)
        scene = Scene(
            lambda plan, into, last_s: load(plan, place.url, into, last_s, master_port),
            functools.partial(lookup.jobs_of, place.url),
            roster, watcher, say, disturb, slack_s or {}, grace_s,
        )  # fmt: skip
        scene.begin()
        meter = stack.enter_context(Meter(place.layout)) if place.layout is not None else None
        rested_at = time.time()
        time.sleep(profile.rest_s)
        rest = (rested_at, time.time())
        found, rounds, balance = _loaded(scene, profile, folder, lambda: time.monotonic() - started_s)
        ended_at = time.time()
        heard = dict(watcher.heard)
        if not teams.catch_up(heard, profile.settle_s):
            say("a team had not come to the end of the topics")
        told, began_at = scene.told(scene.first), found[0].began_at
        entries = [entry for each in found for entry in each.entries]
        with kept.Reader(place.url) as read:
            kept.look(balance, kept.readable(entries, told), roster.ready, read)
    (folder / "events.jsonl").write_text("".join(json.dumps(asdict(each)) + "\n" for each in told))
    windows = [window for each in found for window in each.windows]
    spent, unmetered = _spent(meter, place, rested_at, ended_at)
    cores, rest_cores = (spent.cores, spent.cores.rate(*rest)) if spent else (None, None)
    gpus = spent.gpus if spent else None
    return Outcome(
        profile=profile,
        calls=[call for each in found for call in each.calls],
        walks=[walk for each in found for walk in each.walks],
        balance=balance,
        delays=list(watcher.delays),
        began_at=began_at,
        ended_at=ended_at,
        core_s=cores.between(began_at, ended_at) if cores else None,
        memory=[(each.at - began_at, each.resident) for each in meter.samples] if meter else [],
        told=told,
        load_before=load_before,
        windows=windows,
        stage_core_s=_stages(cores, windows, began_at) if cores else {},
        rest_cores=rest_cores,
        gpu_s=gpus.between(began_at, ended_at) if gpus else None,
        pictures=costed(published(told, began_at), began_at, cores, gpus, rest_cores),
        metering=(*(spent.said if spent else ()), *unmetered),
        teams=teams.reached(heard, entries, slack_s or {}),
        parts=meter.used(rest, (began_at, _promised(profile, began_at, ended_at))) if meter else {},
        chaos=[act for each in found for act in each.chaos],
        planned=sum(each.planned for each in found),
        rounds=rounds,
        clocks_apart_s=agreement.apart_s(entries, told, slack_s or {}) if place.layout is None else None,
        malformed=scene.malformed(),
    )


def _spent(
    meter: Meter | None,
    place: Place,
    start: float,
    end: float,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> tuple[Spent | None, tuple[str, ...]]:
    """What this machine or the platform's Prometheus counted, None if nobody did, and why one that was asked did not:
    what was walked is not lost with it, and an objective about what is used is not met without it."""
    if meter is not None:
        return Spent(meter.curve(), None), ()
    try:
        return (place.prometheus.spent(start, end, sleep=sleep) if place.prometheus else None), ()
    except NotMetered as e:
        return None, (str(e),)


def _loaded(
    scene: Scene, profile: Profile, folder: Path, spent_s: Callable[[], float]
) -> tuple[list[Stretch], list[Round], Balance]:
    """One stretch, or the rounds as stages of one run."""
    if profile.rounds is None:
        once = scene.stretch(profile, folder)
        return [once], [], once.balance
    found, rounds, balance = turns.again(scene, profile, profile.rounds, folder, spent_s)
    began_at = found[0].began_at
    return [each.of_round(row.number, began_at) for each, row in zip(found, rounds, strict=True)], rounds, balance


def _promised(profile: Profile, began_at: float, ended_at: float) -> float:
    """When the load that is promised was over, in Unix time: what is asked of a cluster is held against no more."""
    promised_s = profile.promised_s()
    return ended_at if promised_s is None else began_at + promised_s


def _stages(cores: Curve, windows: list[Window], began_at: float) -> dict[str, float]:
    found = [(w.stage, began_at + w.began, w.seconds) for w in windows]
    return {stage: round(cores.between(start, start + seconds), 2) for stage, start, seconds in found}
