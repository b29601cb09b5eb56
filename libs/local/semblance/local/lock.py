"""One supervisor a data directory. The file's lock ends with the process that holds it, also after kill -9."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from semblance.kernel.errors import Conflict


class AlreadyRunning(Conflict):
    """A platform already runs on this data directory."""

    code = "already-running"


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock. `started` is its start in clock ticks since boot: pids are used again."""

    pid: int
    started: int


class Lock:
    """`with Lock(path):` or AlreadyRunning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Lock:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            os.close(descriptor)
            raise AlreadyRunning("a platform already runs on this data directory") from e
        me = {"pid": os.getpid(), "started": started_of(os.getpid())}
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(me).encode())
        self._descriptor = descriptor
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(path: Path) -> Holder | None:
    """The living process that holds the lock, or None."""
    if not path.exists():
        return None
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read()
        else:
            return None
    if not text:
        return None
    found = Holder(**json.loads(text))
    return found if started_of(found.pid) == found.started else None


def started_of(pid: int) -> int | None:
    """When the process began, in clock ticks since boot; None if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[19])
