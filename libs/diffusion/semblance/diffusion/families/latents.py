"""Pixels to latents and back, for pipelines with an AutoencoderKL; previews."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.utils.torch_utils import randn_tensor

from semblance.diffusion.backbone import Backbone


class Latents:
    """The picture's side of a family. Latents are (N, C, h, w), scaled and shifted as the denoiser sees them."""

    def __init__(self, backbone: Backbone, channels: int) -> None:
        self._backbone = backbone
        self._vae = backbone.pipeline.vae
        self._channels = channels
        config = self._vae.config
        self._scale = config.scaling_factor
        self._shift = getattr(config, "shift_factor", None) or 0.0
        self._mean = _per_channel(getattr(config, "latents_mean", None))
        self._deviation = _per_channel(getattr(config, "latents_std", None))

    def noise(self, seed: int, height_px: int, width_px: int, dtype: torch.dtype) -> torch.Tensor:
        """(1, C, h, w), drawn on the CPU as the pipelines draw it."""
        factor = self._backbone.pipeline.vae_scale_factor
        shape = (1, self._channels, height_px // factor, width_px // factor)
        generator = torch.Generator("cpu").manual_seed(seed)
        drawn: torch.Tensor = randn_tensor(shape, generator=generator, device=self._backbone.device, dtype=dtype)
        return drawn

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """See Family."""
        return torch.cat([self._decoded(self._vae, one) for one in _each(latents)])

    @torch.no_grad()
    def preview(self, latents: torch.Tensor) -> torch.Tensor:
        """See Family: by the tiny autoencoder, else at half the size, for a quarter of the work."""
        tiny = self._backbone.preview_vae
        if tiny is None:
            return self.decode(F.avg_pool2d(latents, 2))
        # An AutoencoderTiny has a factor and a shift of its own, 1 and 0: it was taught what the denoiser sees.
        seen = [one / tiny.config.scaling_factor + tiny.config.shift_factor for one in _each(latents)]
        return torch.cat([_pictures(tiny.decode(one.to(tiny.dtype), return_dict=False)[0]) for one in seen])

    @torch.no_grad()
    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See Family."""
        moments = self._vae.encode(pixels.to(self._backbone.device, self._vae.dtype)).latent_dist
        mean, deviation = moments.mean, moments.std
        if self._mean is not None and self._deviation is not None:
            spread = self._deviation.to(mean)
            return (mean - self._mean.to(mean)) * self._scale / spread, deviation * self._scale / spread
        return (mean - self._shift) * self._scale, deviation * self._scale

    def _decoded(self, vae: Any, one: torch.Tensor) -> torch.Tensor:
        if self._mean is not None and self._deviation is not None:
            one = one * self._deviation.to(one) / self._scale + self._mean.to(one)
        else:
            one = one / self._scale + self._shift
        return _pictures(vae.decode(one.to(vae.dtype), return_dict=False)[0])


def _per_channel(stated: list[float] | None) -> torch.Tensor | None:
    return None if stated is None else torch.tensor(stated).view(1, -1, 1, 1)


def _each(latents: torch.Tensor) -> Iterator[torch.Tensor]:
    """One at a time, so that no batch-mate changes a bit."""
    return (latents[place : place + 1] for place in range(len(latents)))


def _pictures(decoded: torch.Tensor) -> torch.Tensor:
    return (decoded * 0.5 + 0.5).clamp(0, 1).float().cpu()
