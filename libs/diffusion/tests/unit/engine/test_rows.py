"""Every row of a batch is the picture that diffusers draws with that adapter alone."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
from numpy.typing import NDArray

from semblance.diffusion import Adapter, Backbone, RenderRequest, render, together
from semblance.diffusion.engine import EngineRequest
from semblance.diffusion.testing import write_tiny_backbone

# diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LEVELS = 1
"""Of 255, at most: float32 sums in another order, rounded to bytes."""
Pictures = list[NDArray[np.uint8]]


def alike(ours: Pictures, theirs: Pictures) -> bool:
    return len(ours) == len(theirs) and all(
        np.abs(a.astype(int) - b.astype(int)).max() <= LEVELS for a, b in zip(ours, theirs, strict=True)
    )


@pytest.fixture(scope="module")
def epsilon(tmp_path_factory: pytest.TempPathFactory, make_drawing: Callable[..., Any]) -> Any:
    directory = tmp_path_factory.mktemp("epsilon") / "tiny"
    write_tiny_backbone(directory, ip_adapter=False, prediction_type="epsilon")
    return make_drawing(directory, references=False)


def with_scheduler(drawing: Any, name: str) -> None:
    for backbone in (drawing.stock, drawing.own):
        backbone.pipeline.scheduler = getattr(diffusers, name).from_config(backbone.pipeline.scheduler.config)


def check(drawing: Any, drawn: Callable[..., Pictures], requests: list[tuple[int | None, RenderRequest]]) -> None:
    """All requests at once, each joining a step after the one before it."""
    engine = drawing.engine(lanes=(4, 8))
    tickets = []
    for person, picture in requests:
        worn = () if person is None else (drawing.people[person].worn,)
        tickets.append(engine.submit(EngineRequest(picture, worn)))
        engine.turn()
    drawn(engine, *tickets)
    bare = render(drawing.stock, requests[0][1], None)
    for (person, picture), ticket in zip(requests, tickets, strict=True):
        adapter = None if person is None else drawing.people[person].adapter
        assert alike(ticket.result(0), render(drawing.stock, picture, adapter))
    assert not alike(tickets[0].result(0), bare)
    engine.close()
    drawing.own.require_bare()


def test_ddim_with_references(drawing: Any, drawn: Callable[..., Pictures]) -> None:
    check(
        drawing,
        drawn,
        [
            (0, RenderRequest("a photo of sks person", 5, steps=6)),
            (1, RenderRequest("a photo", 6, steps=4, guidance_scale=7.0, likeness_scale=0.3, count=2)),
            (None, RenderRequest("a drawing", 7, negative_prompt="sad", steps=5)),
            (2, RenderRequest("a photo", 8, steps=4, guidance_scale=1.0)),
            (3, RenderRequest("x" * 60, 9, steps=3, likeness_scale=0.0)),
        ],
    )


@pytest.mark.parametrize("scheduler", ["EulerDiscreteScheduler", "LCMScheduler", "DPMSolverMultistepScheduler"])
def test_other_schedulers(epsilon: Any, drawn: Callable[..., Pictures], scheduler: str) -> None:
    with_scheduler(epsilon, scheduler)
    check(
        epsilon,
        drawn,
        [
            (0, RenderRequest("a photo of sks person", 5, steps=5)),
            (1, RenderRequest("a photo", 6, steps=3, count=2)),
            (None, RenderRequest("a drawing", 7, steps=4)),
        ],
    )


def test_rescaled_guidance_is_each_rows_own(drawing: Any, drawn: Callable[..., Pictures]) -> None:
    def rescaled(backbone: Backbone) -> Backbone:
        sampler = dataclasses.replace(backbone.config.sampler, guidance_rescale=0.7, guidance_scale=6.0)
        return dataclasses.replace(backbone, config=dataclasses.replace(backbone.config, sampler=sampler))

    changed = dataclasses.replace(drawing, stock=rescaled(drawing.stock), own=rescaled(drawing.own))
    check(changed, drawn, [(0, RenderRequest("a photo", 1)), (1, RenderRequest("a photo", 2))])


def test_two_people_on_a_row_are_both_their_adapters(epsilon: Any, drawn: Callable[..., Pictures]) -> None:
    with_scheduler(epsilon, "DDIMScheduler")
    engine, picture = epsilon.engine(), RenderRequest("a photo", 3)
    people = epsilon.people[:2]
    both = EngineRequest(picture, tuple(person.worn for person in people))
    of_both = drawn(engine, engine.submit(both), engine.submit(epsilon.request(2)))
    expected = render(epsilon.stock, picture, Adapter(together(people[0].lora, people[1].lora)))
    assert alike(of_both, expected)
    assert not alike(of_both, render(epsilon.stock, picture, people[0].adapter))


def test_strength_is_the_requests_own(epsilon: Any, drawn: Callable[..., Pictures]) -> None:
    with_scheduler(epsilon, "DDIMScheduler")
    engine, picture = epsilon.engine(), RenderRequest("a photo", 3)
    worn = epsilon.people[0].worn
    full, none = (
        engine.submit(EngineRequest(picture, (dataclasses.replace(worn, strength=strength),)))
        for strength in (1.0, 0.0)
    )
    drawn(engine, full, none)
    assert alike(full.result(0), render(epsilon.stock, picture, epsilon.people[0].adapter))
    assert alike(none.result(0), render(epsilon.stock, picture, None))


def test_another_size_is_a_class_of_its_own(drawing: Any, drawn: Callable[..., Pictures], face_dir: Path) -> None:
    engine = drawing.engine()
    wide = engine.submit(drawing.request(0, height_px=32, width_px=64))
    square = engine.submit(drawing.request(0))
    drawn(engine, wide, square)
    assert wide.result(0)[0].shape == (32, 64, 3)
    assert alike(square.result(0), render(drawing.stock, drawing.request(0).picture, drawing.people[0].adapter))
    assert len(engine.stats().proven) == 2
