"""Every family, one suite: its plain loop draws what diffusers' own pipeline draws, and its adapters are diffusers'."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from peft import LoraConfig
from safetensors.torch import load_file

from semblance.diffusion.adapter import ADAPTER_NAME, unload
from semblance.diffusion.adapter import loaded as adapter_in
from semblance.diffusion.backbone import Backbone, load_backbone
from semblance.diffusion.errors import AdapterUnusable, PromptTooLong, RequestInvalid
from semblance.diffusion.families.family import Asked, Family
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.pipelines import keeps_parts
from semblance.diffusion.slots import Layout, Slots, Use, flatten
from semblance.diffusion.testing_families import packed, write_tiny_flux, write_tiny_sd3, write_tiny_sdxl

# Of torch's tensors, where diffusers' Euler schedulers hand them to numpy.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

STEPS = 3
TOLERANCE = 2e-5
"""Of pixels of 0 to 1, float32: the same operations in the same order, so almost always none at all."""
SLOT_TOLERANCE = 1e-4
"""The adapter's product is taken in another order: A and B of all lanes at once."""
PLAIN = Asked("a cat", "", 32, 32, 1.0, 0.0)


@dataclass(frozen=True)
class Case:
    """A family, and what its pipeline must be told to do as the family does."""

    write: Callable[[Path], Path]
    told: dict[str, Any]
    takes_negative: bool = True


CASES = {
    "sdxl": Case(write_tiny_sdxl, {}),
    "sd3": Case(write_tiny_sd3, {"max_sequence_length": 256}),
    "flux": Case(write_tiny_flux, {"max_sequence_length": 512}, takes_negative=False),
}
VARIANTS = {
    "sd3-without-t5": Case(functools.partial(write_tiny_sd3, t5=False), {"max_sequence_length": 256}),
    "flux-without-guidance": Case(
        functools.partial(write_tiny_flux, guidance_embeds=False), {"max_sequence_length": 256}, takes_negative=False
    ),
}


@dataclass(frozen=True)
class Loaded:
    case: Case
    directory: Path
    backbone: Backbone
    family: Family


@pytest.fixture(scope="module", params=sorted(CASES))
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    case = CASES[request.param]
    directory = case.write(tmp_path_factory.mktemp(request.param) / "tiny")
    backbone = load_backbone(directory)
    family = family_of(backbone)
    yield Loaded(case, directory, backbone, family)
    family.close()


@torch.no_grad()
def drawn(family: Family, asked: Asked, seed: int) -> NDArray[np.float32]:
    """(H, W, 3) by the port alone, one picture, step after step."""
    scheduler = family.scheduler(STEPS, asked.height_px, asked.width_px)
    latents = family.noise(seed, asked.height_px, asked.width_px) * getattr(scheduler, "init_noise_sigma", 1.0)
    scaled = getattr(scheduler, "scale_model_input", lambda sample, _timestep: sample)
    wanted, unwanted = family.condition(asked)
    for timestep in scheduler.timesteps:
        seen = scaled(latents, timestep)
        if unwanted is None:
            predicted = family.predict(seen, timestep[None], wanted)
        else:
            lanes = {name: torch.cat([unwanted[name], wanted[name]]) for name in wanted}
            without, towards = family.predict(torch.cat([seen, seen]), timestep[None].expand(2), lanes).chunk(2)
            predicted = without + asked.guidance_scale * (towards - without)
        latents = scheduler.step(predicted, timestep, latents, return_dict=False)[0]
    return picture(family, latents)


def by_diffusers(own: Loaded, asked: Asked, seed: int) -> NDArray[np.float32]:
    negative = {"negative_prompt": asked.negative_prompt or None} if own.case.takes_negative else {}
    images = own.backbone.pipeline(
        asked.prompt,
        height=asked.height_px,
        width=asked.width_px,
        guidance_scale=asked.guidance_scale,
        num_inference_steps=STEPS,
        generator=torch.Generator().manual_seed(seed),
        output_type="np",
        **negative,
        **own.case.told,
    ).images
    return np.asarray(images[0])


@pytest.mark.parametrize(
    ("guidance", "negative", "size"),
    [(1.0, "", (32, 32)), (3.0, "", (48, 32)), (3.0, "blurred, dark", (32, 32)), (1.0, "unread", (48, 32))],
)
def test_the_port_draws_what_the_pipeline_draws(
    loaded: Loaded, guidance: float, negative: str, size: tuple[int, int]
) -> None:
    asked = Asked("a photo of a cat", negative, *size, guidance, 0.0)
    ours, theirs = drawn(loaded.family, asked, 5), by_diffusers(loaded, asked, 5)
    assert ours.shape == (*size, 3)
    assert np.abs(ours - theirs).max() <= TOLERANCE
    assert np.abs(ours - drawn(loaded.family, replace(asked, prompt="two dogs"), 5)).max() > 100 * TOLERANCE


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_the_variants_of_a_family_are_drawn_too(variant: str, tmp_path: Path) -> None:
    case = VARIANTS[variant]
    backbone = load_backbone(case.write(tmp_path / "tiny"))
    own = Loaded(case, tmp_path, backbone, family_of(backbone))
    asked = replace(PLAIN, guidance_scale=3.0)
    assert np.abs(drawn(own.family, asked, 5) - by_diffusers(own, asked, 5)).max() <= TOLERANCE


def picture(family: Family, latents: torch.Tensor) -> NDArray[np.float32]:
    return np.asarray(family.decode(latents)[0].permute(1, 2, 0))


