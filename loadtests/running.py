"""One run from the plan to the balance: settle, watch, load, look, reconcile."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from loadtests import arrivals, ledger, lookup, measures, reconcile
from loadtests.measures import Call, Walk
from loadtests.meter import Meter, Used
from loadtests.people import cast, settle
from loadtests.place import Place
from loadtests.profile import Profile
from loadtests.reconcile import Balance, Told
from loadtests.watcher import Watcher

_LOCUST_START_S = 60.0


class LoadFailed(RuntimeError):
    """The load itself did not come off; nothing can be judged."""


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
    stage_core_s: dict[str, float] = field(default_factory=dict)
    rest_cores: float | None = None
    parts: dict[str, Used] = field(default_factory=dict)
    chaos: list[dict[str, Any]] = field(default_factory=list)


def run(
    profile: Profile,
    place: Place,
    folder: Path,
    say: Callable[[str], None],
    *,
    disturb: Callable[[Path], contextlib.AbstractContextManager[list[dict[str, Any]]]] | None = None,
    slack_s: Mapping[str, float] | None = None,
    grace_s: float = 1.0,
    master_port: int | None = None,
) -> Outcome:
    """Raises LoadFailed, NotSettled, SemblanceError. `disturb`: chaos during the load, told the run's folder.
    `master_port`: workers come from elsewhere to this port; otherwise they are started here."""
    load_before = os.getloadavg()[0]
    faces = cast.cast(profile.people.ready + profile.people.faces)
    roster = settle.settled(place.url, profile.people, faces, cast.photos, say)
    roster.write(folder / "roster.json")
    plan = profile.plan()
    arrivals.write(plan, folder / "plan.jsonl")
    (folder / "told.json").write_text(json.dumps({"settle_s": profile.settle_s}))
    tokens = {who.subject_id: who.token for who in (*roster.accounts, *roster.ready)}
    before = {job for jobs in lookup.jobs_of(place.url, _only(tokens, roster.ready), ()).values() for job in jobs}
    with ExitStack() as stack:
        watcher = stack.enter_context(Watcher(place.broker()))
        meter = stack.enter_context(Meter(place.layout)) if place.layout is not None else None
        rested_at = time.time()
        time.sleep(profile.rest_s)
        rest = (rested_at, time.time())
        rest_cores = meter.cores(*rest) if meter else None
        say(f"{len(plan)} arrivals in {plan[-1].at_s:.0f} s" if plan else "nobody comes")
        with disturb(folder) if disturb else contextlib.nullcontext([]) as chaos:
            _load(profile, place, folder, plan[-1].at_s if plan else 0.0, master_port)
        say("the load is over; waiting for what is still under way")
        entries = ledger.read(folder.glob("ledger-*.jsonl"))
        asked = lookup.subjects(entries)
        shown = lookup.settled_jobs(
            place.url, {s: t for s, t in tokens.items() if s in asked}, before, within_s=profile.settle_s
        )
        if not watcher.catch_up():
            raise LoadFailed("the topics could not be read to their end")
        ended_at = time.time()
    began_at = float(json.loads((folder / "began.json").read_text())["began_at"])
    calls, walks = measures.read(folder.glob("rows-*.jsonl"))
    missing = len(plan) - len(walks)
    if missing:
        raise LoadFailed(f"{missing} of {len(plan)} arrivals left no row: a journey was cut off, or a worker died")
    told = [t for t in watcher.told.values() if t.thing_id not in before]
    (folder / "events.jsonl").write_text("".join(json.dumps(asdict(each)) + "\n" for each in told))
    return Outcome(
        profile=profile,
        calls=calls,
        walks=walks,
        balance=reconcile.balance(entries, shown, told, grace_s=grace_s, slack_s=slack_s),
        delays=list(watcher.delays),
        began_at=began_at,
        ended_at=ended_at,
        core_s=meter.core_s(began_at, ended_at) if meter else None,
        memory=[(each.at - began_at, each.resident) for each in meter.samples] if meter else [],
        told=told,
        load_before=load_before,
        stage_core_s=_stages(meter, profile, began_at) if meter else {},
        rest_cores=rest_cores,
        parts=meter.used(rest, (began_at, _promised(profile, began_at, ended_at))) if meter else {},
        chaos=chaos,
    )


def _promised(profile: Profile, began_at: float, ended_at: float) -> float:
    """When the load that is promised was over, in Unix time: what is asked of a cluster is held against no more."""
    promised_s = profile.promised_s()
    return ended_at if promised_s is None else began_at + promised_s


def _only(tokens: Mapping[str, str], people: list[Any]) -> dict[str, str]:
    ids = {who.subject_id for who in people}
    return {subject: token for subject, token in tokens.items() if subject in ids}


def _stages(meter: Meter, profile: Profile, began_at: float) -> dict[str, float]:
    windows = [(w.stage, began_at + w.began, w.seconds) for w in profile.windows()]
    return {stage: round(meter.core_s(start, start + seconds), 2) for stage, start, seconds in windows}


def _load(profile: Profile, place: Place, folder: Path, last_s: float, master_port: int | None) -> None:
    """Locust, until everybody has walked. Raises LoadFailed."""
    within_s = _LOCUST_START_S + last_s + 2 * profile.settle_s
    here = [sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py")), "--headless"]
    common = [*here, "--host", place.url, "--exit-code-on-error", "0", "--stop-timeout", "5"]
    environment = {
        **os.environ,
        "LOADTEST_RUN": str(folder.resolve()),
        "LOADTEST_WORKERS": str(profile.workers),
        "LOADTEST_SEED": str(profile.seed),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "PYTHONUNBUFFERED": "1",
    }
    port = str(master_port or 20_000 + secrets.randbelow(10_000))
    if master_port is not None:
        shared = ["--master", "--master-bind-port", port, "--expect-workers", str(profile.workers)]
    elif profile.workers > 1:
        (folder / "shared").touch()
        shared = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        shared += ["--expect-workers", str(profile.workers)]
    else:
        shared = []
    local_workers = profile.workers if master_port is None and profile.workers > 1 else 0
    worker = [*common, "--worker", "--master-host", "127.0.0.1", "--master-port", port]
    with (folder / "locust.log").open("w") as log, ExitStack() as stack:
        for _ in range(local_workers):
            stack.enter_context(_process(worker, environment, log))
        main = stack.enter_context(_process([*common, *shared], environment, log))
        try:
            code = main.wait(within_s)
        except subprocess.TimeoutExpired:
            raise LoadFailed(f"the load had not ended after {within_s:.0f} s; see {folder / 'locust.log'}") from None
    if code or not list(folder.glob("rows-*.jsonl")):
        raise LoadFailed(f"Locust ended with {code}; see {folder / 'locust.log'}")


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Any) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        yield process
    finally:
        for child in _children(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.terminate()
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
