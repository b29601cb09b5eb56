"""Files that are either wholly there or not there, also after kill -9 or a power cut."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from semblance.objects.errors import KeyRingUnavailable


def create_exclusively(path: Path, content: bytes) -> bool:
    """Create `path` (mode 600) with `content` unless it exists; whether this call made it.

    Written and synced under a temporary name, then linked: a reader sees all of it or nothing, and of two writers
    one wins. Raises KeyRingUnavailable.
    """
    with _wrapped():
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            return True
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
            _sync_directory(path.parent)


def left_over_temporaries(path: Path) -> list[Path]:
    """Temporary files that a killed `create_exclusively(path)` left behind."""
    with _wrapped():
        return sorted(path.parent.glob(f".{path.name}.*.new"))


def read(path: Path) -> bytes | None:
    """The file's bytes, or None where there is no file. Raises KeyRingUnavailable."""
    with _wrapped():
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def shred(path: Path) -> bool:
    """Overwrite and unlink; whether there was a file.

    A copy-on-write disk or a flash controller may keep the old blocks: what they hold is still wrapped by the master
    key. Raises KeyRingUnavailable.
    """
    with _wrapped():
        try:
            with path.open("r+b") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                file.write(os.urandom(size_bytes))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return False
        _sync_directory(path.parent)
        return True


def make_private_directory(path: Path) -> None:
    """Create the directory (mode 700) unless it is there. Raises KeyRingUnavailable."""
    with _wrapped():
        if not path.is_dir():
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(PermissionError):  # one may make a folder where one may not list
                _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _wrapped() -> Iterator[None]:
    try:
        yield
    except OSError as e:
        if e.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise KeyRingUnavailable("the key ring's disk is full", remedy="Free disk space, then try again.") from e
        if e.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise KeyRingUnavailable(
                "the key ring may not be written or read", remedy="Check the owner and mode of its directory."
            ) from e
        raise KeyRingUnavailable(f"the key ring's disk answers {errno.errorcode.get(e.errno or 0, 'an error')}") from e
