"""Rows of the larger architectures, tiny, are what their own pipelines draw with each adapter."""

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, StableDiffusion3InpaintPipeline
from numpy.typing import NDArray
from safetensors.torch import save

from semblance.diffusion import EngineRequest, EngineSettings, Layout, RenderRequest, StepEngine, Worn, flatten
from semblance.diffusion.adapter import loaded
from semblance.diffusion.backbone import Backbone, load_backbone
from semblance.diffusion.engine import Region, Start
from semblance.diffusion.testing_families import write_tiny_flux, write_tiny_sd3, write_tiny_sdxl

# diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

PX = 32
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
    stock: Backbone, picture: RenderRequest, lora: bytes | None, told: dict[str, Any], kind: Any = None
) -> NDArray[np.uint8]:
    """kind: of diffusers' pipelines for a picture to begin at, the one that is meant."""
    with loaded(stock, lora):
        pipeline = stock.pipeline if kind is None else kind.from_pipe(stock.pipeline)
        pipeline.set_progress_bar_config(disable=True)
        sized = {"height": PX, "width": PX} if "height" in inspect.signature(pipeline.__call__).parameters else {}
        # diffusers 0.42.1 forgets the shift when it decodes what Stable Diffusion 3 has inpainted, and only there.
        shifted = isinstance(pipeline, StableDiffusion3InpaintPipeline)
        images = pipeline(
            picture.prompt,
            guidance_scale=picture.guidance_scale,
            num_inference_steps=picture.steps,
            generator=torch.Generator().manual_seed(picture.seed),
            output_type="latent" if shifted else "np",
            **sized,
            **told,
        ).images
        if shifted:
            own = pipeline.vae.config
            decoded = pipeline.vae.decode(images / own.scaling_factor + own.shift_factor, return_dict=False)[0]
            images = pipeline.image_processor.postprocess(decoded, output_type="np")
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
            tickets.append(engine.submit(EngineRequest(picture, worn, height_px=PX, width_px=PX)))
            engine.turn()
        drawn(engine, *tickets)
    finally:
        engine.close()
    pictures = [ticket.result(0)[0].astype(int) for ticket in tickets]
    for ours, (picture, lora) in zip(pictures, asked, strict=True):
        assert np.abs(ours - by_diffusers(stock, picture, lora, told)).max() <= LEVELS
    assert np.abs(pictures[1] - by_diffusers(stock, asked[1][0], None, told)).max() > 8 * LEVELS


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_edits_are_what_the_familys_own_pipelines_draw(
    name: str, tmp_path: Path, drawn: Callable[..., list[NDArray[np.uint8]]]
) -> None:
    write, told = FAMILIES[name]
    directory = write(tmp_path / "tiny")
    image = np.random.default_rng(7).integers(0, 256, (PX, PX, 3), dtype=np.uint8)
    mask = np.zeros((PX, PX), np.uint8)
    mask[:, PX // 2 :] = 255
    engine, stock = StepEngine(load_backbone(directory), EngineSettings(lanes=(4,))), load_backbone(directory)
    try:
        lora = random_lora(engine.layout, 0)
        worn = (Worn("subject", flatten(lora, engine.layout)),)
        picture = RenderRequest("a cat", 5, steps=4, guidance_scale=3.0)
        starts = [Start(image, 0.5), Start(image, 0.5, mask), Start(image, 1.0, mask)]
        tickets = [
            engine.submit(EngineRequest(picture, worn, height_px=PX, width_px=PX, start=start)) for start in starts
        ]
        drawn(engine, *tickets)
    finally:
        engine.close()
    if name == "sd3":  # its inpainting asks for the real one's channels by number, and computes with those there are
        stock.denoiser.register_to_config(in_channels=16)
    told = told | {"image": torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255}
    for ticket, start in zip(tickets, starts, strict=True):
        kind, own = AutoPipelineForImage2Image, told | {"strength": start.strength}
        if start.mask is not None:
            kind, own = AutoPipelineForInpainting, own | {"mask_image": torch.from_numpy(mask.copy())[None, None] / 255}
        ours, theirs = ticket.result(0)[0], by_diffusers(stock, picture, lora, own, kind)
        deep = np.s_[:, (0 if start.mask is None else PX // 2 + 2) :]  # past the seam
        assert int(np.abs(ours[deep].astype(int) - theirs[deep]).max()) <= LEVELS
        if start.mask is not None:
            assert np.array_equal(ours[:, : PX // 2], image[:, : PX // 2])


def test_two_people_on_sdxl_have_a_part_each_and_the_same_bytes_beside_others(
    tmp_path: Path, drawn: Callable[..., list[NDArray[np.uint8]]]
) -> None:
    left, right = Region(0.0, 0.0, 0.5, 1.0, "smiling"), Region(0.5, 0.0, 1.0, 1.0, "in a hat")
    engine = StepEngine(load_backbone(write_tiny_sdxl(tmp_path / "tiny")), EngineSettings(lanes=(4, 8)))
    people = [Worn(f"subject-{seed}", flatten(random_lora(engine.layout, seed), engine.layout)) for seed in range(3)]

    def pair(first: int, second: int, *parts: Region | None) -> EngineRequest:
        worn = zip((people[first], people[second]), parts or (left, right), strict=True)
        both = tuple(dataclasses.replace(each, region=part) for each, part in worn)
        return EngineRequest(RenderRequest("a photo", 4, steps=2, guidance_scale=3.0), both)

    try:
        [one], [another] = (drawn(engine, engine.submit(pair(0, second))) for second in (1, 2))
        [everywhere], [others] = (drawn(engine, engine.submit(pair(0, second, None, None))) for second in (1, 2))
        tickets = [engine.submit(each) for each in (pair(0, 1), pair(2, 1), EngineRequest(RenderRequest("a dog", 1)))]
        [beside] = drawn(engine, *tickets)
    finally:
        engine.close()
    assert np.array_equal(one, beside)
    apart, together = (np.abs(a.astype(float) - b) for a, b in ((one, another), (everywhere, others)))
    half = one.shape[1] // 2
    # Convolutions and group norms carry something over; how much a trained backbone lets through is not measured here.
    assert apart[:, half:].mean() > apart[:, :half].mean()
    assert apart[:, :half].mean() / apart[:, half:].mean() < together[:, :half].mean() / together[:, half:].mean()
