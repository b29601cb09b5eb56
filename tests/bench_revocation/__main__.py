"""`python tests/bench_revocation`: how long after "take it back" could anything still be made? Writes
docs/benchmarks/revocation.{md,json} and its histogram. Real parts under load on this machine; under ten minutes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import signal
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import report
import station_process
from people import Person, Phase, Shared, people
from world import World, world

from semblance.kernel.errors import SemblanceError

DEADLINE_S, WATCH_BEFORE_S, WATCH_AFTER_S, GIVE_UP_S = 1.0, 0.5, 2.5, 120.0
READY_S = 300.0  # generation's process imports the engine's libraries, as the service does
QUIET = {"LOG_LEVEL": "WARNING"}


@dataclass
class Revocation:
    """One withdrawal; times are time.monotonic() seconds, `wall_s` is Unix time of the return."""

    person: Person
    called_s: float
    returned_s: float
    wall_s: float


@dataclass
class Run:
    """One scenario's withdrawals and what the stations wrote down."""

    name: str
    revocations: list[Revocation] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    last_yes_s: dict[str, list[float]] = field(default_factory=dict)
    published: list[tuple[str, float]] = field(default_factory=list)
    seconds: float = 0.0


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="consents and adapters in memory")
    parser.add_argument("--revocations", type=int, default=200)
    parser.add_argument("--every-s", type=float, default=0.5)
    parser.add_argument("--attempts", type=int, default=10_000, help="after the deadline, at least so many")
    parser.add_argument("--limit-s", type=float, default=240, help="for the main scenario, whatever was reached")
    parser.add_argument(
        "--hard", type=int, default=4, help="withdrawals in each of the hard scenarios; 0 leaves them out"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks"))
    arguments = parser.parse_args()
    models = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
    with tempfile.TemporaryDirectory(prefix="revocation-", ignore_cleanup_errors=True) as folder:
        runs = _measured(Path(folder), models, arguments)
    row = report.summary(runs, arguments.people, DEADLINE_S)
    report.write(row, runs, arguments.out)
    for goal in row["goals"]:
        print(f"{'met  ' if goal['met'] else 'UNMET'} {goal['goal']}: {goal['value']} ({goal['target']})")
    return 0


def _measured(folder: Path, models: Path, arguments: argparse.Namespace) -> list[Run]:
    everybody = people(arguments.people)
    _say(f"{len(everybody)} people, consents and sealed adapters")
    with world(folder, models, everybody, QUIET) as here, stations(here, models, folder) as (shared, processes):
        _say("identity and four stations are ready")
        ready_s = time.monotonic()
        plain = _plain(here, shared, arguments)
        left = everybody[arguments.revocations :]
        hard = []
        if arguments.hard:
            hard = [
                _hard(
                    "provenance paused 3 s",
                    here,
                    shared,
                    left[0::3][: arguments.hard],
                    _Paused(processes["provenance"]),
                ),
                _hard(
                    "generation paused 3 s",
                    here,
                    shared,
                    left[1::3][: arguments.hard],
                    _Paused(processes["generation"]),
                ),
                _hard(
                    "broker killed, back after 4 s", here, shared, left[2::3][: arguments.hard // 2], _BrokerAway(here)
                ),
            ]
        _say(f"measured in {time.monotonic() - ready_s:.0f} s")
        shared.stop.set()
        for process in processes.values():
            process.join(60)
        published = here.published()
        notes = {name: json.loads((folder / f"{name}.json").read_text()) for name in station_process.STATIONS}
    runs = [plain, *hard]
    for run in runs:
        run.notes, run.published = notes, published
        run.last_yes_s = {name: list(shared.last_yes_s[name]) for name in station_process.STATIONS}
    return runs


class stations:
    """The four stations' processes, ready; killed at the end if they did not go by themselves."""

    def __init__(self, here: World, models: Path, folder: Path) -> None:
        context = mp.get_context("spawn")
        self.folder = folder
        self.shared = Shared.of(context, station_process.STATIONS, len(here.everybody))
        self.processes = {
            name: context.Process(
                target=station_process.run,
                args=(
                    name,
                    here.everybody,
                    self.shared,
                    here.station_environment(name, models),
                    folder / f"{name}.json",
                ),
                daemon=True,
            )
            for name in station_process.STATIONS
        }

    def __enter__(self) -> tuple[Shared, dict[str, Any]]:
        for process in self.processes.values():
            process.start()
        for name, ready in self.shared.ready.items():
            until_s = time.monotonic() + READY_S
            while not ready.wait(1):
                if time.monotonic() > until_s or not self.processes[name].is_alive():
                    code = self.processes[name].exitcode
                    self.__exit__()
                    log = (self.folder / f"{name}.log").read_text(errors="replace")
                    raise TimeoutError(f"{name} does not get ready (exit code {code}): {log[-2000:]}")
        return self.shared, self.processes

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.join(5)


def _plain(here: World, shared: Shared, arguments: argparse.Namespace) -> Run:
    run, began_s = Run("plain"), time.monotonic()
    chosen = here.everybody[: arguments.revocations]
    threads = []
    for number, person in enumerate(chosen):
        due_s = began_s + 2.0 + number * arguments.every_s
        thread = threading.Thread(target=_withdraw, args=(here, shared, person, due_s, run))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    _say(f"{len(run.revocations)} withdrawals; more attempts on all of them")
    while time.monotonic() - began_s < arguments.limit_s:
        time.sleep(2)
        if sum(shared.after[name].value for name in station_process.STATIONS) >= arguments.attempts:
            break
    run.seconds = time.monotonic() - began_s
    return run


def _withdraw(here: World, shared: Shared, person: Person, due_s: float, run: Run) -> None:
    time.sleep(max(0.0, due_s - WATCH_BEFORE_S - time.monotonic()))
    shared.phases[person.number] = Phase.WATCHED
    time.sleep(max(0.0, due_s - time.monotonic()))
    called_s = time.monotonic()
    while True:
        try:
            here.revoke(person)
            break
        except SemblanceError as error:  # as a client does: ask again until it is told
            _say(f"a withdrawal was answered {error.code}")
            if time.monotonic() - called_s > GIVE_UP_S:
                raise
            time.sleep(0.2)
    run.revocations.append(Revocation(person, called_s, time.monotonic(), time.time()))
    time.sleep(WATCH_AFTER_S + (run.name != "plain") * 14)
    shared.phases[person.number] = Phase.AFTER


class _Paused:
    """A station that is stopped as a machine's pause stops it, just before the withdrawal, and goes on after 3 s."""

    def __init__(self, process: Any) -> None:
        self._pid = process.pid

    def begin(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def end(self) -> None:
        time.sleep(3)
        os.kill(self._pid, signal.SIGCONT)


class _BrokerAway:
    """kill -9 of the broker just before the withdrawal; it comes back 4 s later, on its log."""

    def __init__(self, here: World) -> None:
        self._here = here

    def begin(self) -> None:
        self._here.backing.broker.kill()

    def end(self) -> None:
        time.sleep(4)
        self._here.backing.broker.start()


def _hard(name: str, here: World, shared: Shared, chosen: list[Person], trouble: Any) -> Run:
    run = Run(name)
    for person in chosen:
        due_s = time.monotonic() + 1.0
        thread = threading.Thread(target=_withdraw, args=(here, shared, person, due_s, run))
        thread.start()
        time.sleep(max(0.0, due_s - 0.05 - time.monotonic()))
        trouble.begin()
        trouble.end()
        time.sleep(2.0)
    _say(name)
    time.sleep(12)
    return run


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
