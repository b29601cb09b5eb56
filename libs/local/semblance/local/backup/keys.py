"""The one copy of everything that opens something: key ring, master key, signing keys, config.json, the backups' key.

There is only ever the newest. Copies of older key rings would hold keys of people who were erased since; as it is, an
erased person's things in however old an archive do not open once the next copy is made. Plain files, mode 600: put the
folder where nobody reads who may not open everything, and not where the archives are.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from semblance.local.backup.errors import BackupDamaged
from semblance.local.layout import Layout
from semblance.objects import durable_files

KEY_FILE = "backup.key"
_MANIFEST = "copy.json"
_KEY_BYTES = 32


@dataclass(frozen=True)
class KeyCopy:
    """A copy that is whole. `erased_log` names the log of erasures that belongs to it."""

    folder: Path
    made_at: dt.datetime
    erased_log: str

    @property
    def backup_key(self) -> bytes:
        """32 bytes."""
        return (self.folder / "secrets" / KEY_FILE).read_bytes()


def backup_key(layout: Layout) -> bytes:
    """The platform's key for archives, made when it is first asked for (mode 600)."""
    path = layout.secrets / KEY_FILE
    durable_files.create_exclusively(path, os.urandom(_KEY_BYTES))
    found = durable_files.read(path)
    if found is None or len(found) != _KEY_BYTES:
        raise BackupDamaged("the backups' key does not hold 32 bytes", remedy=f"Restore {path} from the copy of keys.")
    return found


def write(layout: Layout, folder: Path, made_at: dt.datetime, erased_log: str) -> KeyCopy:
    """Copy into `folder` (mode 700) and shred the copy that was there. A crash leaves the old one or the new one,
    perhaps as `<folder>.old`."""
    fresh, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    for left_over in (fresh, old):
        shred_folder(left_over)
    fresh.mkdir(mode=0o700, parents=True)
    digests = {}
    for path in _sources(layout):
        name = str(path.relative_to(layout.data))
        content = path.read_bytes()
        (fresh / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable_files.create_exclusively(fresh / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()
    said = {"version": 1, "made_at": made_at.isoformat(), "erased_log": erased_log, "files": digests}
    durable_files.create_exclusively(fresh / _MANIFEST, json.dumps(said, indent=1).encode())
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shred_folder(old)
    return read(folder)


def read(folder: Path) -> KeyCopy:
    """Every file is compared with its digest. Raises BackupDamaged."""
    content = durable_files.read(folder / _MANIFEST)
    if content is None:
        raise BackupDamaged(
            f"there is no finished copy of the keys in {folder}",
            remedy=f"Look for {folder}.old: a copy that was interrupted leaves the one before there.",
        )
    said = json.loads(content)
    for name, digest in said["files"].items():
        path = folder / name
        if ".." in Path(name).parts or not path.is_relative_to(folder):
            raise BackupDamaged("the copy of the keys names a place outside of itself")
        found = durable_files.read(path)
        if found is None or hashlib.sha256(found).hexdigest() != digest:
            raise BackupDamaged(f"the copy of the keys lacks {name}, or it was changed")
    return KeyCopy(folder, dt.datetime.fromisoformat(said["made_at"]), said["erased_log"])


def put_back(copy: KeyCopy, layout: Layout) -> None:
    """Into an empty data directory."""
    for name in json.loads((copy.folder / _MANIFEST).read_text())["files"]:
        target = layout.data / name
        durable_files.make_private_directory(target.parent)
        durable_files.create_exclusively(target, (copy.folder / name).read_bytes())


def shred_folder(folder: Path) -> None:
    """Overwrite every file, then remove; nothing where there is nothing."""
    if folder.exists():
        for path in folder.rglob("*"):
            if path.is_file():
                durable_files.shred(path)
        shutil.rmtree(folder)


def _sources(layout: Layout) -> list[Path]:
    below = [path for home in (layout.secrets, layout.keyring) if home.is_dir() for path in home.rglob("*")]
    # Temporary names of keys that are just being written begin with a dot.
    return [layout.config, *sorted(path for path in below if path.is_file() and not path.name.startswith("."))]
