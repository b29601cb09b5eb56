"""Stable Diffusion XL, and its few-step variants: two CLIP towers, and a UNet that is told the picture's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.families.denoising import Noised, noised_by_ddpm
from semblance.diffusion.families.family import Asked, Lane
from semblance.diffusion.families.latents import Latents
from semblance.diffusion.families.regional import WORDS, RegionalAttention
from semblance.diffusion.families.schedulers import fresh
from semblance.diffusion.families.sizes import multiple_of, require_no_reference
from semblance.diffusion.families.text import clip_windows, penultimate

POOLED: Final = "text_embeds"
SIZES: Final = "time_ids"
GUIDANCE: Final = "timestep_cond"


class StableDiffusionXL:
    """A `StableDiffusionXLPipeline` behind the Family port."""

    name = "stable-diffusion-xl"

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.pipeline = backbone.pipeline
        self.config = backbone.config
        self.digest = backbone.digest
        self._unet = backbone.denoiser
        self._latents = Latents(backbone, self._unet.config.in_channels)
        self.decode, self.preview, self.encode = self._latents.decode, self._latents.preview, self._latents.encode
        self.regional = RegionalAttention(self._unet)

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

    @torch.no_grad()
    def condition(self, asked: Asked) -> tuple[Lane, Lane | None]:
        """See Family. No negative prompt is a lane of zeros where the pipeline says so, as in its own training."""
        require_no_reference(asked)
        guided = self.lanes(asked.guidance_scale) == 2
        blank = not asked.negative_prompt and self.pipeline.config.force_zeros_for_empty_prompt
        prompts = (asked.prompt, asked.negative_prompt) if guided and not blank else (asked.prompt,)
        tokenizers = (self.pipeline.tokenizer, self.pipeline.tokenizer_2)
        wanted, *others = [self._told(pieces, asked) for pieces in clip_windows(tokenizers, prompts)]
        if not guided:
            return wanted, None
        return wanted, others[0] if others else {**wanted, **_zeros(wanted, WORDS, POOLED)}

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Lane) -> torch.Tensor:
        """See Family."""
        with self.regional.of(lanes):
            predicted: torch.Tensor = self._unet(
                latents,
                timesteps,
                encoder_hidden_states=lanes[WORDS],
                timestep_cond=lanes.get(GUIDANCE),
                added_cond_kwargs={POOLED: lanes[POOLED], SIZES: lanes[SIZES]},
                return_dict=False,
            )[0]
        return predicted

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
        """See Family."""
        return noised_by_ddpm(self.pipeline.scheduler, latents, noise, generator)

    def close(self) -> None:
        """Give the pipeline back as it was."""
        self.regional.detach()

    def _told(self, pieces: list[list[list[int]]], asked: Asked) -> dict[str, torch.Tensor]:
        device, dtype = self.backbone.device, self._unet.dtype
        first, _ = penultimate(self.pipeline.text_encoder, pieces[0], device)
        second, pooled = penultimate(self.pipeline.text_encoder_2, pieces[1], device)
        # Original size, top left corner of the crop, target size: a whole picture of the size that is drawn.
        edges = (asked.height_px, asked.width_px, 0, 0, asked.height_px, asked.width_px)
        told = {
            WORDS: torch.cat([first, second], dim=-1).to(dtype),
            POOLED: pooled.to(dtype),
            SIZES: torch.tensor([edges], dtype=dtype, device=device),
        }
        width = self._unet.config.time_cond_proj_dim
        if width is not None:
            scale = torch.tensor([asked.guidance_scale - 1])
            told[GUIDANCE] = self.pipeline.get_guidance_scale_embedding(scale, width).to(device, dtype)
        return told


def _zeros(told: Lane, *names: str) -> dict[str, torch.Tensor]:
    return {name: torch.zeros_like(told[name]) for name in names}
