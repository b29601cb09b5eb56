"""What every trainer does, wherever it is: one in this process, and one in a Ray cluster that this file starts."""

import contextlib
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from safetensors.numpy import load

from semblance.diffusion.testing import write_tiny_backbone
from semblance.kernel.errors import Unavailable
from semblance.service_kit.cluster.testing import BareCluster, bare_cluster
from semblance.training.domain.errors import UnreadablePhoto
from semblance.training.ml.starting import TrainerOptions, started
from semblance.training.ml.trainer import TrainerSettings
from semblance.training.ports import OnStep, Photo, Trained, Trainer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # the cluster may start three times
MODELS = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
LANDMARKS = ((24.0, 28.0), (40.0, 28.0), (32.0, 36.0), (26.0, 45.0), (38.0, 45.0))
STEPS = 8


class Withdrawn(Exception):
    pass


class Shelf:
    """A checkpoint that is kept here, as the service keeps it."""

    def __init__(self) -> None:
        self.states: list[bytes] = []
        self.loaded = 0

    def load(self) -> bytes | None:
        self.loaded += 1
        return self.states[-1] if self.states else None

    def save(self, state: bytes) -> None:
        self.states.append(state)


@dataclass(frozen=True)
class Tried:
    """trainer: the one that is tried. make: another one like it. cluster: where it learns, or None."""

    trainer: Trainer
    make: Callable[[], Trainer]
    cluster: BareCluster | None = None


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> TrainerOptions:
    backbone = write_tiny_backbone(tmp_path_factory.mktemp("trainers") / "tiny", ip_adapter=True)
    settings = TrainerSettings(
        backbone, 1, 1, {"steps": STEPS}, leak_pictures=1, leak_others=1, cohort=2, checkpoint_steps=2
    )
    return TrainerOptions(settings, MODELS, "sface-2021dec")


@pytest.fixture(scope="module")
def in_process(options: TrainerOptions) -> Tried:
    return Tried(started(options), lambda: started(options))


@pytest.fixture(scope="module")
def in_cluster(options: TrainerOptions) -> Iterator[Tried]:
    with bare_cluster(trainers=1) as cluster, pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        with warnings.catch_warnings():
            # Ray's own modules, not ours: they are imported once, here.
            warnings.simplefilter("ignore")
            from semblance.training.adapters.ray_trainer import ClusterSettings, RayTrainer

        numbers = ClusterSettings(cluster.address, gpus=0, silence_s=20, leave_s=20, idle_s=120)
        trainer = RayTrainer(options, numbers)
        yield Tried(trainer, lambda: RayTrainer(options, numbers), cluster)
        trainer.close()


@pytest.fixture(params=["in_process", "in_cluster"])
def tried(request: pytest.FixtureRequest) -> Tried:
    found: Tried = request.getfixturevalue(request.param)
    return found


def photos(seed: int, count: int = 5) -> list[Photo]:
    pictures = np.random.default_rng(seed).integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
    return [Photo(cv2.imencode(".png", picture)[1].tobytes(), LANDMARKS) for picture in pictures]


def unwatched(_phase: str, _step: int, _steps: int) -> None:
    pass


def stopping_at(step: int, ticks: list[tuple[str, int, int]] | None = None) -> OnStep:
    def on_step(phase: str, now: int, steps: int) -> None:
        if ticks is not None:
            ticks.append((phase, now, steps))
        if phase == "training" and now >= step:
            raise Withdrawn

    return on_step


def same(one: Trained, other: Trained) -> bool:
    faces = [np.array_equal(*pair) for pair in zip(one.faces, other.faces, strict=True)]
    return all(faces) and replace(one, faces=()) == replace(other, faces=())


def alike(one: Trained, other: Trained) -> bool:
    """A joint loop sums in another order than one alone: the weights are the same to 1 %."""
    mine, theirs = load(one.lora), load(other.lora)
    apart = sum(float(np.square(mine[name] - theirs[name]).sum()) for name in theirs)
    return mine.keys() == theirs.keys() and apart < 1e-4 * sum(
        float(np.square(layer).sum()) for layer in theirs.values()
    )


@pytest.fixture(scope="module")
def expected(in_process: Tried) -> Trained:
    """What one person's photos give in this process, undisturbed."""
    return in_process.trainer.train(photos(1), 2, unwatched, Shelf())


def test_the_same_photos_give_the_same_bytes_wherever_they_are_learnt(tried: Tried, expected: Trained) -> None:
    ticks: list[tuple[str, int, int]] = []
    shelf = Shelf()
    trained = tried.trainer.train(photos(1), 2, lambda *tick: ticks.append(tick), shelf)
    assert same(trained, expected)
    assert len(trained.lora) > 1000
    phases = [phase for index, (phase, *_) in enumerate(ticks) if index == 0 or ticks[index - 1][0] != phase]
    assert phases[0] == "preparing"
    assert phases[-2:] == ["training", "evaluating"]
    assert [step for step in range(1, STEPS + 1) if ("training", step, STEPS) in ticks] == [*range(1, STEPS + 1)]
    assert len(shelf.states) >= 3


