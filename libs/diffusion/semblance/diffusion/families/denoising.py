"""What a training step adds to latents and asks back: by a DDPM's products, or along flow matching's straight line."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import DDPMScheduler

from semblance.diffusion.objective import spread_timesteps, target

Noised = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""As `Family.noised`: noisy latents, timesteps (N,), target, weights (N,)."""


def noised_by_ddpm(scheduler: Any, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
    """Every level counts alike. Of the pipeline's scheduler only the betas: Euler's noise is for drawing."""
    teacher = DDPMScheduler.from_config(scheduler.config)
    levels = teacher.config.num_train_timesteps
    timesteps = spread_timesteps(len(latents), levels, generator).to(latents.device)
    noisy = teacher.add_noise(latents, noise, timesteps)
    return noisy, timesteps, target(teacher, latents, noise, timesteps), _alike(latents)


def noised_by_flow(scheduler: Any, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
    """sigma * noise + (1 - sigma) * latents is to say noise - latents. sigma: logit-normal, so that the middle is seen
    most, shifted as the scheduler's config says. Source: arXiv:2403.03206, sections 2 and 3.1, 5.3.2."""
    sigmas = torch.sigmoid(torch.randn(len(latents), generator=generator)).to(latents.device)
    if not scheduler.config.use_dynamic_shifting:
        sigmas = scheduler.config.shift * sigmas / (1 + (scheduler.config.shift - 1) * sigmas)
    share = sigmas.view(-1, *[1] * (latents.dim() - 1)).to(latents)
    noisy = share * noise + (1 - share) * latents
    return noisy, sigmas * scheduler.config.num_train_timesteps, noise - latents, _alike(latents)


def _alike(latents: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(latents), device=latents.device)
