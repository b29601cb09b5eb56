"""One run from the plan to the balance: settle, watch, load, look, reconcile."""

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

from loadtests import lookup
from loadtests import rounds as turns
from loadtests.load import load
from loadtests.measures import Call, Walk, Window
from loadtests.meter import Meter, Used
from loadtests.people import cast, settle
from loadtests.place import Place
from loadtests.profile import Profile
from loadtests.reconcile import Balance, Told
from loadtests.rounds import Round
from loadtests.stretch import Disturb, Scene, Stretch
from loadtests.watcher import Watcher


@dataclass
class Outcome:
    """Everything a report is made of."""

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
    parts: dict[str, Used] = field(default_factory=dict)
    chaos: list[dict[str, Any]] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)


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
    """Raises LoadFailed, NotSettled, SemblanceError. `disturb`: chaos during the load, told the folder and the round.
    `master_port`: workers come from elsewhere to this port; otherwise they are started here."""
    load_before, started_s = os.getloadavg()[0], time.monotonic()
    faces = cast.cast(profile.people.ready + profile.people.faces)
    roster = settle.settled(place.url, profile.people, faces, cast.photos, say)
    with ExitStack() as stack:
        watcher = stack.enter_context(Watcher(place.broker()))
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
        rest_cores = meter.cores(*rest) if meter else None
        found, rounds, balance = _loaded(scene, profile, folder, lambda: time.monotonic() - started_s)
        ended_at = time.time()
    told = scene.told(scene.first)
    (folder / "events.jsonl").write_text("".join(json.dumps(asdict(each)) + "\n" for each in told))
    began_at, windows = found[0].began_at, [window for each in found for window in each.windows]
    return Outcome(
        profile=profile,
        calls=[call for each in found for call in each.calls],
        walks=[walk for each in found for walk in each.walks],
        balance=balance,
        delays=list(watcher.delays),
        began_at=began_at,
        ended_at=ended_at,
        core_s=meter.core_s(began_at, ended_at) if meter else None,
        memory=[(each.at - began_at, each.resident) for each in meter.samples] if meter else [],
        told=told,
        load_before=load_before,
        windows=windows,
        stage_core_s=_stages(meter, windows, began_at) if meter else {},
        rest_cores=rest_cores,
        parts=meter.used(rest, (began_at, _promised(profile, began_at, ended_at))) if meter else {},
        chaos=[act for each in found for act in each.chaos],
        rounds=rounds,
    )


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


def _stages(meter: Meter, windows: list[Window], began_at: float) -> dict[str, float]:
    found = [(w.stage, began_at + w.began, w.seconds) for w in windows]
    return {stage: round(meter.core_s(start, start + seconds), 2) for stage, start, seconds in found}