def test_one_is_stopped_and_whoever_learns_beside_is_not(tried: Tried, expected: Trained) -> None:
    ticks: list[tuple[str, int, int]] = []
    with ThreadPoolExecutor(2) as threads:
        other = threads.submit(tried.trainer.train, photos(2), 2, stopping_at(2, ticks), Shelf())
        mine = threads.submit(tried.trainer.train, photos(1), 2, unwatched, Shelf())
        assert isinstance(other.exception(120), Withdrawn)
        assert alike(mine.result(120), expected)
    assert not any(phase == "evaluating" for phase, *_ in ticks)


def test_a_photo_that_cannot_be_read_is_said_as_it_is(tried: Tried) -> None:
    with pytest.raises(UnreadablePhoto):
        tried.trainer.train([*photos(1, 4), Photo(b"no picture", LANDMARKS)], 2, unwatched, Shelf())


def running(cluster: BareCluster) -> list[tuple[psutil.Process, str]]:
    """Its processes and the first word of their commands; without what ends while it is looked at."""
    found = []
    for each in psutil.Process(cluster.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append((each, (each.cmdline() or [""])[0]))
    return found


def kept_by_ray(cluster: BareCluster) -> list[bytes]:
    """What Ray has on disk, and its store of objects, whose file is deleted and held open."""
    [raylet] = [each for each, word in running(cluster) if Path(word).name == "raylet"]
    opened_files = Path(f"/proc/{raylet.pid}/fd").iterdir()
    stores = [link for link in opened_files if "plasma" in os.path.realpath(link) and not link.is_socket()]
    assert stores
    return [path.read_bytes() for path in [*cluster.folder.rglob("*"), *stores] if path.is_file()]


def test_ray_keeps_neither_photos_nor_states_nor_adapters(in_cluster: Tried, expected: Trained) -> None:
    assert in_cluster.cluster is not None
    shelf, own = Shelf(), photos(1)
    in_cluster.trainer.train(own, 2, unwatched, shelf)
    with pytest.raises(UnreadablePhoto):  # an error writes more than a success
        in_cluster.trainer.train([*own, Photo(b"no picture", LANDMARKS)], 2, unwatched, Shelf())
    kept = kept_by_ray(in_cluster.cluster)
    assert any(b"Seat" in each for each in kept), "nothing was looked at"
    secrets = (own[0].data[200:300], shelf.states[-1][-300:-200], expected.lora[-256:-128], expected.flat[-256:-128])
    for secret in (*secrets, expected.reference[:128]):
        assert len(secret) >= 100
        assert not any(secret in each for each in kept)


def seat(cluster: BareCluster) -> psutil.Process:
    """The process that learns."""
    [found] = [each for each, word in running(cluster) if word.startswith("ray::Seat")]
    return found


def test_a_trainer_that_is_killed_costs_the_steps_since_its_last_state(in_cluster: Tried, expected: Trained) -> None:
    assert in_cluster.cluster is not None
    shelf, begun = Shelf(), []

    def kill(phase: str, step: int, _steps: int) -> None:
        if phase == "training" and step >= 4 and shelf.states and not begun:
            begun.append(step)
            seat(in_cluster.cluster).send_signal(signal.SIGKILL)

    with pytest.raises(Unavailable):
        in_cluster.trainer.train(photos(1), 2, kill, shelf)
    again: list[tuple[str, int, int]] = []
    trained = in_cluster.trainer.train(photos(1), 2, lambda *tick: again.append(tick), shelf)
    assert begun
    assert ("training", 1, STEPS) not in again
    assert same(trained, expected)


def test_whoever_is_stopped_alone_leaves_no_process_behind(in_cluster: Tried) -> None:
    assert in_cluster.cluster is not None
    process: list[psutil.Process] = []

    def withdraw(phase: str, step: int, _steps: int) -> None:
        if phase == "training" and step:
            process.append(seat(in_cluster.cluster))
            raise Withdrawn

    with pytest.raises(Withdrawn):
        in_cluster.trainer.train(photos(1), 2, withdraw, Shelf())
    psutil.wait_procs(process, timeout=60)
    assert process
    assert not process[0].is_running()


def test_a_closed_trainer_trains_nobody_and_a_cluster_that_is_away_is_said_to_be(in_cluster: Tried) -> None:
    other = in_cluster.make()
    other.close()
    with pytest.raises(Unavailable, match="closed"):
        other.train(photos(1), 2, unwatched, Shelf())
