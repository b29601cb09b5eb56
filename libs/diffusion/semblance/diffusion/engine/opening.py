"""Where a row begins: pure noise, or a picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from semblance.diffusion.engine.editing import After, begin
from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.schedule import Plan
from semblance.diffusion.families.family import Family


@dataclass(frozen=True)
class Opening:
    """latents (1, ...) before step `first_step`. after(latents, steps_taken): what becomes of them after each step."""

    latents: torch.Tensor = field(repr=False)
    first_step: int = 0
    after: After | None = field(default=None, repr=False)


def opening(
    family: Family, plan: Plan, request: EngineRequest, size: tuple[int, int], seed: int
) -> tuple[Opening, torch.Generator]:
    """Where the row with this seed begins, and its generator (CPU) as diffusers' pipeline leaves it there.

    Raises RequestInvalid for a start that leaves nothing to draw.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    if request.start is not None:
        return Opening(*begin(family, plan, request.start, generator)), generator
    noise = family.noise(seed, *size)
    if plan.noisy:
        torch.randn(noise.shape, generator=generator, dtype=noise.dtype)  # as the pipeline does for its latents
    return Opening(noise * plan.start_scale), generator
