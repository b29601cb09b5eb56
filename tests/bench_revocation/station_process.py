"""One station's process: the service runs, threads attempt without pause, and one asks the consent view every 10 ms."""

from __future__ import annotations

import importlib
import json
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import attempts
from people import Person, Phase, Shared

from semblance.eventbus.broker import Broker
from semblance.kernel.consent import Purpose
from semblance.kernel.errors import SemblanceError
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, ObjectStore, SealedObjects, Sealer
from semblance.service_kit.runtime import serve

STATIONS = ("gateway", "generation", "safety", "provenance")
SERVES = frozenset({"consume", "work", "relay"})
PROBE_S, PAUSE_S, AFTER_PAUSE_S = 0.01, 0.05, 0.03
THREADS = 1


class Notes:
    """Every attempt: person, when it began and ended, what came of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.rows: list[tuple[int, float, float, str]] = []
        self.probes = 0
        self.longest_gap_s = 0.0

    def add(self, person: Person, began_s: float, outcome: str) -> None:
        with self._lock:
            self.rows.append((person.number, began_s, time.monotonic(), outcome))

    def write(self, path: Path) -> None:
        with self._lock:
            found = {"rows": self.rows, "probes": self.probes, "longest_gap_s": self.longest_gap_s}
            path.write_text(json.dumps(found))


def run(name: str, everybody: list[Person], shared: Shared, environment: Mapping[str, str], out: Path) -> None:
    """The process's whole life."""
    os.environ.update(environment)
    logging.basicConfig(filename=out.with_suffix(".log"), level=logging.WARNING)
    station = built(name, everybody)
    stop, notes = threading.Event(), Notes()
    threading.Thread(target=_serve, args=(station, stop), daemon=True).start()
    while not (station.view.ready() and len(station.view.known()) >= len(everybody)):
        time.sleep(0.05)
    shared.ready[name].set()
    threads = Threads(name, station, everybody, shared, notes)
    workers = [threading.Thread(target=threads.probe, daemon=True)]
    workers += [threading.Thread(target=threads.attempt, args=(number,), daemon=True) for number in range(THREADS + 1)]
    for worker in workers:
        worker.start()
    shared.stop.wait()
    for worker in workers:
        worker.join(attempts.ENOUGH_S + 5)
    notes.write(out)
    stop.set()
    time.sleep(1.0)
    sys.stdout.flush()
    os._exit(0)


def built(
    name: str, everybody: list[Person], broker: Broker | None = None, objects: ObjectStore | None = None
) -> attempts.Station:
    """The station of this process's environment, its database migrated; over another broker and store if told."""
    module = importlib.import_module(f"{name}_station")
    settings = module.Settings()
    sealer = Sealer(FileKeyRing(settings.keyring_dir, settings.keyring_kek_file))
    admin = objects or MinioStore(*(os.environ[f"BENCH_{part}"] for part in ("ENDPOINT", "KEY", "SECRET")), False)
    around = attempts.Around(everybody, SealedObjects(admin, sealer, QUARANTINE), broker, objects)
    station: attempts.Station = module.built(settings, around)
    station.application.database.migrate(station.application.migrations_dir)
    return station


def _serve(station: attempts.Station, stop: threading.Event) -> None:
    serve(station.application, SERVES, stop)


@dataclass(frozen=True)
class Threads:
    """What the probing and attempting threads share."""

    name: str
    station: attempts.Station
    everybody: list[Person]
    shared: Shared
    notes: Notes

    def probe(self) -> None:
        """Would this service say yes now? Asked of everybody watched, in turn."""
        last_s = time.monotonic()
        while not self.shared.stop.is_set():
            for person in self._in(Phase.WATCHED):
                self.notes.probes += 1
                try:
                    self.station.view.require(person.consent_id, person.subject_id, Purpose.GENERATE)
                except SemblanceError:
                    continue
                self.shared.last_yes_s[self.name][person.number] = time.monotonic()
            time.sleep(PROBE_S)
            now_s = time.monotonic()
            self.notes.longest_gap_s, last_s = max(self.notes.longest_gap_s, now_s - last_s), now_s

    def attempt(self, number: int) -> None:
        """One attempt after the other."""
        dice = random.Random(f"{self.name} {number}")
        while not self.shared.stop.is_set():
            person = self._next(dice, number)
            if person is None:
                time.sleep(0.1)
                continue
            began_s = time.monotonic()
            try:
                outcome = self.station.attempt(person, dice.getrandbits(40))
            except SemblanceError as error:
                outcome = error.code
            self.notes.add(person, began_s, outcome)
            if self.shared.phases[person.number] == Phase.AFTER:
                self.shared.after[self.name].value += 1  # threads may lose one: it only says when there are enough
            time.sleep(PAUSE_S if number < THREADS else AFTER_PAUSE_S)

    def _next(self, dice: random.Random, number: int) -> Person | None:
        """Two of three go for somebody whose consent is being, or was, withdrawn; the rest is load. The last thread
        goes only for those of whom nothing may come any more, so that what is made for the others does not hold it
        up."""
        draw = dice.random()
        if number == THREADS:
            after = self._in(Phase.AFTER)
            return dice.choice(after) if after else None
        for phase, share in ((Phase.WATCHED, 0.45), (Phase.AFTER, 0.7)):
            if draw < share and (found := self._in(phase)):
                return dice.choice(found)
        return dice.choice(self._in(Phase.IDLE) or self.everybody)

    def _in(self, phase: Phase) -> list[Person]:
        return [person for person in self.everybody if self.shared.phases[person.number] == phase]
