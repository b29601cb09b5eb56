"""FLUX.1: a transformer over packed latents that is told its guidance, so one lane a picture; CLIP and T5 towers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.families.denoising import Noised, noised_by_flow
from semblance.diffusion.families.family import Asked, Lane
from semblance.diffusion.families.flow import shift_of
from semblance.diffusion.families.latents import Latents
from semblance.diffusion.families.schedulers import fresh
from semblance.diffusion.families.sizes import multiple_of, require_no_reference
from semblance.diffusion.families.text import MAX_T5_TOKENS, T5Reader, first_window

WORDS: Final = "encoder_hidden_states"
POOLED: Final = "pooled_projections"
GUIDANCE: Final = "guidance"
_PATCH: Final = 2
_SHORT_T5_TOKENS: Final = 256
"""Of the variant that takes no guidance (schnell): it was taught with no longer prompts."""


class Flux:
    """A `FluxPipeline` behind the Family port. Latents are (N, C, h, w) as everywhere; they are packed into tokens of
    2 x 2 for the transformer only. A negative prompt is not read: guidance is embedded."""

    name = "flux"
    regional = None

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.pipeline = backbone.pipeline
        self.config = backbone.config
        self.digest = backbone.digest
        self._transformer = backbone.denoiser
        self._latents = Latents(backbone, self._transformer.config.in_channels // _PATCH**2)
        self.decode, self.preview, self.encode = self._latents.decode, self._latents.preview, self._latents.encode
        self._told_guidance = bool(self._transformer.config.guidance_embeds)
        longest = MAX_T5_TOKENS if self._told_guidance else _SHORT_T5_TOKENS
        self._t5 = T5Reader(self.pipeline.tokenizer_2, self.pipeline.text_encoder_2, (longest,))

    def towers(self) -> Mapping[str, nn.Module]:
        """See Family. T5 takes no adapter, as in diffusers."""
        return self.backbone.towers

    def size(self, height_px: int | None, width_px: int | None) -> tuple[int, int]:
        """See Family."""
        grain = self.pipeline.vae_scale_factor * _PATCH
        return multiple_of(grain, self.config.resolution_px, height_px, width_px)

    def noise(self, seed: int, height_px: int, width_px: int) -> torch.Tensor:
        """See Family."""
        return self._latents.noise(seed, height_px, width_px, self._transformer.dtype)

    def scheduler(self, steps: int, height_px: int, width_px: int) -> Any:
        """See Family."""
        own, edge = self.pipeline.scheduler, self.pipeline.vae_scale_factor * _PATCH
        mu = shift_of(own, (height_px // edge) * (width_px // edge), max_shift=1.15)
        if getattr(own.config, "use_flow_sigmas", False):
            return fresh(own, steps, mu=mu)
        return fresh(own, steps, mu=mu, sigmas=np.linspace(1.0, 1 / steps, steps))

    def lanes(self, guidance_scale: float) -> int:  # noqa: ARG002 - see Family
        """See Family."""
        return 1

    @torch.no_grad()
    def condition(self, asked: Asked) -> tuple[Lane, None]:
        """See Family."""
        require_no_reference(asked)
        device, dtype = self.backbone.device, self._transformer.dtype
        words = self._t5.read(asked.prompt, self._t5.length([asked.prompt]), device)
        window = first_window(self.pipeline.tokenizer, asked.prompt, whole=False)
        pooled = self.pipeline.text_encoder(torch.tensor(window, device=device)).pooler_output
        told = {WORDS: words.to(dtype), POOLED: pooled.to(dtype)}
        if self._told_guidance:
            told[GUIDANCE] = torch.full((1,), asked.guidance_scale, device=device)
        return told, None

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Lane) -> torch.Tensor:
        """See Family."""
        count, channels, height, width = latents.shape
        pipeline, words = self.pipeline, lanes[WORDS]
        places = pipeline._prepare_latent_image_ids(
            count, height // _PATCH, width // _PATCH, latents.device, latents.dtype
        )
        predicted = self._transformer(
            hidden_states=pipeline._pack_latents(latents, count, channels, height, width),
            timestep=timesteps.to(latents.dtype) / 1000,
            guidance=lanes.get(GUIDANCE),
            pooled_projections=lanes[POOLED],
            encoder_hidden_states=words,
            txt_ids=words.new_zeros(words.shape[1], 3),
            img_ids=places,
            return_dict=False,
        )[0]
        factor = pipeline.vae_scale_factor
        unpacked: torch.Tensor = pipeline._unpack_latents(predicted, height * factor, width * factor, factor)
        return unpacked

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
        """See Family."""
        return noised_by_flow(self.pipeline.scheduler, latents, noise, generator)

    def close(self) -> None:
        """Nothing of the pipeline was changed."""
