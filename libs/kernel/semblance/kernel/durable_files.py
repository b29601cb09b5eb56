"""Files that are either wholly there or not there, also after kill -9 or a power cut. Errors are the system's own."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def create_exclusively(path: Path, content: bytes) -> bool:
    """Create `path` (mode 600) with `content` unless it exists; whether this call made it.

    Written and synced under a temporary name, then linked: a reader sees all of it or nothing, and of two writers
    one wins. Raises OSError.
    """
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
        sync_directory(path.parent)


def shred(path: Path) -> bool:
    """Overwrite and unlink; whether there was a file. Raises OSError.

    A copy-on-write disk or a flash controller may keep the old blocks.
    """
    try:
        with path.open("r+b") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            file.write(os.urandom(size_bytes))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        return False
    sync_directory(path.parent)
    return True


def make_private_directory(path: Path) -> None:
    """Create the directory (mode 700) unless it is there. Raises OSError."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(PermissionError):  # one may make a folder where one may not list
            sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Names in it are on the disk when this returns. Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
