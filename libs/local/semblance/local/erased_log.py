"""Who was erased and what was taken back, kept outside of the data directory and of every backup.

A backup from before an erasure brings the person back, unless something that is no part of it says that they must go.
One tombstone a destroyed key, `<log>/<service>/<id>.destroyed`, written by the service that destroys it before the key
is shredded: an id that is random, the key's id and the time. One entry a thing that somebody took back without being
erased, in `<log>/<service>/taken-back` (semblance.service_kit.taken_back). `log.json` names the log: another
platform's is refused.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.local.layout import Layout
from semblance.objects import KeyRingUnavailable, durable_files
from semblance.service_kit.taken_back import TakenBack, TakenBackLog

VARIABLE = "SEMBLANCE_ERASED_DIR"
# Who destroys keys: identity those of people and of protected entries, provenance those of take-down notices.
PEOPLE, NOTICES = "identity", "provenance"
# Who takes something back for people: these note it.
KEEPERS = ("gateway", "identity", "ingest", "training", "generation", "provenance")
_SUFFIX = ".destroyed"


class ErasedLogMissing(Unavailable):
    """Without it a restore could bring erased people back."""

    code = "erased-log-missing"


class ErasedLogUnavailable(Unavailable):
    """Nobody could be erased for good, so nothing starts."""

    code = "erased-log-unavailable"


@dataclass(frozen=True)
class ErasedLog:
    """A log that is there. `id` is random."""

    folder: Path
    id: str

    def of(self, service: str) -> Path:
        """Where a service writes its tombstones."""
        return self.folder / service

    def taken_back(self) -> dict[TakenBack, dt.datetime | None]:
        """What was taken back by people who are not erased, with its time where that is known. Raises UnknownEntry."""
        erased = self.tombstones(PEOPLE)
        found: dict[TakenBack, dt.datetime | None] = {}
        for service in KEEPERS:
            found |= TakenBackLog(taken_back_of(self.folder, service)).entries()
        return {entry: at for entry, at in found.items() if entry.subject_id not in erased}

    def forget_covered(self) -> None:
        """Remove entries of people who are erased: the tombstone covers them."""
        for service in KEEPERS:
            log = TakenBackLog(taken_back_of(self.folder, service))
            for subject_id in {entry.subject_id for entry in log.entries()} & self.tombstones(PEOPLE).keys():
                log.forget(subject_id)

    def tombstones(self, service: str) -> dict[str, bytes]:
        """Id to the tombstone's content."""
        return tombstones_in(self.of(service))

    def learn(self, keyring: Path) -> int:
        """Write down what a key ring from before the log knows; how many there were."""
        known = {name for service in (PEOPLE, NOTICES) for name in self.tombstones(service)}
        missing = {name: content for name, content in tombstones_in(keyring).items() if name not in known}
        durable_files.make_private_directory(self.of(PEOPLE))
        for name, content in missing.items():
            durable_files.create_exclusively(self.of(PEOPLE) / f"{name}{_SUFFIX}", content)
        return len(missing)

    def bury(self, keyring: Path) -> int:
        """Put every tombstone into a key ring and shred the key that it names; how many keys were there."""
        shredded = 0
        durable_files.make_private_directory(keyring)
        for service in (PEOPLE, NOTICES):
            for name, content in self.tombstones(service).items():
                durable_files.create_exclusively(keyring / f"{name}{_SUFFIX}", content)
                shredded += durable_files.shred(keyring / f"{name}.key")
        return shredded


def taken_back_of(folder: Path, service: str) -> Path:
    """Where a service notes what people took back, of the log in `folder`."""
    return folder / service / "taken-back"


def place_of(layout: Layout) -> Path:
    """$SEMBLANCE_ERASED_DIR, which should be on another disk; else beside the data directory."""
    given = os.environ.get(VARIABLE)
    return Path(given).resolve() if given else layout.data.with_name(f"{layout.data.name}.erased")


def make(folder: Path) -> ErasedLog:
    """The log in `folder`, begun (mode 700) unless it is there. Raises ErasedLogUnavailable."""
    try:
        durable_files.make_private_directory(folder)
        durable_files.create_exclusively(folder / "log.json", json.dumps({"version": 1, "id": new_id()}).encode())
        return read(folder)
    except KeyRingUnavailable as e:
        raise ErasedLogUnavailable(
            f"the log of erasures cannot be kept in {folder}", remedy=f"Name a folder that can be written: {VARIABLE}."
        ) from e


def read(folder: Path) -> ErasedLog:
    """Raises ErasedLogMissing."""
    content = durable_files.read(folder / "log.json")
    if content is None:
        raise ErasedLogMissing(
            f"there is no log of erasures in {folder}",
            remedy=f"Give the platform's with {VARIABLE}: without it erased people could come back.",
        )
    return ErasedLog(folder, str(json.loads(content)["id"]))


def tombstones_in(folder: Path) -> dict[str, bytes]:
    """Id to content of every tombstone in a folder; none where there is no folder."""
    found = folder.glob(f"*{_SUFFIX}") if folder.is_dir() else ()
    return {path.name.removesuffix(_SUFFIX): path.read_bytes() for path in found}
