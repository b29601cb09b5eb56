"""Who joined an installation that stays: on the disk before their account is made, so that whatever becomes of the run,
they can be erased."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from loadtests import ledger
from loadtests.world import Somebody

NAME = "people.jsonl"


class NoBook(RuntimeError):
    """A file that is no book of people, or that cannot be read."""


class Closed(RuntimeError):
    """Everybody who is in the book is being erased; nobody joins any more."""


@dataclass
class Book:
    """A line a person, the last one of a handle counts; before them, where they are. Mode 600: it holds passwords and
    tokens of people who do not exist."""

    path: Path
    _closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def begun(cls, path: Path, url: str) -> Book:
        """A new one, of nobody. Raises FileExistsError."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _append(path, json.dumps({"url": url}))
        return cls(path)

    def add(self, who: Somebody) -> None:
        """On the disk when it returns; from any thread. Raises Closed."""
        with self._lock:
            if self._closed:
                raise Closed("people are being erased")
            _append(self.path, json.dumps(asdict(who)))

    def close(self) -> None:
        """Nobody is added from now on."""
        with self._lock:
            self._closed = True


def read(path: Path) -> tuple[str, list[Somebody]]:
    """Where they are, and everybody once; a line that was cut off is left out. Raises NoBook."""
    try:
        head, *lines = path.read_text().splitlines(keepends=True)
        url = str(json.loads(head)["url"])
        rows = [Somebody(**json.loads(line)) for line in lines if line.endswith("\n")]
    except (OSError, ValueError, TypeError, KeyError) as e:
        raise NoBook(f"{path} is no list of a load test's people: {type(e).__name__}") from e
    return url, list({who.handle: who for who in rows}.values())


def keep(path: Path, url: str, left: Sequence[Somebody]) -> None:
    """Only these are in it from now on; of nobody there is no book."""
    if not left:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for row in ({"url": url}, *map(asdict, left)):
        _append(fresh, json.dumps(row))
    fresh.replace(path)


def books(places: Iterable[Path]) -> list[Path]:
    """The books among files, in runs' folders and in folders of runs."""
    found = []
    for place in places:
        found += [place] if place.is_file() else sorted({*place.glob(NAME), *place.glob(f"*/{NAME}")})
    return found


def _append(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        ledger.put(descriptor, line.encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
