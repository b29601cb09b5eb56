"""One person's pictures for a family's denoiser: latents' moments and text embeddings, made once."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.study import Rows
from semblance.diffusion.errors import PromptTooLong, RequestInvalid
from semblance.diffusion.examples import Examples, check
from semblance.diffusion.families.family import Asked, Family, Lane
from semblance.diffusion.objective import face_weights, min_snr_weights
from semblance.diffusion.strength import PHOTO_PROMPTS

_GUIDANCE: Final = 1.0
"""What a denoiser that is told its guidance learns under, as in diffusers' own scripts."""


class FamilyStudy:
    """See ground.Draws. A fresh sample of the moments every step where the settings say so."""

    def __init__(self, backbone: Backbone, family: Family, learner: Learner) -> None:
        """Encodes pictures and captions. Raises RequestInvalid, AdapterUnusable."""
        check(backbone, learner.pictures)
        settings = learner.settings
        if settings.prior_pictures:
            raise RequestInvalid("prior pictures are drawn on Stable Diffusion pipelines only")
        self._family, self._settings = family, settings
        pixels = torch.from_numpy(np.stack([one.image for one in learner.pictures])).permute(0, 3, 1, 2)
        both = torch.cat([pixels, pixels.flip(3)]).float() / 127.5 - 1.0
        moments = [family.encode(part) for part in torch.split(both, 4)]
        latents, deviation = (torch.cat(each) for each in zip(*moments, strict=True))
        nothing = torch.zeros(len(both), 0)
        self._examples = Examples(latents, nothing, nothing, None, deviation if settings.resample_latents else None)
        lanes = {one.caption: _lane(backbone, family, learner, one.caption) for one in learner.pictures}
        usual = _shapes(_lane(backbone, family, learner, backbone.config.caption))
        try:
            _lane(backbone, family, learner, max(PHOTO_PROMPTS, key=len).format(backbone.config.trigger))
        except PromptTooLong as error:  # now, and not when an adapter is there to be judged
            raise RequestInvalid("the backbone's trigger is too long for the prompts that judge an adapter") from error
        if any(_shapes(lane) != usual for lane in lanes.values()):
            # Rows of one forward have one shape, and a cohort's forward is everybody's.
            raise RequestInvalid("a caption is longer than one window of the text encoder")
        self._lanes: list[Lane] = [lanes[one.caption] for one in learner.pictures] * 2
        self._pixels = torch.ones(())
        if latents.dim() == 4:
            framing = torch.tensor(backbone.config.framing) / backbone.config.resolution_px
            height, width = latents.shape[-2:]
            self._pixels = face_weights(height, width, framing, settings.face_weight).to(latents.device)

    def rows(self, generator: torch.Generator) -> Rows:
        """One step's lanes."""
        picked = self._examples.draw(self._settings.batch_size, generator)
        latents = self._examples.sample(picked, generator)
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        noisy, timesteps, target, weights = self._family.noised(latents, noise, generator)
        each = weights * self._by_snr(timesteps) / len(picked)
        chosen = [self._lanes[index] for index in picked.tolist()]
        return Rows(
            noisy=noisy,
            timesteps=timesteps,
            condition={name: torch.cat([lane[name] for lane in chosen]) for name in chosen[0]},
            target=target,
            weights=each.view(-1, *[1] * (latents.dim() - 1)) * self._pixels,
        )

    def _by_snr(self, timesteps: torch.Tensor) -> torch.Tensor:
        """Flow matching has no such weights: every noise level counts as the family says."""
        scheduler = self._family.pipeline.scheduler
        if not hasattr(scheduler, "alphas_cumprod"):
            return torch.ones_like(timesteps, dtype=torch.float32)
        return min_snr_weights(scheduler, timesteps.long(), self._settings.snr_gamma)


def _shapes(lane: Lane) -> dict[str, torch.Size]:
    return {name: told.shape for name, told in lane.items()}


def _lane(backbone: Backbone, family: Family, learner: Learner, caption: str) -> Lane:
    edge = backbone.config.resolution_px
    asked = Asked(
        prompt=caption,
        negative_prompt="",
        height_px=edge,
        width_px=edge,
        guidance_scale=_GUIDANCE,
        likeness_scale=backbone.config.sampler.ip_adapter_scale,
        references=() if learner.reference is None else (learner.reference,),
    )
    return family.condition(asked)[0]
