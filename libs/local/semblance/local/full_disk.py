"""SeaweedFS after a full disk: its filer's journals refuse for good what follows the first write that failed."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

_NO_ROOM = (b"no space left on device", b"file too large", b"disk quota exceeded")  # ENOSPC, EFBIG, EDQUOT
_ROOM_BYTES = 64 * 2**20
_LONG_ENOUGH_S = 5.0
_TAIL_BYTES = 2**18


class FullDisk:
    """What a store's log tells of it; asked again and again."""

    def __init__(self, log: Path, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._now_s = now_s
        self._read = 0
        self._since_s: float | None = None
        self.begin()

    def begin(self) -> None:
        """The store was started: what it wrote before counts no more."""
        self._read, self._since_s = self._size(), None

    def stuck(self, pid: int) -> bool:
        """Whether its writes go on failing for want of room, for five seconds in which there was some. Then nothing but
        another start helps: goleveldb's journal keeps the error of its first write that failed."""
        if not self._fails():
            return False
        if not has_room(pid, self._log.parent):
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = self._now_s()
        return self._now_s() - self._since_s >= _LONG_ENOUGH_S

    def _fails(self) -> bool:
        size = self._size()
        if size <= self._read:  # nothing new, or emptied because it was too long
            self._read = size
            return False
        with self._log.open("rb") as file:
            file.seek(max(self._read, size - _TAIL_BYTES))
            new = file.read(_TAIL_BYTES)
        self._read = size
        return any(words in new for words in _NO_ROOM)

    def _size(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0


def has_room(pid: int, folder: Path) -> bool:
    """Whether `folder`'s disk has 64 MiB, and the process may make its files longer."""
    try:
        limit, _ = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    except (ProcessLookupError, PermissionError):
        return False
    return limit == resource.RLIM_INFINITY and shutil.disk_usage(folder).free >= _ROOM_BYTES
