"""A batch of lanes on a backbone, ready to be predicted: random latents, noise levels, words and faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from semblance.diffusion import Backbone
from semblance.diffusion.families.stable_diffusion import StableDiffusion


@dataclass
class Lanes:
    """latents (L, C, h, w), timesteps (L,), and what the family is told, each (L, ...)."""

    latents: torch.Tensor
    timesteps: torch.Tensor
    told: dict[str, torch.Tensor]

    @classmethod
    def random(cls, backbone: Backbone, count: int, generator: torch.Generator) -> Lanes:
        """count lanes at random places of their way."""
        pipeline: Any = backbone.pipeline
        unet, side = pipeline.unet.config, pipeline.unet.config.sample_size
        tokens = pipeline.tokenizer.model_max_length
        told = {"encoder_hidden_states": _numbers((count, tokens, unet.cross_attention_dim), generator)}
        if backbone.reference_size is not None:
            faces = _numbers((count, 1, backbone.reference_size), generator)
            told["image_embeds"] = faces / faces.norm(dim=-1, keepdim=True)
            told["likeness"] = torch.ones(count, 1)
        return cls(
            _numbers((count, unet.in_channels, side, side), generator),
            torch.randint(0, 1000, (count,), generator=generator),
            told,
        )

    def put(self, place: int, other: Lanes, lane: int = 0) -> None:
        """Lane `place` becomes the other's `lane`."""
        self.latents[place], self.timesteps[place] = other.latents[lane], other.timesteps[lane]
        for name, tensor in self.told.items():
            tensor[place] = other.told[name][lane]

    @torch.inference_mode()
    def predicted(self, family: StableDiffusion) -> torch.Tensor:
        """One forward pass, (L, C, h, w)."""
        return family.predict(self.latents, self.timesteps, self.told)


def _numbers(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return torch.randn(shape, generator=generator)
