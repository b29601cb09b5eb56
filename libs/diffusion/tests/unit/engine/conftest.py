import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semblance.diffusion import Adapter, Backbone, FlatAdapter, RenderRequest, flatten, load_backbone
from semblance.diffusion.engine import EngineRequest, EngineSettings, StepEngine, Ticket, Worn, layout_of
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.slots.testing import RANK, TEXT_RANK, TEXT_TARGETS, UNET_TARGETS, random_lora
from semblance.diffusion.testing import REFERENCE_SIZE
from semblance.kernel.clock import FakeClock

PEOPLE = 5


@dataclass(frozen=True)
class Person:
    """What one person's adapter is to diffusers, and to the engine."""

    subject_id: str
    lora: bytes
    flat: FlatAdapter
    reference: NDArray[np.float32] | None

    @property
    def adapter(self) -> Adapter:
        return Adapter(self.lora, self.reference)

    @property
    def worn(self) -> Worn:
        return Worn(self.subject_id, self.flat, self.reference)


def with_targets(backbone: Backbone) -> Backbone:
    """The backbone with the targets and ranks of `random_lora`."""
    lora = dataclasses.replace(
        backbone.config.lora,
        unet_targets=UNET_TARGETS,
        text_targets=TEXT_TARGETS,
        rank=RANK,
        text_rank=TEXT_RANK,
    )
    return dataclasses.replace(backbone, config=dataclasses.replace(backbone.config, lora=lora))


class Watched:
    """A family whose denoiser is asked through `before(latents)`; all else is the family's own."""

    def __init__(self, family: Any, before: Callable[[torch.Tensor], None]) -> None:
        self._family = family
        self._before = before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._family, name)

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Any) -> torch.Tensor:
        self._before(latents)
        predicted: torch.Tensor = self._family.predict(latents, timesteps, lanes)
        return predicted


@dataclass
class Drawing:
    """A backbone that diffusers draws with, and its twin, which engines take over one after another."""

    stock: Backbone
    own: Backbone
    people: list[Person]
    engines: list[StepEngine]
    clock: FakeClock

    def engine(self, *, before: Callable[[torch.Tensor], None] = lambda _latents: None, **settings: Any) -> StepEngine:
        """An engine with small batches, closed with the test. before: what happens just before every forward."""
        for engine in self.engines:
            engine.close()
        stated = EngineSettings(**{"lanes": (4,), "max_lanes_in_flight": 16, **settings})
        self.clock = FakeClock()
        made = StepEngine(Watched(family_of(self.own), before), stated, self.clock)
        self.engines.append(made)
        return made

    def request(self, person: int | None = None, *, seed: int = 1, steps: int = 3, **changes: Any) -> EngineRequest:
        """A small picture of one person, or of nobody."""
        picture = {name: changes.pop(name) for name in list(changes) if name in _PICTURE}
        worn = () if person is None else (self.people[person].worn,)
        return EngineRequest(RenderRequest("a photo", seed, steps=steps, **picture), worn, **changes)


_PICTURE = {field.name for field in dataclasses.fields(RenderRequest)} - {"prompt", "seed", "steps"}


def drawing_of(directory: Path, *, references: bool) -> Drawing:
    stock, own = with_targets(load_backbone(directory)), with_targets(load_backbone(directory))
    layout = layout_of(own, EngineSettings())
    people = []
    for index in range(PEOPLE):
        lora = random_lora(stock, index)
        vector = np.random.default_rng(index).normal(size=REFERENCE_SIZE).astype(np.float32)
        reference = vector / np.linalg.norm(vector) if references else None
        people.append(Person(f"subject-{index}", lora, flatten(lora, layout), reference))
    return Drawing(stock, own, people, [], FakeClock())


@pytest.fixture(scope="session")
def make_drawing() -> Callable[..., Drawing]:
    return drawing_of


@pytest.fixture(scope="session")
def faces_(face_dir: Path) -> Drawing:
    return drawing_of(face_dir, references=True)


@pytest.fixture
def drawing(faces_: Drawing) -> Iterator[Drawing]:
    """The tiny backbone that takes references: DDIM, v-prediction."""
    yield faces_
    while faces_.engines:
        faces_.engines.pop().close()


@pytest.fixture(scope="session")
def drawn() -> Callable[..., list[NDArray[np.uint8]]]:
    """Turn an engine that was not started until the tickets are over; the first one's pictures."""

    def turn(engine: StepEngine, *tickets: Ticket, most: int = 400) -> list[NDArray[np.uint8]]:
        for _turn in range(most):
            if all(ticket.over for ticket in tickets):
                return tickets[0].result(0)
            engine.turn()
        raise AssertionError(f"not over after {most} turns")

    return turn
