"""Listening to what another process of the cluster says: answers as they come, and errors of the tree as values."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from semblance.kernel.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Kind,
    NotFound,
    SemblanceError,
    Unavailable,
)

Said = TypeVar("Said")
_KINDS: Final[dict[str, type[SemblanceError]]] = {
    Kind.INVALID.value: Invalid,
    Kind.NOT_FOUND.value: NotFound,
    Kind.FORBIDDEN.value: Forbidden,
    Kind.CONFLICT.value: Conflict,
    Kind.GONE.value: Gone,
}


@dataclass(frozen=True)
class Refused:
    """An error of the tree, as values: what is raised elsewhere would bring its stack along."""

    kind: str
    code: str
    detail: str
    remedy: str

    @staticmethod
    def of(error: SemblanceError) -> Refused:
        """To be sent."""
        return Refused(error.kind.value, error.code, error.detail, error.remedy)

    def error(
        self, away: type[Unavailable], own: Mapping[str, Callable[[], SemblanceError]] | None = None
    ) -> SemblanceError:
        """As it was raised there: by its code where `own` has that, else by its kind. What may be asked again is
        `away`, but not as somebody who is away: they answered."""
        if own and self.code in own:
            return own[self.code]()
        if self.kind not in _KINDS:
            return away(self.detail, remedy=self.remedy, code=self.code, away=self.code == away.code)
        return _KINDS[self.kind](self.detail, remedy=self.remedy, code=self.code)


class Answers(Protocol):
    """What Ray gives for a call that answers several times."""

    def __iter__(self) -> Iterator[Any]: ...

    def cancel(self) -> None: ...


class Stream(Generic[Said]):
    """Answers of one call, read in a thread of its own: Ray's iterators can only be waited for without an end.

    away: what is raised when whoever answers is lost. begins: whether an answer says that what was asked for is begun.
    """

    def __init__(
        self, ask: Callable[[], Answers], away: type[Unavailable], begins: Callable[[Said], bool] = lambda _said: True
    ) -> None:
        self._ask = ask
        self._away = away
        self._begins = begins
        self._heard: queue.SimpleQueue[Said | Exception] = queue.SimpleQueue()
        self._answers: Answers | None = None
        self._closed = threading.Event()
        self.begun = False
        self._reader = threading.Thread(target=self._read, name="answers", daemon=True)
        self._reader.start()

    def next(self, timeout_s: float) -> Said | None:
        """The next answer; None while there is none. Raises `away`: of one that had begun, whatever is asked for may be
        why it was lost."""
        try:
            said = self._heard.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if isinstance(said, Exception):
            raise self._away("the engine was lost", away=not self.begun) from said
        self.begun = self.begun or self._begins(said)
        return said

    def close(self) -> None:
        """Whatever still runs is told to stop."""
        self._closed.set()
        if self._answers is not None:
            self._answers.cancel()

    def end(self, timeout_s: float) -> None:
        """Close, and wait until nobody reads any more: to let go of Ray under a reader ends its thread badly."""
        self.close()
        self._reader.join(timeout_s)

    def _read(self) -> None:
        try:
            self._answers = self._ask()
            if self._closed.is_set():
                self._answers.cancel()
            for said in self._answers:
                self._heard.put(said)
            self._heard.put(self._away("the engine said no last word"))
        except Exception as error:  # noqa: BLE001 - whatever Ray raises, it is the asking thread that must know
            self._heard.put(error)
