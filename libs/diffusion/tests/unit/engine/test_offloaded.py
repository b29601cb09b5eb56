"""Modules that wait in main memory, as far as a machine without a GPU can tell: its accelerator is `cpu:0`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.engine import EngineSettings, StepEngine, layout_of
from semblance.diffusion.slots import Slots, Use


def test_one_large_module_at_a_time_draws_the_same_picture(
    face_dir: Path, make_drawing: Callable[..., Any], drawn: Callable[..., list[NDArray[np.uint8]]]
) -> None:
    drawing = make_drawing(face_dir, references=True)
    plain = drawing.engine()
    expected = drawn(plain, plain.submit(drawing.request(1)))[0]
    plain.close()
    pipeline = drawing.own.pipeline
    pipeline.enable_model_cpu_offload(device="cpu")
    denoiser_there: list[bool] = [False]
    met: list[bool] = []
    on_move(pipeline.unet, denoiser_there.append)
    on_move(pipeline.text_encoder, lambda comes: met.append(denoiser_there[-1]) if comes else None)
    offloaded = replace(drawing.own, options=replace(drawing.own.options, offload=True))
    engine = StepEngine(offloaded, EngineSettings(lanes=(4,), max_lanes_in_flight=16))
    try:
        first = engine.submit(drawing.request(1, steps=3))
        for _turn in range(2):
            engine.turn()
        # Somebody's words are read while another's picture is on its way.
        second = engine.submit(drawing.request(2, steps=2))
        picture = drawn(engine, first, second)[0]
    finally:
        engine.close()
        pipeline.remove_all_hooks()
    assert np.array_equal(picture, expected)
    assert len(met) >= 2
    assert not any(met)
    assert denoiser_there.count(True) >= 2


def on_move(module: Any, told: Callable[[bool], object]) -> None:
    """Say whenever the module comes to the accelerator (True) or leaves it. That the denoiser sends the text encoder
    away is accelerate's own doing, and nothing to be seen where both places are one memory."""
    move = module.to

    def to(device: Any) -> Any:
        told(torch.device(device).index is not None)
        return move(device)

    module.to = to


def test_slots_lie_where_the_towers_compute_and_not_where_they_wait(
    plain_dir: Path, make_drawing: Callable[..., Any]
) -> None:
    drawing = make_drawing(plain_dir, references=False)
    slots = Slots(drawing.own.towers, layout_of(drawing.own, EngineSettings()), 1, torch.device("meta"))
    try:
        slots.bind("unet", [[Use(slots.acquire(drawing.people[0].flat, "somebody"))]])
        worn = [part.a for part in drawing.own.denoiser.modules() if getattr(part, "a", None) is not None]
        assert worn
        assert {tensor.device.type for tensor in worn} == {"meta"}
    finally:
        slots.detach()
