"""Where a row begins: pure noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.schedule import Plan
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.families.family import Family


@dataclass(frozen=True)
class Opening:
    """latents (1, ...) before step `first_step`. after(latents, steps_taken): what becomes of them after each step."""

    latents: torch.Tensor = field(repr=False)
    first_step: int = 0
    after: Callable[[torch.Tensor, int], torch.Tensor] | None = field(default=None, repr=False)


def require_openable(request: EngineRequest) -> None:
    """Raise RequestInvalid for a request that this engine cannot begin."""
    if request.start is not None:
        raise RequestInvalid("this engine draws from nothing only")
    if any(worn.region is not None for worn in request.worn):
        raise RequestInvalid("this engine draws whole pictures only")


def opening(
    family: Family, plan: Plan, request: EngineRequest, size: tuple[int, int], seed: int
) -> tuple[Opening, torch.Generator]:
    """Where the row with this seed begins, and its generator (CPU) as diffusers' pipeline leaves it there."""
    require_openable(request)
    noise = family.noise(seed, *size)
    generator = torch.Generator("cpu").manual_seed(seed)
    if plan.noisy:
        torch.randn(noise.shape, generator=generator, dtype=noise.dtype)  # as the pipeline does for its latents
    return Opening(noise * plan.start_scale), generator
