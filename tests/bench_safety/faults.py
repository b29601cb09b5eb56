"""Fault injections into the filter: what does a process that is killed, slow, blind or wrong let out?"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import scene
from faulty import FAULTS, KILL, NONE

from semblance.faces import OpenCvFaceEngine
from semblance.identity.adapters.store import SqlTransactions
from semblance.identity.domain.protection import ProtectedFace, ProtectionPurpose, key_of, pack
from semblance.identity.handlers.capture import TEMPLATE_PURPOSE
from semblance.identity.handlers.register import PROTECTED_PURPOSE
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id
from semblance.objects import QUARANTINE, FileKeyRing, MinioStore, SealedObjects, Sealer
from semblance.safety import main as safety
from semblance.service_kit.database import Database

sys.path.append(str(Path(__file__).parents[1] / "bench_revocation"))
from people import people
from world import World, world

LOOK_S = 0.35
"""About how long a good look takes here: a kill falls somewhere in it, or shortly after."""
_PHOTOS = 12
_DISTINCT = 6 * _PHOTOS


@dataclass
class Faults:
    """by_fault: of each, how many injections, processes killed, unsafe verdicts, and how the pictures ended. healthy:
    how each kind of picture ends without a fault; what does not end as it should is left out of the injections, because
    it is no fault that lets it out."""

    injections: int = 0
    unsafe: int = 0
    doubled: int = 0
    undecided: int = 0
    by_fault: dict[str, Counter[str]] = field(default_factory=dict)
    healthy: dict[str, Counter[str]] = field(default_factory=dict)


def measure(folder: Path, models: Path, injections: int, seed: int = 1) -> Faults:
    """Some half a second each, on real identity, store and queue."""
    everybody = people(2)
    with world(folder, models, everybody, {"LOG_LEVEL": "WARNING"}) as here:
        told = _told(here, models)
        engine = OpenCvFaceEngine(models)
        cast = [scene.somebody(scene.FIRST_SEED + k, engine, _PHOTOS) for k in range(4)]
        _enrol(here, cast)
        shown = list(islice(scene.pictures_for_faults(*cast), _DISTINCT))
        found, clear = Faults(), []
        quarantine = _quarantine(here)
        healthy = _run(folder, told | {"faults": False, "seed": seed}, _rendered(here, quarantine, shown))
        for picture, row in zip(shown, healthy, strict=True):
            found.healthy.setdefault(row["kind"], Counter())[_last(row)] += 1
            if _last(row) == ("allowed" if row["kind"] == scene.OWN else "blocked"):
                clear.append(picture)
        rendered = _rendered(here, quarantine, islice(cycle(clear), injections))
        rows = _run(folder, told | {"faults": True, "seed": seed}, rendered)
        for row in rows:
            _count(found, row)
            if found.injections % 50 == 0:
                print(f"{found.injections} of {injections} faults", file=sys.stderr, flush=True)
    return found


def is_unsafe(row: dict[str, Any]) -> bool:
    """Let out, and it shows somebody else; or let out by a service that could not have looked properly."""
    shows_others = row["kind"] != scene.OWN
    looked = row["fault"] in (NONE, KILL)
    return (shows_others and "allowed" in row["verdicts"]) or (not looked and "allowed" in row["during"])


def _count(found: Faults, row: dict[str, Any]) -> None:
    found.injections += 1
    found.unsafe += is_unsafe(row)
    found.doubled += len(row["verdicts"]) > 1
    found.undecided += not row["verdicts"]
    counted = found.by_fault.setdefault(row["fault"], Counter())
    counted["injections"] += 1
    counted["killed"] += row["killed"]
    counted["unsafe"] += is_unsafe(row)
    counted[_last(row)] += 1


def _last(row: dict[str, Any]) -> str:
    return row["verdicts"][-1] if row["verdicts"] else "undecided"


def _told(here: World, models: Path) -> dict[str, Any]:
    environment = here.environment("safety", models)
    return {
        "database_url": environment["SAFETY_DATABASE_URL"],
        "endpoint": environment["BENCH_ENDPOINT"],
        "access_key": environment["SAFETY_S3_ACCESS_KEY"],
        "secret_key": environment["SAFETY_S3_SECRET_KEY"],
        "keyring": environment["SAFETY_KEYRING_DIR"],
        "kek": environment["SAFETY_KEYRING_KEK_FILE"],
        "identity": environment["SAFETY_IDENTITY_ADDRESS"],
        "token": environment["SAFETY_INTERNAL_TOKEN"],
        "models": str(models),
        "people": [{"subject_id": p.subject_id, "consent_id": p.consent_id} for p in here.everybody],
        "look_s": LOOK_S,
    }


def _enrol(here: World, cast: list[scene.Somebody]) -> None:
    """The first two are enrolled and the third is protected; of the last nobody knows."""
    environment, clock = here.environment("identity", Path()), SystemClock()
    keyring = FileKeyRing(here.layout.keyring, here.layout.secrets / "kek", clock)
    sealer = Sealer(keyring)
    database = Database(environment["IDENTITY_DATABASE_URL"], source="identity", clock=clock)
    with SqlTransactions(database, clock).write() as store:
        for enrolled, somebody in zip(here.everybody, cast[:2], strict=True):
            subject_id = enrolled.subject_id
            sealed = [sealer.seal(subject_id, TEMPLATE_PURPOSE, face.tobytes()) for face in somebody.templates]
            store.templates.replace(subject_id, sealed, "sface-2021dec")  # type: ignore[arg-type]
        entry_id = new_id()
        keyring.create(key_of(entry_id))
        sealed_entry = sealer.seal(key_of(entry_id), PROTECTED_PURPOSE, pack(list(cast[2].templates[:3])))
        store.register.add(
            ProtectedFace(entry_id, ProtectionPurpose.SELF, sealed_entry, "0" * 64, dt.datetime.now(dt.UTC))
        )
    database.close()


def _quarantine(here: World) -> SealedObjects:
    store = MinioStore(
        f"127.0.0.1:{here.config.store_port}", here.config.store_admin_key, here.config.store_admin_secret, False
    )
    return SealedObjects(
        store, Sealer(FileKeyRing(here.layout.keyring, here.layout.secrets / "kek", SystemClock())), QUARANTINE
    )


def _rendered(here: World, quarantine: SealedObjects, shown: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Sealed in quarantine, as generation leaves them."""
    subject, made = here.everybody[0], []
    for kind, pixels in shown:
        image_id, data = new_id(), scene.png(pixels)
        key = f"{subject.subject_id}/{image_id}"
        quarantine.put(subject.subject_id, key, data)
        made.append(
            {
                "kind": kind,
                "subject_id": subject.subject_id,
                "consent_id": subject.consent_id,
                "image_id": image_id,
                "key": key,
                "sha256": hashlib.sha256(data).hexdigest(),
                "width_px": pixels.shape[1],
                "height_px": pixels.shape[0],
            }
        )
    return made


