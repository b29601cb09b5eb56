"""What a training learns from: the person's pictures and, when asked for, pictures of nobody, as latents."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.prompts import check_prompt, encode_prompts, token_ids
from semblance.diffusion.reference import reference_tensor
from semblance.diffusion.rendering import RenderRequest, RgbU8, derived_seed, sample, unheard


@dataclass(frozen=True)
class TrainingPicture:
    """image (S, S, 3) RGB 0-255 in the backbone's framing and resolution; neither is ever printed."""

    image: RgbU8 = field(repr=False)
    caption: str = field(repr=False)


@dataclass(frozen=True)
class Examples:
    """Latents (N, C, h, w), token ids (N, length) and the face embedding (1, 1, D) they are learnt under.

    text (N, length, width): what the frozen text tower makes of the tokens; None when the tower itself is trained.
    deviation, as latents: of the autoencoder's posterior, from which every step takes a sample; None: the mean always.
    """

    latents: torch.Tensor = field(repr=False)
    tokens: torch.Tensor = field(repr=False)
    text: torch.Tensor | None = field(repr=False)
    reference: torch.Tensor | None = field(repr=False)
    deviation: torch.Tensor | None = field(default=None, repr=False)

    def draw(self, count: int, generator: torch.Generator) -> torch.Tensor:
        """Indices (count,), every picture before any twice."""
        rounds = [torch.randperm(len(self.latents), generator=generator) for _ in range(-(-count // len(self.latents)))]
        return torch.cat(rounds)[:count]

    def sample(self, picked: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Latents of the picked pictures (count, C, h, w), drawn anew where there is a deviation."""
        latents = self.latents[picked]
        if self.deviation is None:
            return latents
        return latents + self.deviation[picked] * torch.randn(latents.shape, generator=generator).to(latents.device)


def check(backbone: Backbone, pictures: Sequence[TrainingPicture]) -> None:
    """Raise RequestInvalid unless there are pictures and all of them have the backbone's size."""
    edge = backbone.config.resolution_px
    if not pictures:
        raise RequestInvalid("training needs at least one picture")
    for picture in pictures:
        check_prompt(picture.caption)
        if picture.image.shape != (edge, edge, 3) or picture.image.dtype != np.uint8:
            raise RequestInvalid(f"training pictures are ({edge}, {edge}, 3) of 8 bits")


@torch.no_grad()
def encode(
    backbone: Backbone,
    pictures: Sequence[TrainingPicture],
    settings: LoraSettings,
    reference: NDArray[np.float32] | None,
) -> Examples:
    """Every picture and its mirror image through the VAE, once: the moments of the posterior are what is kept."""
    pipeline = backbone.pipeline
    pixels = torch.from_numpy(np.stack([picture.image for picture in pictures])).permute(0, 3, 1, 2)
    pixels = torch.cat([pixels, pixels.flip(3)]).float() / 127.5 - 1.0
    moments = [pipeline.vae.encode(part.to(pipeline.vae.device)).latent_dist for part in torch.split(pixels, 4)]
    scale = pipeline.vae.config.scaling_factor
    latents = torch.cat([part.mean for part in moments]) * scale
    deviation = torch.cat([part.std for part in moments]) * scale if settings.resample_latents else None
    captions = [picture.caption for picture in pictures] * 2
    examples = _examples(backbone, latents, captions, settings, reference)
    return dataclasses.replace(examples, deviation=deviation)


def draw_prior(
    backbone: Backbone, pictures: Sequence[TrainingPicture], settings: LoraSettings, cancelled: Callable[[], bool]
) -> Examples | None:
    """Latents that the frozen backbone draws of nobody in particular, so that the LoRA leaves the rest alone."""
    if settings.prior_pictures == 0:
        return None
    captions = [
        picture.caption.replace(backbone.config.trigger, f"a {backbone.config.class_word}") for picture in pictures
    ]
    latents: list[torch.Tensor] = []
    used: list[str] = []
    with torch.no_grad():
        while len(used) < settings.prior_pictures:
            caption = captions[len(used) % len(captions)]
            count = min(4, settings.prior_pictures - len(used))
            request = RenderRequest(caption, derived_seed(settings.seed, 1 + len(used)), count=count)
            drawn = sample(
                backbone,
                *encode_prompts(backbone.pipeline, caption, ""),
                None,
                seeds=[derived_seed(request.seed, index) for index in range(count)],
                request=request,
                output_type="latent",
                on_step=unheard,
                cancelled=cancelled,
            )
            latents.append(drawn)
            used += [caption] * count
    return _examples(backbone, torch.cat(latents), used, settings, None)


def _examples(
    backbone: Backbone,
    latents: torch.Tensor,
    captions: list[str],
    settings: LoraSettings,
    reference: NDArray[np.float32] | None,
) -> Examples:
    pipeline = backbone.pipeline
    tokens = token_ids(pipeline.tokenizer, captions).to(pipeline.unet.device)
    text = None
    if not settings.text_targets:
        with torch.no_grad():
            text = pipeline.text_encoder(tokens)[0]
    takes_face = backbone.reference_size is not None or reference is not None
    face = reference_tensor(backbone, reference) if takes_face else None
    return Examples(latents, tokens, text, face)
