"""A file of lines that many threads write and that never grows past its limit."""

from __future__ import annotations

import threading
from pathlib import Path

from semblance.kernel.units import MIB


class LineFile:
    """Appends whole lines; at `limit_bytes` the file becomes `<name>.1` and a new one begins."""

    def __init__(self, path: Path, *, limit_bytes: int = 50 * MIB) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def write(self, line: str) -> None:
        """Append `line` and its end, and hand it to the system."""
        with self._lock:
            if self._file.tell() > self._limit_bytes:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file = self._path.open("a", encoding="utf-8")
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing is written after this."""
        with self._lock:
            self._file.close()


def cut(path: Path, limit_bytes: int = 20 * MIB) -> None:
    """Empty a file that another process appends to, once it is too long."""
    if path.exists() and path.stat().st_size > limit_bytes:
        with path.open("r+b") as file:
            file.truncate(0)
