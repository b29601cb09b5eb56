"""What a cohort stands on: a Stable Diffusion pipeline with its text tower, or any family's denoiser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from diffusers import DDPMScheduler
from torch import nn

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.family_study import FamilyStudy
from semblance.diffusion.cohort.learnable import WITH_PRIOR
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.study import Rows, Study, predict
from semblance.diffusion.families.registry import family_of


class Draws(Protocol):
    """One person's pictures, ready to be drawn from."""

    def rows(self, generator: torch.Generator) -> Rows:
        """One step's lanes, the same number every time."""


class Ground(Protocol):
    """towers: what may be adapted, by the prefix of its keys."""

    towers: Mapping[str, nn.Module]

    def study(self, learner: Learner) -> Draws:
        """Encodes the person's pictures. Raises RequestInvalid, AdapterUnusable, Cancelled."""

    def predict(self, rows: Rows) -> torch.Tensor:
        """The denoiser's answer, with gradients."""

    def close(self) -> None:
        """Leave the pipeline as it was."""


class PipelineGround:
    """Stable Diffusion 1.5 and 2.x and the pocket backbone: the text tower may learn too."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._scheduler = DDPMScheduler.from_config(backbone.pipeline.scheduler.config)
        self.towers: Mapping[str, nn.Module] = backbone.towers

    def study(self, learner: Learner) -> Draws:
        """See Ground."""
        return Study(self._backbone, self._scheduler, learner)

    def predict(self, rows: Rows) -> torch.Tensor:
        """See Ground."""
        return predict(self._backbone, rows)

    def close(self) -> None:
        """Nothing was changed."""


class FamilyGround:
    """The larger families: the denoiser learns, text embeddings are made once."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._family = family_of(backbone)
        self.towers: Mapping[str, nn.Module] = dict([next(iter(self._family.towers().items()))])

    def study(self, learner: Learner) -> Draws:
        """See Ground."""
        return FamilyStudy(self._backbone, self._family, learner)

    def predict(self, rows: Rows) -> torch.Tensor:
        """See Ground."""
        return self._family.predict(rows.noisy, rows.timesteps, rows.condition)

    def close(self) -> None:
        """See Ground."""
        self._family.close()


def ground_of(backbone: Backbone) -> Ground:
    """By the pipeline's class. Raises BackboneUnusable for one without a family."""
    if type(backbone.pipeline).__name__ == WITH_PRIOR:
        return PipelineGround(backbone)
    return FamilyGround(backbone)
