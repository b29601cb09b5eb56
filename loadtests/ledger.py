"""The independent ledger: what was asked of the platform and what it promised, written by the asker, line by line.

Append-only, and on the disk before and after each call: a harness that dies knows what it had asked for. It shares no
code, clock or store with the platform.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

ASKED, ACCEPTED, REFUSED, UNANSWERED = "asked", "accepted", "refused", "unanswered"
REVOKING, REVOKED, SAW = "revoking", "revoked", "saw"
ERASING, ERASED = "erasing", "erased"
# Of whom nobody knows whether they are still there: an erasure may take effect though its answer never came.
LEAVING = {ERASING, ERASED}


@dataclass(frozen=True)
class Entry:
    """One line. `key` is the call's Idempotency-Key; `job_id` is known from ACCEPTED on; `kind`: photo, adapter, image,
    consent or account; `at` is Unix time by the harness."""

    what: str
    at: float
    kind: str = ""
    key: str = ""
    job_id: str = ""
    subject_id: str = ""
    consent_id: str = ""
    state: str = ""


def put(descriptor: int, line: bytes) -> None:
    """All of it at the end of a file, or nothing: half a line would take the next one with it. Raises OSError."""
    if (written := os.write(descriptor, line)) < len(line):
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise OSError(errno.ENOSPC, f"there is room for {written} of {len(line)} bytes of a line")


class Ledger:
    """One file, one process. `sync` puts a descriptor's bytes on the disk."""

    def __init__(self, path: Path, *, sync: Callable[[int], object] = os.fsync) -> None:
        self._sync = sync
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str, **fields: str) -> Entry:
        """Returns once the line is on the disk."""
        entry = Entry(what, time.time(), **fields)
        row = {name: value for name, value in asdict(entry).items() if value != ""}
        put(self._file, (json.dumps(row) + "\n").encode())
        self._sync(self._file)
        return entry

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def read(paths: Iterable[Path]) -> list[Entry]:
    """Every whole line of several ledgers by time; a line that was cut off by a kill is no promise and is left out."""
    found: list[Entry] = []
    for path in paths:
        for line in path.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                found.append(Entry(**json.loads(line)))
    return sorted(found, key=lambda entry: entry.at)
