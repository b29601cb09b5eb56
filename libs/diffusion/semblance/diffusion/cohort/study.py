"""What one person's step is made of, drawn by that person's own generator: the draws are those of a training alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.examples import Examples, check, draw_prior, encode
from semblance.diffusion.objective import face_weights, min_snr_weights, spread_timesteps, target


@dataclass(frozen=True)
class Rows:
    """Some lanes of one forward, (L, ...) each. condition: what the denoiser is told beside latents and noise level.

    weights, as latents or broadcast to them: what a squared error counts. A loss is the sum of the lanes' means.
    """

    noisy: torch.Tensor = field(repr=False)
    timesteps: torch.Tensor = field(repr=False)
    condition: dict[str, torch.Tensor] = field(repr=False)
    target: torch.Tensor = field(repr=False)
    weights: torch.Tensor = field(repr=False)

    @classmethod
    def together(cls, rows: list[Rows]) -> Rows:
        """One after another."""
        return cls(
            noisy=torch.cat([r.noisy for r in rows]),
            timesteps=torch.cat([r.timesteps for r in rows]),
            condition={name: torch.cat([r.condition[name] for r in rows]) for name in rows[0].condition},
            target=torch.cat([r.target for r in rows]),
            weights=torch.cat([r.weights for r in rows]),
        )

    def loss(self, predicted: torch.Tensor) -> torch.Tensor:
        """The weighted squared error, summed over the people whose lanes these are."""
        loss: torch.Tensor = ((predicted - self.target).square() * self.weights).flatten(1).mean(1).sum()
        return loss


class Study:
    """The person's pictures as latents and, where settings say so, nobody's beside them, so that the rest is kept."""

    def __init__(self, backbone: Backbone, scheduler: Any, learner: Learner) -> None:
        """Encodes the pictures. Raises RequestInvalid, AdapterUnusable, Cancelled."""
        check(backbone, learner.pictures)
        self._settings: LoraSettings = learner.settings
        self._scheduler = scheduler
        self._own = encode(backbone, learner.pictures, learner.settings, learner.reference)
        self._prior = draw_prior(backbone, learner.pictures, learner.settings, learner.cancelled)
        framing = torch.tensor(backbone.config.framing) / backbone.config.resolution_px
        height, width = self._own.latents.shape[-2:]
        weights = face_weights(height, width, framing, learner.settings.face_weight)
        self._face = weights.to(self._own.latents.device)

    def rows(self, generator: torch.Generator) -> Rows:
        """One step's lanes: batch_size of the person, then prior_batch of nobody."""
        settings = self._settings
        own = self._drawn(self._own, settings.batch_size, self._face, generator)
        if self._prior is None:
            return own
        flat = torch.full_like(self._face, settings.prior_weight)
        return Rows.together([own, self._drawn(self._prior, settings.prior_batch, flat, generator)])

    def _drawn(self, examples: Examples, count: int, pixels: torch.Tensor, generator: torch.Generator) -> Rows:
        picked = examples.draw(count, generator)
        latents = examples.sample(picked, generator)
        noise = torch.randn(latents.shape, generator=generator).to(latents.device)
        levels = self._scheduler.config.num_train_timesteps
        timesteps = spread_timesteps(count, levels, generator).to(latents.device)
        each = min_snr_weights(self._scheduler, timesteps, self._settings.snr_gamma) / count
        return Rows(
            noisy=self._scheduler.add_noise(latents, noise, timesteps),
            timesteps=timesteps,
            condition=_condition(examples, picked),
            target=target(self._scheduler, latents, noise, timesteps),
            weights=each.view(-1, 1, 1, 1) * pixels,
        )


def predict(backbone: Backbone, rows: Rows) -> torch.Tensor:
    """The UNet's answer, with gradients; the text tower reads the tokens anew where it learns too."""
    told, pipeline = rows.condition, backbone.pipeline
    text = told["text"] if "text" in told else pipeline.text_encoder(told["tokens"])[0]
    faces = {"image_embeds": [told["faces"]]} if "faces" in told else None
    predicted: torch.Tensor = pipeline.unet(rows.noisy, rows.timesteps, text, added_cond_kwargs=faces).sample
    return predicted


def _condition(examples: Examples, picked: torch.Tensor) -> dict[str, torch.Tensor]:
    told = {"tokens": examples.tokens[picked]} if examples.text is None else {"text": examples.text[picked]}
    if examples.reference is not None:
        told["faces"] = examples.reference.expand(len(picked), -1, -1)
    return told