def trained(own: Loaded, seed: int) -> bytes:
    """A LoRA of every tower; the denoiser's took some steps of AdamW through the family, the others' are random."""
    backbone, family = own.backbone, own.family
    generator = torch.Generator().manual_seed(seed)
    mean, deviation = family.encode(torch.rand(2, 3, 32, 32, generator=generator) * 2 - 1)
    latents = mean + deviation * torch.randn(mean.shape, generator=generator)
    noise = torch.randn(latents.shape, generator=generator)
    noisy, timesteps, target, weights = family.noised(latents, noise, generator)
    lanes = {name: told.expand(2, *told.shape[1:]) for name, told in family.condition(PLAIN)[0].items()}
    (_, denoiser), *texts = backbone.towers.items()
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            targets = list(backbone.config.lora.unet_targets)
            denoiser.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=targets), ADAPTER_NAME)
            for _, tower in texts:
                config = LoraConfig(r=2, lora_alpha=2, target_modules=["q_proj", "fc1"], init_lora_weights=False)
                tower.add_adapter(config, ADAPTER_NAME)
        parameters = [parameter for parameter in denoiser.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(parameters, lr=0.02)
        losses = []
        for _ in range(5):
            error = (family.predict(noisy, timesteps, lanes) - target).square().mean((1, 2, 3))
            loss = (error * weights).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.detach().item())
        assert losses[-1] < losses[0]
        return packed(backbone)
    finally:
        unload(backbone)


@pytest.fixture(scope="module")
def loras(loaded: Loaded) -> list[bytes]:
    return [trained(loaded, seed) for seed in (1, 2)]


def test_an_adapter_learnt_through_the_port_is_diffusers_own(
    loaded: Loaded, loras: list[bytes], tmp_path: Path
) -> None:
    file = tmp_path / "lora.safetensors"
    file.write_bytes(loras[0])
    asked = replace(PLAIN, guidance_scale=3.0)
    bare = by_diffusers(loaded, asked, 5)
    own_class = type(loaded.backbone.pipeline)
    stock = own_class.from_pretrained(str(loaded.directory), use_safetensors=True)
    stock.set_progress_bar_config(disable=True)
    stock.load_lora_weights(str(file))
    towers = {key.split(".")[0] for key in load_file(str(file))}
    assert towers == set(loaded.family.towers())
    theirs = by_diffusers(replace(loaded, backbone=replace(loaded.backbone, pipeline=stock)), asked, 5)
    with adapter_in(loaded.backbone, loras[0]):
        ours = drawn(loaded.family, asked, 5)
    assert np.abs(ours - theirs).max() <= TOLERANCE
    assert np.abs(ours - bare).max() > 100 * TOLERANCE
    loaded.backbone.require_bare()
    assert np.array_equal(by_diffusers(loaded, asked, 5), bare)


@torch.no_grad()
def test_slots_give_every_lane_what_diffusers_gives_with_its_adapter_alone(loaded: Loaded, loras: list[bytes]) -> None:
    backbone, family = loaded.backbone, loaded.family
    worn, prompts = [loras[1], None, loras[0]], ["a cat", "a photo of two dogs", "rain"]
    asked = [replace(PLAIN, prompt=prompt) for prompt in prompts]
    theirs = []
    for lora, own in zip(worn, asked, strict=True):
        with adapter_in(backbone, lora):
            theirs.append(by_diffusers(loaded, own, 5))
    targets = backbone.config.lora.unet_targets, backbone.config.lora.text_targets
    layout = Layout.of(family.towers(), *targets, 4, 2, torch.float32, backbone_digest=family.digest)
    slots = Slots(family.towers(), layout, 2)
    try:
        uses = [[Use(slots.acquire(flatten(lora, layout), "somebody"))] if lora else [] for lora in worn]
        lanes = [_conditioned(slots, family, own, use) for own, use in zip(asked, uses, strict=True)]
        told = {name: torch.cat([lane[name] for lane in lanes]) for name in lanes[0]}
        denoiser = next(iter(family.towers()))
        slots.bind(denoiser, uses)
        scheduler = family.scheduler(STEPS, 32, 32)
        latents = family.noise(5, 32, 32).expand(3, -1, -1, -1) * getattr(scheduler, "init_noise_sigma", 1.0)
        scaled = getattr(scheduler, "scale_model_input", lambda sample, _timestep: sample)
        for timestep in scheduler.timesteps:
            predicted = family.predict(scaled(latents, timestep), timestep.expand(3), told)
            latents = scheduler.step(predicted, timestep, latents, return_dict=False)[0]
        ours = [picture(family, own[None]) for own in latents]
    finally:
        slots.detach()
    for mine, own in zip(ours, theirs, strict=True):
        assert np.abs(mine - own).max() <= SLOT_TOLERANCE
    backbone.require_bare()


def _conditioned(slots: Slots, family: Family, asked: Asked, uses: list[Use]) -> Any:
    with contextlib.ExitStack() as worn:
        for prefix in family.towers():
            if prefix.startswith("text_encoder"):
                worn.enter_context(slots.uniform(prefix, uses))
        return family.condition(asked)[0]


def test_sizes_prompts_and_references_that_a_family_cannot_draw(loaded: Loaded) -> None:
    family = loaded.family
    assert family.size(None, None) == (32, 32)
    assert family.size(48, None) == (48, 32)
    for size in ((33, 32), (32, 0), (2, 32)):
        with pytest.raises(RequestInvalid, match="multiples of 4 px"):
            family.size(*size)
    with pytest.raises(PromptTooLong):
        family.condition(replace(PLAIN, prompt="long " * 399))
    with pytest.raises(AdapterUnusable, match="no reference"):
        family.condition(replace(PLAIN, references=(np.ones(4, np.float32),)))


def test_a_directory_says_before_it_is_loaded_whether_its_family_draws_people_in_parts(loaded: Loaded) -> None:
    assert keeps_parts(loaded.directory) is (loaded.family.regional is not None)
    assert keeps_parts(loaded.directory / "away") is None
