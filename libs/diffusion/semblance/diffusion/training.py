"""One person's LoRA on a frozen backbone. The backbone is bare again afterwards, however the training ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler
from numpy.typing import NDArray
from peft import LoraConfig

from semblance.diffusion.adapter import ADAPTER_NAME, pack, unload
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.errors import AdapterUnusable, Cancelled
from semblance.diffusion.examples import Examples, TrainingPicture, check, draw_prior, encode
from semblance.diffusion.objective import face_weights, min_snr_weights, spread_timesteps, target
from semblance.diffusion.slots.layout import NOT_ADAPTED


def train_lora(
    backbone: Backbone,
    pictures: Sequence[TrainingPicture],
    settings: LoraSettings,
    *,
    reference: NDArray[np.float32] | None = None,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> bytes:
    """Safetensors bytes in diffusers' LoRA format, learnt from at least one picture.

    reference (D,): the face embedding that the adapter will be rendered with; the LoRA then learns what it lacks.
    progress(done, of) is called after every step; what it raises ends the training and passes through.
    Raises Cancelled between steps, RequestInvalid for pictures of another size, AdapterUnusable.
    """
    check(backbone, pictures)
    generator = torch.Generator("cpu").manual_seed(settings.seed)
    with backbone.lock:
        backbone.require_bare()
        own = encode(backbone, pictures, settings, reference)
        prior = draw_prior(backbone, pictures, settings, cancelled)
        try:
            parameters = _attach(backbone, settings)
            run = _Run(backbone, settings, DDPMScheduler.from_config(backbone.pipeline.scheduler.config), generator)
            _optimise(run, parameters, own, prior, progress=progress, cancelled=cancelled)
            lora = pack(backbone, settings.alpha / settings.rank, settings.alpha / settings.rank)
        finally:
            unload(backbone)
        backbone.require_bare()
        return lora


def _attach(backbone: Backbone, settings: LoraSettings) -> list[torch.nn.Parameter]:
    """Put fresh LoRA layers in. Raises AdapterUnusable when the targets name nothing."""
    unet, text = backbone.pipeline.unet, backbone.pipeline.text_encoder
    share = settings.alpha / settings.rank
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        try:
            unet.add_adapter(
                LoraConfig(
                    r=settings.rank,
                    lora_alpha=settings.alpha,
                    init_lora_weights="gaussian",
                    target_modules=list(settings.unet_targets),
                    exclude_modules=None if backbone.reference_size is None else NOT_ADAPTED.pattern,
                ),
                adapter_name=ADAPTER_NAME,
            )
            if settings.text_targets:
                text.add_adapter(
                    LoraConfig(
                        r=settings.text_rank,
                        lora_alpha=share * settings.text_rank,
                        init_lora_weights="gaussian",
                        target_modules=list(settings.text_targets),
                    ),
                    adapter_name=ADAPTER_NAME,
                )
        except ValueError as error:
            raise AdapterUnusable("the LoRA's targets name no module of this backbone") from error
    return [parameter for module in (unet, text) for parameter in module.parameters() if parameter.requires_grad]


@dataclass(frozen=True)
class _Run:
    """What stays the same from step to step."""

    backbone: Backbone
    settings: LoraSettings
    scheduler: Any
    generator: torch.Generator

    def loss(self, examples: Examples, count: int, pixel_weights: torch.Tensor) -> torch.Tensor:
        """The weighted squared error of one batch of `count`, a scalar."""
        picked = examples.draw(count, self.generator)
        latents = examples.latents[picked]
        noise = torch.randn(latents.shape, generator=self.generator).to(latents.device)
        levels = self.scheduler.config.num_train_timesteps
        timesteps = spread_timesteps(count, levels, self.generator).to(latents.device)
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        condition = None
        if examples.reference is not None:
            condition = {"image_embeds": [examples.reference.expand(count, -1, -1)]}
        text = self._embed(examples, picked)
        predicted = self.backbone.pipeline.unet(noisy, timesteps, text, added_cond_kwargs=condition).sample
        error = (predicted - target(self.scheduler, latents, noise, timesteps)).square() * pixel_weights
        weights = min_snr_weights(self.scheduler, timesteps, self.settings.snr_gamma)
        loss: torch.Tensor = (error.mean((1, 2, 3)) * weights).mean()
        return loss

    def _embed(self, examples: Examples, picked: torch.Tensor) -> torch.Tensor:
        """Fresh every step when the text tower learns too."""
        if examples.text is not None:
            return examples.text[picked]
        embeddings: torch.Tensor = self.backbone.pipeline.text_encoder(examples.tokens[picked])[0]
        return embeddings


def _optimise(
    run: _Run,
    parameters: list[torch.nn.Parameter],
    own: Examples,
    prior: Examples | None,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> None:
    settings, config = run.settings, run.backbone.config
    framing = torch.tensor(config.framing) / config.resolution_px
    height, width = own.latents.shape[-2:]
    pixel_weights = face_weights(height, width, framing, settings.face_weight).to(own.latents.device)
    flat = torch.ones_like(pixel_weights)
    optimiser = torch.optim.AdamW(
        parameters, lr=settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay
    )
    for step in range(settings.steps):
        if cancelled():
            raise Cancelled
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * _rate(step, settings)
        loss = run.loss(own, settings.batch_size, pixel_weights)
        if prior is not None:
            loss = loss + settings.prior_weight * run.loss(prior, settings.prior_batch, flat)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, settings.clip_norm)
        optimiser.step()
        progress(step + 1, settings.steps)


def _rate(step: int, settings: LoraSettings) -> float:
    """Share of the learning rate: a short warm-up, then half a cosine to zero."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    return warm * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))
