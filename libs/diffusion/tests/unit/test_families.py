"""Every family, one suite: its plain loop draws what diffusers' own pipeline draws, and its adapters are diffusers'."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semblance.diffusion.backbone import Backbone, load_backbone
from semblance.diffusion.families.family import Asked, Family
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.testing_families import write_tiny_sdxl

# Of torch's tensors, where diffusers' Euler schedulers hand them to numpy.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

STEPS = 3
TOLERANCE = 2e-5
"""Of pixels of 0 to 1, float32: the same operations in the same order, so almost always none at all."""
PLAIN = Asked("a cat", "", 32, 32, 1.0, 0.0)


@dataclass(frozen=True)
class Case:
    """A family, and what its pipeline must be told to do as the family does."""

    write: Callable[[Path], Path]
    told: dict[str, Any]
    takes_negative: bool = True


CASES = {"sdxl": Case(write_tiny_sdxl, {})}


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
    return np.asarray(family.decode(latents)[0].permute(1, 2, 0))


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
