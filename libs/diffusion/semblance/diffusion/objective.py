"""What a training step is asked to predict, and how much each pixel and noise level counts."""

from __future__ import annotations

from typing import Any, Final

import torch

_WEIGHT_FLOOR: Final = 0.05
"""Keeps the noisiest levels alive under zero terminal SNR, where min-SNR alone would drop them."""


def target(scheduler: Any, latents: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
    """What the UNet predicts, (N, C, h, w), by the scheduler's prediction type. Raises ValueError for another type."""
    kind = scheduler.config.prediction_type
    if kind == "v_prediction":
        velocity: torch.Tensor = scheduler.get_velocity(latents, noise, timesteps)
        return velocity
    if kind == "epsilon":
        return noise
    raise ValueError(f"no objective for the prediction type {kind}")


def min_snr_weights(scheduler: Any, timesteps: torch.Tensor, gamma: float) -> torch.Tensor:
    """Loss weights (N,), min(SNR, gamma) over SNR (epsilon) or SNR + 1 (v). Source: arXiv:2303.09556."""
    kept = scheduler.alphas_cumprod.to(timesteps.device)[timesteps]
    snr = kept / (1 - kept).clamp(min=1e-8)
    if scheduler.config.prediction_type == "epsilon":
        return torch.clamp(gamma / snr.clamp(min=1e-8), max=1.0)
    weights: torch.Tensor = (snr.clamp(max=gamma) / (snr + 1)).clamp(min=_WEIGHT_FLOOR)
    return weights


def face_weights(height: int, width: int, framing: torch.Tensor, strength: float) -> torch.Tensor:
    """Weights (height, width) of mean 1, highest at the framing's centre. framing (5, 2) as shares of the edge."""
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    centre = framing.mean(0)
    spread = 0.26  # of the edge: the face's half width in the framing
    bump = torch.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * spread**2))
    weights = 1 + strength * bump
    return weights / weights.mean()


def spread_timesteps(count: int, levels: int, generator: torch.Generator) -> torch.Tensor:
    """Noise levels (count,), one drawn from each equal part of the range: less variance than free draws."""
    parts = torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)
    return (parts / count * levels).long().clamp(max=levels - 1)
