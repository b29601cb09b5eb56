"""`semblance restore`: state and keys back into a data directory, and nobody back who was erased since.

1. Everything is checked and unpacked beside the data directory, which only then gets its name.
2. The log of erasures is held over the key ring: tombstones in, keys shredded. From then on nothing of theirs opens.
3. The platform runs with the gateway answering nobody until every erasure of the log is completed and what people
   took back is taken back again (forget.py). Until then `restoring.json` lies in the data directory and `semblance up`
   refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semblance.kernel.errors import Conflict, NotFound
from semblance.local import config as configuration
from semblance.local import erased_log
from semblance.local.backup import archive, keys
from semblance.local.backup.archive import UNFINISHED, Manifest
from semblance.local.backup.errors import BackupDamaged, BackupsDoNotFit
from semblance.local.backup.keys import KeyCopy
from semblance.local.erased_log import ErasedLog
from semblance.local.layout import Layout
from semblance.objects import durable_files


class DataThere(Conflict):
    """A restore writes over nothing."""

    code = "data-directory-in-use"


@dataclass(frozen=True)
class Restored:
    """What was put back. `shredded`: keys of people erased since, which had come back with the copy of keys."""

    manifest: Manifest
    shredded: int


def newest(folder: Path) -> Path:
    """The newest finished archive in a folder; a file is taken as it is. Raises NotFound, BackupDamaged."""
    if folder.is_file():
        return folder
    found = sorted(folder.glob("semblance-*.backup"))
    if not found:
        unfinished = list(folder.glob(f"*{UNFINISHED}"))
        if unfinished:
            raise BackupDamaged(f"the only backup in {folder} was never finished", remedy="Use another one.")
        raise NotFound(f"there is no backup in {folder}", code="no-backup")
    return found[-1]


def put_back(layout: Layout, file: Path, keys_from: Path, say: Callable[[str], None]) -> Restored:
    """Steps 1 and 2. Raises BackupDamaged, BackupsDoNotFit, DataThere, ErasedLogMissing, UnknownEntry, NoRoom; the
    data directory is then as it was."""
    if layout.config.exists() or layout.store.exists() or layout.database("x").parent.exists():
        raise DataThere(f"{layout.data} holds a platform", remedy="Move it away, or give another --data.")
    log = erased_log.read(erased_log.place_of(layout))
    copy = keys.read(keys_from)
    manifest = archive.read_manifest(file, copy.backup_key)
    _require_fit(manifest, copy, log)
    log.taken_back()  # read now: what it holds must be understood before anything is put back
    staging = Layout(layout.data.with_name(f"{layout.data.name}.restoring"))
    keys.shred_folder(staging.data)  # of a restore that was interrupted
    staging.make()
    try:
        archive.require_room(staging.data, manifest.size_bytes)
        say(f"{manifest.files} files of {manifest.made_at}")
        archive.unpack(file, copy.backup_key, staging.data)
        keys.put_back(copy, staging)
        # Tokens from before it are refused: who signed out since the backup, or ended a thief's sign-in, has done so.
        durable_files.shred(staging.secrets / "gateway" / "signing.pem")
        shredded = log.bury(staging.keyring)
        begun = {"backup": manifest.id, "made_at": manifest.made_at, "erased_log": log.id}
        configuration.write_private(staging.restoring, json.dumps(begun))
        if layout.data.exists():
            layout.data.rmdir() if not any(layout.data.iterdir()) else _move_aside(layout.data)
        staging.data.rename(layout.data)
    except BaseException:
        keys.shred_folder(staging.data)
        raise
    return Restored(manifest, shredded)


def _require_fit(manifest: Manifest, copy: KeyCopy, log: ErasedLog) -> None:
    if not manifest.erased_log == copy.erased_log == log.id:
        raise BackupsDoNotFit("archive, copy of keys and log of erasures are of different platforms")
    if copy.made_at.isoformat() < manifest.made_at:
        raise BackupsDoNotFit(
            "the copy of the keys is older than the archive: who came in between could not be opened",
            remedy="Use the copy that was made with the archive, or a later one.",
        )
    known = {name for service in (erased_log.PEOPLE, erased_log.NOTICES) for name in log.tombstones(service)}
    lacking = set(erased_log.tombstones_in(copy.folder / "keyring")) - known
    if lacking:
        raise BackupsDoNotFit(
            f"the log of erasures is not whole: it lacks {len(lacking)} that the copy of the keys knows",
            remedy="Use the log as it was when the platform last ran: what it lacks would come back.",
        )


def _move_aside(data: Path) -> None:
    """What is left of a directory without a platform: logs."""
    data.rename(data.with_name(f"{data.name}.before-restore"))
