"""The key ring's files: durable, with errors that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semblance.kernel import durable_files
from semblance.objects.errors import KeyRingUnavailable


def create_exclusively(path: Path, content: bytes) -> bool:
    """As semblance.kernel.durable_files. Raises KeyRingUnavailable."""
    with _wrapped():
        return durable_files.create_exclusively(path, content)


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
    """As semblance.kernel.durable_files: what old blocks hold is still wrapped by the master key. Raises
    KeyRingUnavailable."""
    with _wrapped():
        return durable_files.shred(path)


def make_private_directory(path: Path) -> None:
    """Create the directory (mode 700) unless it is there. Raises KeyRingUnavailable."""
    with _wrapped():
        durable_files.make_private_directory(path)


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
