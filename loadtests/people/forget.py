"""Whoever a run brought to an installation that stays is erased there when the run ends, however it ends: a face that
stays enrolled is held back at its next enrolment, in the next run and in `helm test`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loadtests.people import book
from loadtests.people.book import Book
from loadtests.people.pool import pool
from loadtests.world import Somebody
from semblance.client import Client
from semblance.client.errors import ApiError, StillRunning, Unreachable
from semblance.client.models import Erasure
from semblance.kernel.errors import Kind, SemblanceError

# For everybody together.
WITHIN_S = 600.0
_AT_ONCE = 4
_LOOK_EVERY_S = 0.5


@contextmanager
def guests(url: str, folder: Path, say: Callable[[str], None]) -> Iterator[Callable[[Somebody], None]]:
    """To be told of everybody who joins; whoever did is erased at the end, after an interruption and a SIGTERM too. A
    second one ends the erasing. Who is left is in the folder's book."""
    for earlier in book.books([folder.parent]):
        say(f"people of an earlier run are left, unless it is still going on: {_command(earlier)}")
    kept = Book.begun(folder / book.NAME, url)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) or signal.SIG_DFL
    try:
        yield kept.add
    finally:
        try:
            kept.close()
            dismiss(kept.path, url, say)
        finally:
            signal.signal(signal.SIGTERM, before)


def dismiss(path: Path, url: str, say: Callable[[str], None]) -> bool:
    """Erase everybody in a book; whether nobody is left. An interruption leaves it as it was. Raises NoBook."""
    _, left = book.read(path)
    say(f"erasing {len(left)} people")
    try:
        left = forget(url, left, say)
        book.keep(path, url, left)
    finally:
        if left:
            say(f"up to {len(left)} people are left: {_command(path)}")
    return not left


def forget(
    url: str, people: Sequence[Somebody], say: Callable[[str], None], *, within_s: float = WITHIN_S
) -> list[Somebody]:
    """Whoever may still be there. Those with a face come first and are waited for, until the face is free; the
    platform erases an account by itself once it has been asked. Where nobody is known, all may be elsewhere."""
    erasing = _Erasing(url, say, time.monotonic() + within_s)
    first = sorted(people, key=lambda who: not who.face)
    try:
        with pool(_AT_ONCE) as threads:
            gone = list(threads.map(erasing.gone, first))
    finally:
        erasing.enough.set()
    if all(gone) and not erasing.known and any(who.subject_id for who in first):
        say(f"nobody of them is known at {url}: is it the right one? If they are gone, remove the list")
        return first
    return [who for who, is_gone in zip(first, gone, strict=True) if not is_gone]


class _Erasing:
    """`enough`: nobody more is asked, and nobody waited for. `known`: somebody was there, or had been."""

    def __init__(self, url: str, say: Callable[[str], None], end_s: float) -> None:
        self.enough, self.known = threading.Event(), False
        self._url, self._say, self._end_s = url, say, end_s

    def gone(self, who: Somebody) -> bool:
        """Whether they are, or will be without anybody doing more."""
        if self.enough.is_set() or time.monotonic() > self._end_s:
            return False
        try:
            with Client(self._url, who.token or None, retries=8) as client:
                asked = _asked(client, who)
                self.known |= asked is not None
                if asked is not None and who.face:
                    self._wait(client, asked)
        except Unreachable as e:
            self.enough.set()
            self._say(str(e))
            return False
        except SemblanceError as e:
            self._say(f"{who.handle} is not erased: {e.code}")
            return False
        return True

    def _wait(self, client: Client, asked: Erasure) -> None:
        while asked.state != "completed":
            if self.enough.wait(_LOOK_EVERY_S) or time.monotonic() > self._end_s:
                raise StillRunning(asked.id, WITHIN_S)
            asked = client.erasure(asked.id)


def _asked(client: Client, who: Somebody) -> Erasure | None:
    """None: there is no such account, or no more. A token may be too old, or never have come."""
    if client.token:
        try:
            return client.erase(who.password)
        except ApiError as e:
            if e.code != "invalid-token":
                raise
    try:
        client.sign_in(who.handle, who.password)
    except ApiError as e:
        if e.kind is not Kind.GONE and e.code != "invalid-grant":
            raise
        return None
    return client.erase(who.password)


def _command(path: Path) -> str:
    return f"`python -m loadtests.people --erase {path}` erases them"
