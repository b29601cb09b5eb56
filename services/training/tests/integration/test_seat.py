"""Where a cohort learns in a cluster, in this process and without one: who is stopped before their photos are there."""

import asyncio
import os
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from semblance.service_kit.cluster import sealing
from semblance.service_kit.cluster.answers import Refused
from semblance.service_kit.cluster.testing import ENVIRONMENT
from semblance.training.ml import parcels
from semblance.training.ml.parcels import Job, Tick
from semblance.training.ml.starting import TrainerOptions
from semblance.training.ml.trainer import TrainerSettings
from semblance.training.ports import Photo

pytestmark = pytest.mark.integration
MODELS = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
LEFT = "training-left"


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


def test_nobody_is_remembered_for_ever(seat: Any) -> None:
    async def walk() -> None:
        for number in range(2000):
            await seat.leave(f"another {number}")

    asyncio.run(walk())
    assert len(seat._left) < 2000
    assert "another 1999" in seat._left
    assert not seat._jobs
