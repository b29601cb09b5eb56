"""Stable Diffusion 3 and 3.5: a transformer in which words and picture attend to each other; two CLIP towers and a T5
encoder, which may be missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.families.denoising import Noised, noised_by_flow
from semblance.diffusion.families.family import Asked, Lane
from semblance.diffusion.families.flow import shift_of
from semblance.diffusion.families.latents import Latents
from semblance.diffusion.families.schedulers import fresh
from semblance.diffusion.families.sizes import multiple_of, require_at_most, require_no_reference
from semblance.diffusion.families.text import MAX_T5_TOKENS, T5Reader, first_window, penultimate

WORDS: Final = "encoder_hidden_states"
POOLED: Final = "pooled_projections"
_T5_TOKENS: Final = 256  # the pipeline's own default


class StableDiffusion3:
    """A `StableDiffusion3Pipeline` behind the Family port. Without its T5 encoder, whose place then has zeros, a prompt
    has one CLIP window; with it, the prompt is read to its end by T5 alone."""

    name = "stable-diffusion-3"
    regional = None

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone
        self.pipeline = backbone.pipeline
        self.config = backbone.config
        self.digest = backbone.digest
        self._transformer = backbone.denoiser
        self._latents = Latents(backbone, self._transformer.config.in_channels)
        self.decode, self.preview, self.encode = self._latents.decode, self._latents.preview, self._latents.encode
        self._t5 = None
        if self.pipeline.text_encoder_3 is not None:
            self._t5 = T5Reader(self.pipeline.tokenizer_3, self.pipeline.text_encoder_3, (_T5_TOKENS, MAX_T5_TOKENS))

    def towers(self) -> Mapping[str, nn.Module]:
        """See Family."""
        return self.backbone.towers

    def size(self, height_px: int | None, width_px: int | None) -> tuple[int, int]:
        """See Family. The transformer knows as many places as its config says."""
        grain = self.pipeline.vae_scale_factor * self.pipeline.patch_size
        size = multiple_of(grain, self.config.resolution_px, height_px, width_px)
        require_at_most(self._transformer.config.pos_embed_max_size * grain, size)
        return size

    def noise(self, seed: int, height_px: int, width_px: int) -> torch.Tensor:
        """See Family."""
        return self._latents.noise(seed, height_px, width_px, self._transformer.dtype)

    def scheduler(self, steps: int, height_px: int, width_px: int) -> Any:
        """See Family."""
        own = self.pipeline.scheduler
        if not own.config.get("use_dynamic_shifting"):
            return fresh(own, steps)
        edge = self.pipeline.vae_scale_factor * self.pipeline.patch_size
        return fresh(own, steps, mu=shift_of(own, (height_px // edge) * (width_px // edge), max_shift=1.16))

    def lanes(self, guidance_scale: float) -> int:
        """See Family."""
        return 2 if guidance_scale > 1 else 1

    @torch.no_grad()
    def condition(self, asked: Asked) -> tuple[Lane, Lane | None]:
        """See Family."""
        require_no_reference(asked)
        alone = self.lanes(asked.guidance_scale) == 1
        prompts = [asked.prompt] if alone else [asked.prompt, asked.negative_prompt]
        length = _T5_TOKENS if self._t5 is None else self._t5.length(prompts)
        wanted, *others = [self._told(prompt, length) for prompt in prompts]
        return wanted, others[0] if others else None

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Lane) -> torch.Tensor:
        """See Family."""
        predicted: torch.Tensor = self._transformer(
            hidden_states=latents,
            timestep=timesteps,
            encoder_hidden_states=lanes[WORDS],
            pooled_projections=lanes[POOLED],
            return_dict=False,
        )[0]
        return predicted

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator) -> Noised:
        """See Family."""
        return noised_by_flow(self.pipeline.scheduler, latents, noise, generator)

    def close(self) -> None:
        """Nothing of the pipeline was changed."""

    def _told(self, prompt: str, length: int) -> dict[str, torch.Tensor]:
        pipeline, device = self.pipeline, self.backbone.device
        read = [
            penultimate(encoder, first_window(tokenizer, prompt, whole=self._t5 is None), device)
            for tokenizer, encoder in (
                (pipeline.tokenizer, pipeline.text_encoder),
                (pipeline.tokenizer_2, pipeline.text_encoder_2),
            )
        ]
        words = torch.cat([hidden for hidden, _pooled in read], dim=-1)
        width = self._transformer.config.joint_attention_dim
        third = words.new_zeros(1, length, width) if self._t5 is None else self._t5.read(prompt, length, device)
        told = torch.cat([F.pad(words, (0, width - words.shape[-1])), third.to(words.dtype)], dim=1)
        pooled = torch.cat([own for _hidden, own in read], dim=-1)
        dtype = self._transformer.dtype
        return {WORDS: told.to(dtype), POOLED: pooled.to(dtype)}
