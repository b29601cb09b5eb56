"""What Stable Diffusion's UNets of every size have in common behind the Family port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.families.denoising import Noised, noised_by_ddpm
from semblance.diffusion.families.latents import Latents
from semblance.diffusion.families.regional import RegionalAttention
from semblance.diffusion.families.schedulers import fresh
from semblance.diffusion.families.sizes import multiple_of

GUIDANCE: Final = "timestep_cond"


class UNetFamily:
    """A pipeline with a UNet, but for its words: see Family for the methods."""

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.pipeline = backbone.pipeline
        self.config = backbone.config
        self.digest = backbone.digest
        self._unet = backbone.denoiser
        self._latents = Latents(backbone, self._unet.config.in_channels)
        self.decode, self.preview, self.encode = self._latents.decode, self._latents.preview, self._latents.encode
        self.regional = RegionalAttention(self._unet)

    def close(self) -> None:
        """Give the pipeline back as it was."""
        self.regional.detach()

    def towers(self) -> Mapping[str, nn.Module]:
        """See Family."""
        return self.backbone.towers

    def size(self, height_px: int | None, width_px: int | None) -> tuple[int, int]:
        """See Family."""
        grain = self.pipeline.vae_scale_factor * 2 ** (len(self._unet.config.down_block_types) - 1)
        return multiple_of(grain, self.config.resolution_px, height_px, width_px)

    def noise(self, seed: int, height_px: int, width_px: int) -> torch.Tensor:
        """See Family."""
        return self._latents.noise(seed, height_px, width_px, self._unet.dtype)

    def scheduler(self, steps: int, height_px: int, width_px: int) -> Any:  # noqa: ARG002 - see Family
        """See Family."""
        return fresh(self.pipeline.scheduler, steps)

    def lanes(self, guidance_scale: float) -> int:
        """See Family."""
        return 2 if guidance_scale > 1 and self._unet.config.time_cond_proj_dim is None else 1

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
        """See Family."""
        return noised_by_ddpm(self.pipeline.scheduler, latents, noise, generator)
