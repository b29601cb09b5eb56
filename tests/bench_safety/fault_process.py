"""Faults, one after the other: the models are loaded once, and each picture is received, looked at under a fault, and
looked at again in processes that are forked for it and die for it. Everything else is the service's own: work queue,
SQLite, sealed objects in the store, identity over gRPC."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from faulty import FAULTS, KILL, Fault
from pydantic import SecretStr

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.safety.v1 import events_pb2 as safety_pb
from semblance.kernel.clock import FakeClock
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.safety import main as safety
from semblance.safety.adapters.identity_client import IdentityMatcher
from semblance.safety.adapters.store import FILTER_IMAGE, SqlStore
from semblance.safety.adapters.work import work_kinds
from semblance.safety.consumers import subscriptions
from semblance.safety.handlers.looking import Nobody
from semblance.safety.settings import SafetySettings
from semblance.service_kit import rpc, testing
from semblance.service_kit.database import Database
from semblance.service_kit.worker import Worker

LOOK_S = 0.6
"""How long a look may take here; a good one takes a quarter of that."""
_APART_S = 2000.0  # pictures are received so far apart: nothing of the one before is due
_LEASE_OVER_S = 100.0  # a killed worker's item is free again; well before the longest wait
_PAUSE_OVER_S, _TRIES = 70.0, 12  # past the pauses between attempts, until there are no more
_FORKS_WAIT_S = 60.0
_NO_PROMPTS = safety.PromptModels(None, None)  # type: ignore[arg-type] # none is read here


@dataclass(frozen=True)
class Picture:
    """A sealed picture in quarantine, and whether a healthy service lets it out."""

    kind: str
    subject_id: str
    consent_id: str
    image_id: str
    key: str
    sha256: str
    width_px: int
    height_px: int


class Bench:
    """The service in one forked process, at one time."""

    def __init__(self, told: dict[str, Any], eyes: Any, later_s: float) -> None:
        self.clock = FakeClock(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=later_s))
        self.database = Database(told["database_url"], source="safety", clock=self.clock)
        store = MinioStore(told["endpoint"], told["access_key"], told["secret_key"], False)
        sealer = Sealer(FileKeyRing(Path(told["keyring"]), Path(told["kek"]), self.clock))
        consents = testing.FakeConsentView(self.clock)
        for person in told["people"]:
            consents.grant(person["subject_id"], consent_id=person["consent_id"])
        channel = rpc.connect(told["identity"], SecretStr(told["token"]))
        settings = SafetySettings(models_dir=Path(told["models"]))
        self.attempts = settings.filter_attempts
        self.ports = safety.ports_of(
            settings,
            self.database,
            clock=self.clock,
            consents=consents,
            eyes=eyes,
            matcher=IdentityMatcher(channel, face_model=settings.face_model, deadline_s=5.0),
            quarantine=SealedObjects(store, sealer, QUARANTINE),
            library=Nobody(),
            figures=Nobody(),
            prompt_models=_NO_PROMPTS,
        )

    def receive(self, picture: Picture) -> list[str]:
        """The event of its rendering; nothing is told yet."""
        told = generation_pb.ImageRendered(
            subject_id=picture.subject_id,
            consent_id=picture.consent_id,
            consent_revision=1,
            image_id=picture.image_id,
            adapter_id=picture.image_id,
            quarantine_key=picture.key,
            sha256=picture.sha256,
            width_px=picture.width_px,
            height_px=picture.height_px,
            backbone_digest="sha256:" + "0" * 64,
        )
        pictures, _ = subscriptions(self.ports, self._store_of)
        testing.deliver(pictures, self.database, told, times=1)
        return []

    def look(self, *, to_the_end: bool) -> None:
        """One attempt; or all that there are."""
        kinds = work_kinds(self.ports, self._store_of, at_once=1, attempts=self.attempts, look_s=LOOK_S)
        worker = Worker(self.database, kinds)
        for _ in range(_TRIES if to_the_end else 1):
            worker.run_once(FILTER_IMAGE)
            self.clock.advance(_PAUSE_OVER_S)

    def verdicts(self, image_id: str) -> list[str]:
        """Every verdict that was told of this picture."""
        final = (safety_pb.ImageAllowed, safety_pb.ImageBlocked)
        told = [m for m in testing.emitted(self.database) if isinstance(m, final) and m.image_id == image_id]
        return ["allowed" if isinstance(m, safety_pb.ImageAllowed) else "blocked" for m in told]

    def _store_of(self, unit: Any) -> SqlStore:
        return SqlStore(unit, self.ports.verdict_rules)


def main() -> None:
    """Reads what it is told from a file, writes a line of JSON for each injection."""
    told = json.loads(Path(sys.argv[1]).read_text())
    injector = Injector(told)
    for number, picture in enumerate(told["pictures"]):
        print(json.dumps(injector.inject(Picture(**picture), number)), flush=True)


class Injector:
    """The models, loaded once, and the dice."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._told = told
        self._eyes = safety.eyes_of(SafetySettings(models_dir=Path(told["models"])))
        self._dice = np.random.default_rng(told["seed"])

    def inject(self, picture: Picture, number: int) -> dict[str, Any]:
        """One picture under one fault, and then, unless the fault lasts, without."""
        fault = FAULTS[int(self._dice.integers(1, len(FAULTS)))] if self._told["faults"] else FAULTS[0]
        kill_s = float(self._dice.uniform(0, 1.3) * self._told["look_s"]) if fault.name == KILL else None
        seed, began_s = int(self._dice.integers(2**31)), number * _APART_S
        forked(lambda: self._bench(began_s).receive(picture))
        during, killed = forked(lambda: self._under(fault, picture, began_s, seed), kill_s)
        after = [] if fault.lasts else forked(lambda: self._well_again(picture, began_s + _LEASE_OVER_S))[0]
        return {
            "kind": picture.kind,
            "fault": fault.name,
            "killed": killed,
            "during": during,
            "verdicts": after or during,
        }

    def _under(self, fault: Fault, picture: Picture, at_s: float, seed: int) -> list[str]:
        bench = self._bench(at_s)
        bench.ports = fault.apply(bench.ports, np.random.default_rng(seed))
        bench.look(to_the_end=fault.lasts)
        return bench.verdicts(picture.image_id)

    def _well_again(self, picture: Picture, at_s: float) -> list[str]:
        bench = self._bench(at_s)
        bench.look(to_the_end=True)
        return bench.verdicts(picture.image_id)

    def _bench(self, at_s: float) -> Bench:
        return Bench(self._told, self._eyes, at_s)


def forked(work: Callable[[], list[str]], kill_s: float | None = None) -> tuple[list[str], bool]:
    """What `work` says in a process of its own, and whether that was killed; the process is waited for."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            os.write(writing, json.dumps(work()).encode())
        except BaseException:  # noqa: BLE001 - a service that breaks tells nothing
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    try:
        killed = _await(pid, kill_s)
        said = os.read(reading, 65_536)
    finally:
        os.close(reading)
    return (json.loads(said) if said else []), killed


def _await(pid: int, kill_s: float | None) -> bool:
    until_s = time.monotonic() + (kill_s if kill_s is not None else _FORKS_WAIT_S)
    while time.monotonic() < until_s:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


if __name__ == "__main__":
    main()
