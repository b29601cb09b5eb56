"""Several threads ask for a training at once: they learn together, and none waits for another's end or pays for it."""

import contextvars
import gc
import threading
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch

from semblance.diffusion import Backbone, TrainingPicture, load_backbone, lora_settings
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.testing import write_tiny_backbone
from semblance.training.domain.errors import NoRoomToLearn
from semblance.training.ml.cohorts import Cohorts

pytestmark = pytest.mark.integration
torch.set_num_threads(1)  # two on busy cores wait for each other at every operation
WHO = contextvars.ContextVar[str]("WHO")
STEPS = 12


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return load_backbone(write_tiny_backbone(tmp_path_factory.mktemp("cohorts") / "tiny", ip_adapter=False))


def learner(backbone: Backbone, seed: int, progress: Callable[[int, int], None], steps: int = STEPS) -> Learner:
    pixels = np.random.default_rng(seed).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    pictures = [TrainingPicture(image, backbone.config.caption) for image in pixels]
    settings = lora_settings(backbone.config.lora, seed=seed, steps=steps)
    return Learner(pictures, settings, None, progress, lambda: False)


def nobody_waits() -> None:
    """For those who need not be asked."""


class Asked:
    """A thread that asks for a training and keeps what became of it."""

    def __init__(self, cohorts: Cohorts, one: Learner, who: str) -> None:
        self.found: tuple[bytes, ...] | BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(cohorts, one, who))

    def _run(self, cohorts: Cohorts, one: Learner, who: str) -> None:
        WHO.set(who)
        try:
            with cohorts.learning(one, nobody_waits) as found:
                self.found = found
        except Exception as error:  # noqa: BLE001 - looked at by the test
            self.found = error

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(300)
        assert not self._thread.is_alive()


def test_those_who_ask_at_once_learn_together_and_one_who_fails_leaves_alone(backbone: Backbone) -> None:
    class Withdrawn(Exception):
        pass

    cohorts, steps = Cohorts(lambda: backbone, 3), []
    others: list[Asked] = []

    def first(done: int, _of: int) -> None:
        steps.append(("a", done, WHO.get()))
        if done == 1:
            for other in others:
                other.start()
            while len(cohorts._waiting) < 2:
                threading.Event().wait(0.01)

    def fails(done: int, _of: int) -> None:
        steps.append(("b", done, WHO.get()))
        if done == 2:
            raise Withdrawn

    leading = Asked(cohorts, learner(backbone, 1, first), "a")
    others += [
        Asked(cohorts, learner(backbone, 2, fails), "b"),
        Asked(cohorts, learner(backbone, 3, lambda done, _of: steps.append(("c", done, WHO.get()))), "c"),
    ]
    leading.start()
    for asked in (leading, *others):
        asked.join()
    assert isinstance(leading.found, tuple)
    assert isinstance(others[0].found, Withdrawn)
    assert isinstance(others[1].found, tuple)
    assert all(name == who for name, _step, who in steps)  # everybody's callbacks run in their own context
    assert [step for name, step, _who in steps if name == "b"] == [1, 2]
    assert steps.index(("c", 1, "c")) < steps.index(("a", 5, "a"))
    with backbone.lock:  # whoever is done is told before the last layers are taken off
        backbone.require_bare()


def test_the_next_one_begins_when_the_last_is_judged_and_may_be_stopped_while_it_waits(backbone: Backbone) -> None:
    class Withdrawn(Exception):
        pass

    cohorts = Cohorts(lambda: backbone, 1)
    begun = threading.Event()
    second = Asked(cohorts, learner(backbone, 2, lambda _done, _of: begun.set(), steps=1), "b")

    def withdrawn() -> None:
        raise Withdrawn

    with cohorts.learning(learner(backbone, 1, lambda _done, _of: None, steps=1), nobody_waits) as found:
        second.start()
        with pytest.raises(Withdrawn), cohorts.learning(learner(backbone, 3, lambda *_: None, steps=1), withdrawn):
            pass
        assert found
        assert not begun.is_set()
    second.join()
    assert isinstance(second.found, tuple)


