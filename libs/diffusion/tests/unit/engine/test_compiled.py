"""A compiled denoiser draws what it drew, and is compiled for shapes of batches only: never for who is in one.

By torch.compile's backend `eager`, which traces and guards as the others do and needs no compiler; what a compiler
makes of it is measured by tests/bench_engine.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch._dynamo.utils import counters

from semblance.diffusion import BackboneOptions, BackboneUnusable, load_backbone
from semblance.diffusion.engine import EngineRequest, EngineSettings, Region, StepEngine
from semblance.diffusion.families import compiling

COMPILED = BackboneOptions(compiled=True, compiler="eager")
LEFT, RIGHT = Region(0.0, 0.0, 0.5, 1.0, "a photo"), Region(0.5, 0.0, 1.0, 1.0, "a photo")


@pytest.fixture
def compiled_anew() -> Iterator[Callable[[], int]]:
    """How many graphs were made since it was asked last."""
    torch._dynamo.reset()
    counters.clear()
    seen = 0

    def asked() -> int:
        nonlocal seen
        before, seen = seen, counters["stats"]["unique_graphs"]
        return seen - before

    yield asked
    torch._dynamo.reset()
    counters.clear()


def test_adapters_come_and_go_without_a_graph_more(
    face_dir: Path,
    make_drawing: Callable[..., Any],
    drawn: Callable[..., list[NDArray[np.uint8]]],
    compiled_anew: Callable[[], int],
) -> None:
    drawing = make_drawing(face_dir, references=True)
    plain = drawing.engine()
    pair = drawing.request(3), drawing.request(None, seed=2)
    expected = [drawn(plain, plain.submit(each))[0] for each in pair]
    plain.close()
    settings = EngineSettings(lanes=(4,), max_lanes_in_flight=16)
    engine = StepEngine(replace(drawing.own, options=COMPILED), settings)
    try:
        together = [engine.submit(each) for each in pair]
        drawn(engine, *together)
        assert all(np.array_equal(ticket.result(0)[0], each) for ticket, each in zip(together, expected, strict=True))
        assert compiled_anew() == 1
        for people in ((0, 1), (2, None), (4, 0)):
            drawn(engine, *(engine.submit(drawing.request(person, seed=7)) for person in people))
        engine.revoke(subject_id=drawing.people[0].subject_id)
        drawn(engine, engine.submit(drawing.request(1)))
        assert compiled_anew() == 0
        drawn(engine, engine.submit(in_parts(drawing, 0, 1)))
        assert compiled_anew() > 0  # two people in a picture are another shape
        drawn(engine, engine.submit(in_parts(drawing, 4, 2)))
        assert compiled_anew() == 0
    finally:
        engine.close()


def in_parts(drawing: Any, left: int, right: int) -> EngineRequest:
    asked: EngineRequest = drawing.request()
    people = (replace(drawing.people[left].worn, region=LEFT), replace(drawing.people[right].worn, region=RIGHT))
    return replace(asked, worn=people)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (BackboneOptions(compiled=True, compiler="a backend that is not there"), "torch.compile does not work here"),
        (BackboneOptions(compiled=True, offload=True, device="cuda"), "is not compiled|no device"),
    ],
)
def test_what_cannot_be_compiled_is_refused_before_weights_are_read(
    plain_dir: Path, options: BackboneOptions, says: str
) -> None:
    with pytest.raises(BackboneUnusable, match=says):
        load_backbone(plain_dir, options)


class Doubling(torch.nn.Module):
    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return numbers * 2


class Family:
    def __init__(self) -> None:
        self.denoiser = Doubling()

    def towers(self) -> dict[str, torch.nn.Module]:
        return {"unet": self.denoiser}


def test_more_shapes_are_compiled_than_torch_would_by_itself(compiled_anew: Callable[[], int]) -> None:
    family: Any = Family()
    compiling.compile_denoiser(family, "eager")
    for lanes in range(2, 22):
        family.denoiser(torch.zeros(lanes, 2))
    assert compiled_anew() == 20
