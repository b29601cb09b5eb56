"""The state of a stopped platform in one sealed file: databases, and the store with every version and the broker's log.

The broker keeps topics and the groups' offsets in the store, so they are of the same moment as the rows; nothing of
Kafka is backed up apart. Not in it: keys (keys.py), logs, telemetry, what Ray spilt.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from semblance.local.backup.errors import BackupDamaged, NoRoom
from semblance.local.backup.sealed_stream import SealedReader, SealedWriter
from semblance.local.layout import Layout

UNFINISHED = ".unfinished"
_MANIFEST = "backup.json"
_SPARE = 1.05
_PART_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """The archive's first entry. `size_bytes`: of the files, unpacked."""

    version: int
    id: str
    made_at: str
    postgres: bool
    erased_log: str
    files: int
    size_bytes: int


def stored(layout: Layout) -> list[Path]:
    """Files of databases and store, sorted. Sockets and the like are passed over."""
    homes = (layout.database("x").parent, layout.store, layout.postgres)
    return sorted(path for home in homes for path in home.rglob("*") if path.is_file() and not path.is_symlink())


def folders(layout: Layout) -> list[Path]:
    """Folders of the same, also empty ones: PostgreSQL misses those."""
    homes = [home for home in (layout.database("x").parent, layout.store, layout.postgres) if home.is_dir()]
    return sorted([*homes, *(path for home in homes for path in home.rglob("*") if path.is_dir())])


def require_room(folder: Path, size_bytes: int) -> None:
    """Raises NoRoom when `folder`'s disk has less than that and a twentieth more."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes * _SPARE:
        raise NoRoom(
            f"{size_bytes // 10**6} MB are needed in {folder} and {free // 10**6} MB are free", remedy="Free space."
        )


def write(layout: Layout, manifest: Manifest, key: bytes, file: Path) -> None:
    """Seal into `file` (mode 600), which has its name only once it is whole and on the disk."""
    unfinished = file.with_name(file.name + UNFINISHED)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        sealed = SealedWriter(out, key)
        with tarfile.open(mode="w|", fileobj=sealed, bufsize=_PART_BYTES, format=tarfile.PAX_FORMAT) as tar:
            _add_text(tar, _MANIFEST, json.dumps(asdict(manifest)))
            for path in [*folders(layout), *stored(layout)]:
                tar.add(path, arcname=str(path.relative_to(layout.data)), recursive=False)
        sealed.finish()
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(file)


def read_manifest(file: Path, key: bytes) -> Manifest:
    """What the archive says of itself; the rest is not looked at. Raises BackupDamaged."""
    with _opened(file, key) as (_, tar):
        return _manifest(tar)


def unpack(file: Path, key: bytes, data: Path) -> Manifest:
    """Into `data`, which is there and empty of these. All of the archive is checked. Raises BackupDamaged."""
    with _opened(file, key) as (sealed, tar):
        manifest = _manifest(tar)
        written = 0
        while (member := tar.next()) is not None:
            written += _unpack_one(tar, member, data)
            if written > manifest.size_bytes:
                raise BackupDamaged("the backup holds more than it says")
        sealed.drain()
    if written != manifest.size_bytes:
        raise BackupDamaged("the backup holds less than it says")
    return manifest


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, data: Path) -> int:
    """Bytes written. Owners are kept where this process may: PostgreSQL has its own user."""
    path = data / member.name
    if ".." in Path(member.name).parts or not path.is_relative_to(data):
        raise BackupDamaged("the backup names a place outside of the data directory")
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    elif member.isreg():
        content = tar.extractfile(member)
        assert content is not None, "a regular file has content"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            shutil.copyfileobj(content, out, _PART_BYTES)
            out.flush()
            os.fsync(out.fileno())
    else:
        raise BackupDamaged("the backup holds something that is neither file nor folder")
    if os.geteuid() == 0:
        os.chown(path, member.uid, member.gid)
    path.chmod(member.mode & 0o777)
    return member.size if member.isreg() else 0


class _opened:
    """`with _opened(file, key) as (sealed, tar)`: a damaged tar is a damaged backup."""

    def __init__(self, file: Path, key: bytes) -> None:
        if file.name.endswith(UNFINISHED):
            raise BackupDamaged("this backup was never finished", remedy="Use an older one, or make another.")
        self._file, self._key = file, key

    def __enter__(self) -> tuple[SealedReader, tarfile.TarFile]:
        self._open = self._file.open("rb")
        sealed = SealedReader(self._open, self._key)
        return sealed, tarfile.open(mode="r|", fileobj=sealed, bufsize=_PART_BYTES)

    def __exit__(self, *_: object) -> None:
        self._open.close()


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    content = tar.extractfile(member) if member is not None and member.name == _MANIFEST else None
    if content is None:
        raise BackupDamaged("the backup does not begin with what it holds")
    found = json.loads(content.read())
    if found.get("version") != 1:
        raise BackupDamaged(f"the backup is of version {found.get('version')}, which is not known here")
    return Manifest(**found)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o600
    tar.addfile(entry, io.BytesIO(text.encode()))


def sizes(paths: list[Path]) -> Iterator[int]:
    """Bytes of each."""
    return (path.stat().st_size for path in paths)
