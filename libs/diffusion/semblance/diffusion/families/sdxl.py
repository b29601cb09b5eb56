"""Stable Diffusion XL, and its few-step variants: two CLIP towers, and a UNet that is told the picture's size."""

from __future__ import annotations

from typing import Final

import torch

from semblance.diffusion.families.family import Asked, Lane
from semblance.diffusion.families.regional import WORDS
from semblance.diffusion.families.sizes import require_no_reference
from semblance.diffusion.families.text import clip_windows, penultimate
from semblance.diffusion.families.unet import GUIDANCE, UNetFamily

POOLED: Final = "text_embeds"
SIZES: Final = "time_ids"


class StableDiffusionXL(UNetFamily):
    """A `StableDiffusionXLPipeline` behind the Family port."""

    name = "stable-diffusion-xl"

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
