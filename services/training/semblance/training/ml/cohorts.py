"""Trainings that several threads ask for at once, learnt together."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from semblance.diffusion import Backbone
from semblance.diffusion.cohort.learner import Learner, Learnt
from semblance.diffusion.cohort.loop import train_cohort
from semblance.diffusion.engine.sizes import is_shortage, tidy
from semblance.kernel.errors import SemblanceError
from semblance.training.domain.errors import NoRoomToLearn

_log = logging.getLogger(__name__)
_LOOK_S: Final = 1.0
"""How often somebody who waits for a seat looks whether they still may."""


@dataclass(eq=False)
class _Ticket:
    """Somebody's training, and how it ended once it has. alone: it sits with nobody, for its last cohort failed."""

    learner: Learner
    learnt: Learnt | None = None
    alone: bool = False


class Cohorts:
    """At most `size` at once. Nobody waits for company: the first begins, and others join between its first steps, or
    else the next cohort. The steps run in a thread of their own, so that whoever is stopped leaves at once.

    Nobody pays for the others. Where several ran out of memory, one fewer sits down from then on; where several met a
    defect, each is tried alone, once. Those people go on from their last states, and their callers hear nothing of it.
    """

    def __init__(self, backbone: Callable[[], Backbone], size: int) -> None:
        self._backbone = backbone
        self._size = size
        self._changed = threading.Condition()
        self._waiting: list[_Ticket] = []
        self._seated: list[_Ticket] = []
        self._judged: list[_Ticket] = []
        self._running = False

    @contextlib.contextmanager
    def learning(self, learner: Learner, waits: Callable[[], None]) -> Iterator[tuple[bytes, ...]]:
        """The candidates of this one, for as long as it takes to judge them: no cohort begins meanwhile, for it would
        hold the backbone until its end. waits is called now and then until there is a seat; what it raises passes
        through, as does what the learner's own callbacks raise, which another thread calls in the caller's context.
        Raises NoRoomToLearn where even one alone ran out of memory."""
        ticket = _Ticket(_in_context(learner))
        with self._changed:
            self._waiting.append(ticket)
        try:
            yield self._learnt(ticket, waits).or_raise()
        finally:
            with self._changed:
                for place in (self._waiting, self._judged):
                    if ticket in place:
                        place.remove(ticket)
                self._changed.notify_all()

    def _learnt(self, ticket: _Ticket, waits: Callable[[], None]) -> Learnt:
        while True:
            self._start()
            with self._changed:
                self._changed.wait_for(lambda: ticket.learnt is not None or self._free(), _LOOK_S)
                if ticket.learnt is not None:
                    return ticket.learnt
                waiting = ticket in self._waiting
            if waiting:
                waits()

    def _free(self) -> bool:
        return not self._running and not self._judged

    def _start(self) -> None:
        with self._changed:
            if not self._free() or not self._waiting:
                return
            self._running = True
            self._take()
        threading.Thread(target=self._run, name="cohort", daemon=True).start()

    def _run(self) -> None:
        try:
            # Held by no name here: whoever leaves, and may be erased, must not stay until the last one has learnt.
            train_cohort(self._backbone(), self._first(), joining=self._joining, done=self._done)
        except BaseException as error:  # noqa: BLE001 - it is told to everybody whom it kept from learning
            # The stack's lines stay for the log; what its frames hold is people's, and the memory that ran out.
            traceback.clear_frames(error.__traceback__)
            self._failed(error)
        finally:
            with self._changed:
                self._seated.clear()
                self._running = False
                self._changed.notify_all()

    def _failed(self, error: BaseException) -> None:
        """Nobody who is seated has learnt to the end. A fact of the tree is the same whoever sits there."""
        short = is_shortage(error)
        if short:
            tidy()
        with self._changed:
            people = len(self._seated)
            again = people > 1 and isinstance(error, Exception) and not isinstance(error, SemblanceError)
            if again:
                self._again(self._seated, alone=not short, reason=type(error).__name__)
            for ticket in () if again else self._seated:
                ticket.learnt = Learnt(ended_by=NoRoomToLearn() if short else error)

    def _again(self, tickets: list[_Ticket], *, alone: bool, reason: str) -> None:
        """Before whoever waits. Together they were too many, unless they are tried alone."""
        if not alone:
            self._size = len(self._seated) - 1
        for ticket in tickets:
            ticket.alone = alone
        self._waiting[:0] = tickets
        fields = {"reason": reason, "people": len(self._seated), "alone": alone, "cohort": self._size}
        _log.warning("a cohort is begun again with fewer", extra=fields)

    def _first(self) -> list[Learner]:
        with self._changed:
            return [ticket.learner for ticket in self._seated]

    def _joining(self) -> list[Learner]:
        with self._changed:
            return self._take()

    def _take(self) -> list[Learner]:
        """Seat whoever there is room for, and with those who are tried alone nobody."""
        taken: list[_Ticket] = []
        while self._waiting and len(self._seated) < self._size:
            if self._seated and (self._waiting[0].alone or self._seated[0].alone):
                break
            taken.append(self._waiting.pop(0))
            self._seated.append(taken[-1])
        return [ticket.learner for ticket in taken]

    def _done(self, learner: Learner, learnt: Learnt) -> None:
        short = learnt.ended_by is not None and is_shortage(learnt.ended_by)
        with self._changed:
            [ticket] = [ticket for ticket in self._seated if ticket.learner is learner]
            if short and len(self._seated) > 1:  # while their pictures were read
                self._again([ticket], alone=False, reason=type(learnt.ended_by).__name__)
            else:
                ticket.learnt = Learnt(ended_by=NoRoomToLearn()) if short else learnt
            self._seated.remove(ticket)
            if learnt.ended_by is None:
                self._judged.append(ticket)
            self._changed.notify_all()


def _in_context(learner: Learner) -> Learner:
    """The same, its callbacks in this thread's context: what they send belongs to this request's trace."""
    context = contextvars.copy_context()
    return dataclasses.replace(
        learner,
        progress=lambda done, of: context.run(learner.progress, done, of),
        cancelled=lambda: context.run(learner.cancelled),
    )