def _run(folder: Path, told: dict[str, Any], pictures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    database = Database(told["database_url"], source="safety", clock=SystemClock())
    database.migrate(safety.MIGRATIONS)
    database.close()
    path = folder / "faults.json"
    path.write_text(json.dumps(told | {"pictures": pictures}))
    command = [sys.executable, str(Path(__file__).parent / "fault_process.py"), str(path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "ERROR"}
    with (folder / "faults.log").open("a") as log, _process(command, log, environment) as lines:
        for line in lines:
            yield json.loads(line)


@contextmanager
def _process(command: list[str], log: Any, environment: dict[str, str]) -> Iterator[Iterator[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    try:
        yield iter(process.stdout)
        if process.wait(60):
            raise RuntimeError("the process of the injections broke: see faults.log")
    finally:
        process.kill()
        process.wait(10)


def as_row(found: Faults) -> dict[str, Any]:
    """For JSON."""
    return {
        "injections": found.injections,
        "unsafe": found.unsafe,
        "doubled": found.doubled,
        "undecided": found.undecided,
        "kinds_of_fault": len(FAULTS) - 1,
        "by_fault": {name: dict(counted) for name, counted in sorted(found.by_fault.items())},
        "healthy": {kind: dict(counted) for kind, counted in sorted(found.healthy.items())},
    }
