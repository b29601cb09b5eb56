"""Where a cohort learns in a cluster, in this process and without one: who is stopped before their photos are there."""

import asyncio
import os
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from semblance.diffusion import TrainingPicture, load_backbone, lora_settings
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.testing import write_tiny_backbone
from semblance.service_kit.cluster import sealing
from semblance.service_kit.cluster.answers import Refused
from semblance.service_kit.cluster.testing import ENVIRONMENT
from semblance.training.ml import parcels
from semblance.training.ml.cohorts import Cohorts
from semblance.training.ml.parcels import Job, Tick
from semblance.training.ml.starting import TrainerOptions
from semblance.training.ml.trainer import TrainerSettings
from semblance.training.ports import Photo

pytestmark = pytest.mark.integration
MODELS = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
LEFT = "training-left"
STEPS = 12


@pytest.fixture(scope="module")
def seat(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # Ray's own modules, not ours
        for name, value in ENVIRONMENT.items():  # read once, when Ray is imported: later tests of this process join
            patch.setenv(name, value)
        from semblance.training.ml.seat import Seat

    # No backbone lies there: whoever begins to learn says so.
    return Seat(TrainerOptions(TrainerSettings(tmp_path_factory.mktemp("empty"), 1, 1, {}), MODELS, "sface-2021dec"))


def job(name: str) -> Job:
    return Job(name, 2, sealing.new_key())


def photos_of(one: Job) -> bytes:
    return parcels.seal_photos(one, [Photo(b"a photo", ((1.0, 1.0),))] * 5, None)


async def last(said: AsyncIterator[tuple[Any, Any]]) -> Any:
    answers = [answer async for answer, _parcel in said]
    assert isinstance(answers[-1], Refused)
    return answers[-1].code


def test_a_training_that_nobody_stops_is_begun(seat: Any) -> None:
    async def walk() -> None:
        one, arrived = job("stays"), asyncio.get_running_loop().create_future()
        arrived.set_result(photos_of(one))
        assert await last(seat.train(one, [arrived])) == "backbone-unusable"

    asyncio.run(walk())


def test_who_is_stopped_while_the_photos_travel_is_never_opened(seat: Any) -> None:
    async def walk() -> None:
        one, travel = job("travels"), asyncio.get_running_loop().create_future()
        said = seat.train(one, [travel])
        assert await anext(said) == (Tick("preparing", 0, 1), [])
        leaving = asyncio.ensure_future(seat.leave(one.id))
        for _ in range(3):
            await asyncio.sleep(0)
        assert not leaving.done(), "it said that all is let go of, and the photos are still on their way"
        travel.set_result(photos_of(one))
        await asyncio.wait_for(leaving, 60)  # also where nobody reads what it says
        assert await last(said) == LEFT

    asyncio.run(walk())


def test_who_is_stopped_before_their_training_is_here_does_not_begin(seat: Any) -> None:
    async def walk() -> None:
        one, never = job("later"), asyncio.get_running_loop().create_future()
        await asyncio.wait_for(seat.leave(one.id), 60)
        assert await asyncio.wait_for(last(seat.train(one, [never])), 60) == LEFT

    asyncio.run(walk())


def test_who_sits_down_again_goes_on_where_they_were(seat: Any, tmp_path: Path) -> None:
    """Behind a defect each of two is tried alone, in the same process: their last states are here, not on their way."""
    from semblance.training.ml.seat import _Learning

    torch.set_num_threads(1)
    backbone = load_backbone(write_tiny_backbone(tmp_path / "tiny", ip_adapter=False))
    cohorts, loop = Cohorts(lambda: backbone, 2), asyncio.new_event_loop()
    taken: dict[str, list[int]] = {"first": [], "second": []}
    together: list[int] = []

    def defect(_module: torch.nn.Module, args: tuple[torch.Tensor, ...], _kwargs: object) -> None:
        if len(args[0]) > backbone.config.lora.batch_size:
            together.append(len(args[0]))
            if len(together) == 2:
                raise ZeroDivisionError

    def learn(name: str, begun: Callable[[], None]) -> None:
        def step(done: int, _of: int) -> None:
            taken[name].append(done)
            if taken[name] == [1]:
                begun()

        pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
        pictures = [TrainingPicture(image, backbone.config.caption) for image in pixels]
        settings = lora_settings(backbone.config.lora, seed=1, steps=STEPS)
        own = _Learning(job(name), loop)
        with cohorts.learning(Learner(pictures, settings, None, step, lambda: False, own, 1), lambda: None):
            pass

    second = threading.Thread(target=learn, args=("second", lambda: None))

    def company() -> None:
        second.start()
        while not cohorts._waiting:
            threading.Event().wait(0.01)

    hook = backbone.pipeline.unet.register_forward_pre_hook(defect, with_kwargs=True)
    try:
        learn("first", company)
        second.join(60)
    finally:
        hook.remove()
        loop.close()
    assert len(together) == 2
    assert taken == {"first": list(range(1, STEPS + 1)), "second": list(range(1, STEPS + 1))}


def test_nobody_is_remembered_for_ever(seat: Any) -> None:
    async def walk() -> None:
        for number in range(2000):
            await seat.leave(f"another {number}")

    asyncio.run(walk())
    assert len(seat._left) < 2000
    assert "another 1999" in seat._left
    assert not seat._jobs
