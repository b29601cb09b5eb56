"""Rows of the larger architectures, tiny, are what their own pipelines draw with each adapter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from semblance.diffusion import EngineRequest, EngineSettings, Layout, RenderRequest, StepEngine, Worn, flatten
from semblance.diffusion.adapter import loaded
from semblance.diffusion.backbone import Backbone, load_backbone
from semblance.diffusion.testing_families import write_tiny_flux, write_tiny_sd3, write_tiny_sdxl

# diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LEVELS = 1
"""Of 255, at most: float32 sums in another order, rounded to bytes."""
FAMILIES: dict[str, tuple[Callable[[Path], Path], dict[str, Any]]] = {
    "sdxl": (write_tiny_sdxl, {}),
    "sd3": (write_tiny_sd3, {"max_sequence_length": 256}),
    "flux": (write_tiny_flux, {"max_sequence_length": 512}),
}


def random_lora(layout: Layout, seed: int) -> bytes:
    draw, tensors = torch.Generator().manual_seed(seed), {}
    for tower in layout.towers:
        for layer in tower.layers:
            name = f"{tower.prefix}.{layer.name}"
            kernel = (1,) * (len(layer.down) - 1)
            tensors[f"{name}.lora_A.weight"] = torch.randn(2, *layer.down, generator=draw) * 0.3
            tensors[f"{name}.lora_B.weight"] = torch.randn(layer.up, 2, *kernel, generator=draw) * 0.3
    made: bytes = save(tensors)
    return made


@torch.no_grad()
def by_diffusers(
    stock: Backbone, picture: RenderRequest, lora: bytes | None, told: dict[str, Any]
) -> NDArray[np.uint8]:
    with loaded(stock, lora):
        images = stock.pipeline(
            picture.prompt,
            guidance_scale=picture.guidance_scale,
            num_inference_steps=picture.steps,
            generator=torch.Generator().manual_seed(picture.seed),
            height=32,
            width=32,
            output_type="np",
            **told,
        ).images
    return np.round(np.asarray(images[0]) * 255.0).astype(np.uint8)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_rows_are_what_the_pipeline_draws(
    name: str, tmp_path: Path, drawn: Callable[..., list[NDArray[np.uint8]]]
) -> None:
    write, told = FAMILIES[name]
    directory = write(tmp_path / "tiny")
    engine, stock = StepEngine(load_backbone(directory), EngineSettings(lanes=(4,))), load_backbone(directory)
    try:
        loras = [random_lora(engine.layout, seed) for seed in range(2)]
        asked: list[tuple[RenderRequest, bytes | None]] = [
            (RenderRequest("a cat", 1, steps=4, guidance_scale=3.0), loras[0]),
            (RenderRequest("a dog", 2, steps=2, guidance_scale=5.0), loras[1]),
            (RenderRequest("a dog", 2, steps=3, guidance_scale=5.0), None),
        ]
        tickets = []
        for picture, lora in asked:
            worn = () if lora is None else (Worn(f"subject-{len(tickets)}", flatten(lora, engine.layout)),)
            tickets.append(engine.submit(EngineRequest(picture, worn, height_px=32, width_px=32)))
            engine.turn()
        drawn(engine, *tickets)
    finally:
        engine.close()
    pictures = [ticket.result(0)[0].astype(int) for ticket in tickets]
    for ours, (picture, lora) in zip(pictures, asked, strict=True):
        assert np.abs(ours - by_diffusers(stock, picture, lora, told)).max() <= LEVELS
    assert np.abs(pictures[1] - by_diffusers(stock, asked[1][0], None, told)).max() > 8 * LEVELS
