"""Several people's adapters in one forward and one backward a step; nobody's depends on who else is in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.ground import ground_of
from semblance.diffusion.cohort.layers import attach
from semblance.diffusion.cohort.learner import Learner, Learnt, require_alike
from semblance.diffusion.cohort.person import Person
from semblance.diffusion.cohort.state import State, mark_of
from semblance.diffusion.cohort.study import Rows
from semblance.diffusion.cohort.weights import CohortLayer, Weights
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.errors import Cancelled
from semblance.diffusion.slots.attaching import detach

JOIN_WITHIN: Final = 0.1
"""Share of its steps within which whoever is furthest still lets others join: a finished adapter waits for the rest."""

Joining = Callable[[], Sequence[Learner]]
Done = Callable[[Learner, Learnt], None]


def nobody() -> Sequence[Learner]:
    """For cohorts that nobody joins."""
    return ()


def train_cohort(
    backbone: Backbone, learners: Sequence[Learner], *, joining: Joining = nobody, done: Done | None = None
) -> list[Learnt]:
    """Train everybody's LoRA at once; how each ended, in the learners' order and then that of joining.

    Losses are summed, gradients clipped a person, draws made by a generator a person: the result is that of training
    alone but for rounding. Between two steps those who finished, were cancelled or whose callbacks raised leave, and
    those whom `joining` returns come in, as long as nobody is past JOIN_WITHIN. done is told as soon as somebody has
    left; whoever is told keeps it: nothing of them stays here while the others go on, and the answer is empty. Raises
    RequestInvalid when the first learners' settings do not go together; a later one's ends that one alone.
    """
    settings = _of_all(learners)
    with backbone.lock:
        backbone.require_bare()
        cohort = _Cohort(backbone, settings, done)
        with cohort.attached():
            cohort.admit(learners)
            del learners  # their pictures, which go when they do
            while cohort.people:
                if cohort.open:
                    cohort.admit(joining())
                cohort.step()
        backbone.require_bare()
    return [cohort.ended[number] for number in sorted(cohort.ended)]


class _Seat(NamedTuple):
    """Somebody in the cohort: the how manieth they were to come, and what their checkpoints are marked with."""

    number: int
    person: Person
    mark: str


class _Cohort:
    """The people of now. Whatever one's callbacks raise is that one's end only."""

    def __init__(self, backbone: Backbone, settings: LoraSettings, done: Done | None) -> None:
        self.people: list[_Seat] = []
        self.ended: dict[int, Learnt] = {}
        self._backbone = backbone
        self._settings = settings
        self._done = done
        self._ground = ground_of(backbone)
        try:
            self._weights = Weights.of(self._ground.towers, settings)
        except Exception:
            self._ground.close()
            raise
        self._layers: dict[str, dict[str, CohortLayer]] = {}
        self._came = 0

    @property
    def open(self) -> bool:
        """Whether somebody may still join."""
        return all(seat.person.step <= JOIN_WITHIN * seat.person.learner.settings.steps for seat in self.people)

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Layers that learn in place of the towers' own; the very modules are back afterwards."""
        try:
            for prefix, tower in self._ground.towers.items():
                self._layers[prefix] = attach(tower, self._weights.names(prefix), self._weights.scale)
            yield
        finally:
            for prefix, layers in self._layers.items():
                detach(self._ground.towers[prefix], layers)
            self._ground.close()

    def admit(self, learners: Sequence[Learner]) -> None:
        """Seat them, each where a checkpoint of theirs left off. The backbone is bare while their pictures are read."""
        self._bind([])
        for learner in learners:
            number, self._came = self._came, self._came + 1
            try:
                require_alike(self._settings, learner.settings)
                seat = self._seated(number, learner)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this person's end and nobody else's
                self._end(number, learner, Learnt(ended_by=error))
            else:
                self.people.append(seat)

    def step(self) -> None:
        """One forward, one backward, everybody's update; then everybody is told, and those who are done leave."""
        self._each(_stop_if_cancelled)
        if not self.people:
            return
        self._bind([seat.person.vector for seat in self.people])
        rows = Rows.together([seat.person.study.rows(seat.person.generator) for seat in self.people])
        rows.loss(self._ground.predict(rows)).backward()  # type: ignore[no-untyped-call]
        for seat in self.people:
            seat.person.update()
        self._bind([seat.person.vector.detach() for seat in self.people])
        self._each(_tell)
        for seat in [seat for seat in self.people if seat.person.finished]:
            self._leave(seat, Learnt(seat.person.candidates()))

    def _seated(self, number: int, learner: Learner) -> _Seat:
        study = self._ground.study(learner)
        mark = mark_of(self._backbone, learner)
        held = learner.checkpoint.load() if learner.checkpoint_steps else None
        state = None
        if held is not None:
            state = State.from_bytes(held, mark, self._weights.floats, learner.settings.steps)
        state = state or State.fresh(self._weights.initial(learner.settings.seed))
        return _Seat(number, Person(learner, self._weights, study, state, self._backbone.device), mark)

    def _each(self, ask: Callable[[_Seat], None]) -> None:
        for seat in list(self.people):
            try:
                ask(seat)
            except Exception as error:  # noqa: BLE001 - as in admit
                self._leave(seat, Learnt(ended_by=error))

    def _leave(self, seat: _Seat, learnt: Learnt) -> None:
        self.people.remove(seat)
        self._end(seat.number, seat.person.learner, learnt)

    def _end(self, number: int, learner: Learner, learnt: Learnt) -> None:
        if self._done is None:
            self.ended[number] = learnt
        else:
            self._done(learner, learnt)

    def _bind(self, vectors: list[torch.Tensor]) -> None:
        """Everybody's weights into the layers; none: the layers are the bare ones."""
        if vectors:
            self._weights.bind(vectors, self._layers)
            return
        for layers in self._layers.values():
            for layer in layers.values():
                layer.a = layer.b = None


def _of_all(learners: Sequence[Learner]) -> LoraSettings:
    """The settings of the first, which everybody else's go with. Raises RequestInvalid."""
    for learner in learners[1:]:
        require_alike(learners[0].settings, learner.settings)
    return learners[0].settings


def _stop_if_cancelled(seat: _Seat) -> None:
    if seat.person.learner.cancelled():
        raise Cancelled


def _tell(seat: _Seat) -> None:
    person = seat.person
    person.save(seat.mark)
    person.learner.progress(person.step, person.learner.settings.steps)
