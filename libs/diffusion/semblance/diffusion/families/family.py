"""What the engine and the training ask of a backbone, whatever its architecture. One implementation a family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.config import BackboneConfig

if TYPE_CHECKING:
    from semblance.diffusion.backbone import Backbone
    from semblance.diffusion.families.regional import RegionalAttention

Lane = Mapping[str, torch.Tensor]
"""What a denoiser is told beside latents and noise level, by name. Each (1, ...) for one lane; the engine concatenates
them along dim 0. Lanes of one batch have the same names and shapes."""


@dataclass(frozen=True)
class Asked:
    """One picture's condition. Text and reference (D,), unit norm, are never printed.

    references: one for each person on the lane, None for none; most backbones take none at all.
    """

    prompt: str = field(repr=False)
    negative_prompt: str = field(repr=False)
    height_px: int
    width_px: int
    guidance_scale: float
    likeness_scale: float
    references: tuple[NDArray[np.float32] | None, ...] = field(default=(), repr=False)


class Family(Protocol):
    """A loaded, frozen pipeline of diffusers' own classes. Everything runs without gradients unless said otherwise."""

    name: str
    backbone: Backbone
    """Its `lock` is held while the pipeline is changed."""
    pipeline: Any
    config: BackboneConfig
    """`semblance.json`: what a request gets when it names no number, and what a LoRA of this backbone may change."""
    digest: str
    """Of the weights; adapters are packed for it."""

    @property
    def regional(self) -> RegionalAttention | None:
        """How people are kept to parts of a picture; None where the denoiser has no attention of its own to words."""

    def towers(self) -> Mapping[str, torch.nn.Module]:
        """The modules that an adapter may change, by the prefix of their keys in diffusers' LoRA format (`unet` or
        `transformer` first, then `text_encoder`, `text_encoder_2`)."""

    def size(self, height_px: int | None, width_px: int | None) -> tuple[int, int]:
        """The size that is drawn; None is the backbone's own. Raises RequestInvalid for what it cannot draw."""

    def noise(self, seed: int, height_px: int, width_px: int) -> torch.Tensor:
        """Latents (1, ...) of unit variance, as the pipeline draws them from a CPU generator with this seed."""

    def scheduler(self, steps: int, height_px: int, width_px: int) -> Any:
        """A fresh scheduler of the pipeline's kind, its timesteps set."""

    def lanes(self, guidance_scale: float) -> int:
        """2 where guidance takes an unconditional lane, 1 where it is distilled, embedded or off."""

    def condition(self, asked: Asked) -> tuple[Lane, Lane | None]:
        """The wanted lane, and the unwanted one where guidance needs it. Raises PromptTooLong, AdapterUnusable."""

    def predict(self, latents: torch.Tensor, timesteps: torch.Tensor, lanes: Lane) -> torch.Tensor:
        """The denoiser's output, shaped as latents (L, ...). timesteps (L,) in the scheduler's own numbers, one a lane;
        lanes: tensors (L, ...). Carries gradients where the caller has them on."""

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Pictures (N, 3, H, W) of 0 to 1, float32 on the CPU. One at a time inside, so that no batch-mate counts."""

    def preview(self, latents: torch.Tensor) -> torch.Tensor:
        """As decode, by a tiny autoencoder where the backbone has one, and smaller or coarser where it has none."""

    def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation of the latents of pixels (N, 3, H, W) of -1 to 1, scaled as the denoiser sees
        them: a sample is mean + deviation * noise."""

    def noised(
        self, latents: torch.Tensor, noise: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """One training example a row: noisy latents, timesteps (N,) for `predict`, the target that the prediction is
        held to, and the loss weight (N,) of its noise level before any choice of the caller's."""

    def close(self) -> None:
        """Give the pipeline back as it was loaded."""