def test_nothing_of_whoever_has_left_stays_until_the_others_have_learnt(backbone: Backbone) -> None:
    """The one that left is the first, whose pictures and adapter most places know."""
    cohorts = Cohorts(lambda: backbone, 2)
    left = threading.Event()
    held: list[weakref.ref[object]] = []
    still_there: list[bool] = []

    def stays(done: int, _of: int) -> None:
        if done == 3 * STEPS:
            assert left.wait(60)
            gc.collect()
            still_there.extend(one() is not None for one in held)

    other = Asked(cohorts, learner(backbone, 2, stays, steps=4 * STEPS), "b")

    def begins(done: int, _of: int) -> None:
        if done == 1:
            other.start()
            while not cohorts._waiting:
                threading.Event().wait(0.01)

    def leave() -> None:
        one = learner(backbone, 1, begins)
        held.extend(weakref.ref(picture) for picture in one.pictures)
        with cohorts.learning(one, nobody_waits):
            held.append(weakref.ref(cohorts._judged[0].learnt))

    leave()
    left.set()
    other.join()
    assert isinstance(other.found, tuple)
    assert still_there == [False] * 3


def test_what_keeps_everybody_from_learning_is_told_to_each(backbone: Backbone) -> None:
    class Missing(Exception):
        pass

    def missing() -> Backbone:
        raise Missing

    cohorts = Cohorts(missing, 2)
    one = learner(backbone, 1, lambda _done, _of: None)
    for _ in "ab":
        with pytest.raises(Missing), cohorts.learning(one, nobody_waits):
            pass


@pytest.mark.parametrize(
    ("failure", "fits"), [(torch.OutOfMemoryError("CUDA out of memory"), 2), (ValueError("a defect"), 1)]
)
def test_what_ends_a_cohort_ends_nobody_who_can_learn_in_a_smaller_one(
    backbone: Backbone, failure: Exception, fits: int
) -> None:
    """Three sit together once; what they bring is more than fits. Two do, or each alone."""
    cohorts, people = Cohorts(lambda: backbone, 3), []

    def no_more_than_fit(_module: torch.nn.Module, args: tuple[torch.Tensor, ...], _kwargs: object) -> None:
        people.append(len(args[0]) // backbone.config.lora.batch_size)
        if people[-1] > fits:
            raise failure

    others = [Asked(cohorts, learner(backbone, seed, lambda *_: None, steps=4), str(seed)) for seed in (2, 3)]

    def first(done: int, _of: int) -> None:
        if done == 1 and not people[1:]:
            for other in others:
                other.start()
            while len(cohorts._waiting) < 2:
                threading.Event().wait(0.01)

    leading = Asked(cohorts, learner(backbone, 1, first), "1")
    hook = backbone.pipeline.unet.register_forward_pre_hook(no_more_than_fit, with_kwargs=True)
    try:
        leading.start()
        for asked in (leading, *others):
            asked.join()
    finally:
        hook.remove()
    assert [type(asked.found) for asked in (leading, *others)] == [tuple] * 3
    assert [number for number in people if number > fits] == [3]
    assert people[:2] == [1, 3]
    assert max(people[2:]) == fits
    with backbone.lock:
        backbone.require_bare()


def test_one_alone_who_does_not_fit_is_told_so(backbone: Backbone) -> None:
    def nothing_fits(_module: torch.nn.Module, _args: object) -> None:
        raise MemoryError

    cohorts = Cohorts(lambda: backbone, 2)
    hook = backbone.pipeline.unet.register_forward_pre_hook(nothing_fits)
    try:
        with pytest.raises(NoRoomToLearn), cohorts.learning(learner(backbone, 1, lambda *_: None), nobody_waits):
            pass
    finally:
        hook.remove()
