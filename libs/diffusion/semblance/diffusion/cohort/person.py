"""One person in a cohort between two steps: their weights, their optimiser, their draws."""

from __future__ import annotations

import math
from typing import Final

import torch

from semblance.diffusion.cohort.ground import Draws
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.state import State
from semblance.diffusion.cohort.weights import Weights
from semblance.diffusion.config import LoraSettings

_BETAS: Final = (0.9, 0.99)


class Person:
    """Begins at `state`, which may be a killed training's last."""

    def __init__(self, learner: Learner, weights: Weights, study: Draws, state: State, device: torch.device) -> None:
        settings = learner.settings
        self.learner = learner
        self.study = study
        self.step = state.step
        self.kept = dict(state.kept)
        self.vector = state.vector.to(device, copy=True).requires_grad_()
        self.generator = torch.Generator("cpu").manual_seed(settings.seed)
        # Elementwise, and over one vector: what one optimiser over everybody's would do.
        self._optimiser = torch.optim.AdamW(
            [self.vector], lr=settings.learning_rate, betas=_BETAS, weight_decay=settings.weight_decay
        )
        self._weights = weights
        self._aside = {max(1, round(share * settings.steps)) for share in settings.candidates} | {settings.steps}
        if state.step:
            self.generator.set_state(state.generator)
            moments = {"exp_avg": state.first.to(device, copy=True), "exp_avg_sq": state.second.to(device, copy=True)}
            self._optimiser.state[self.vector] = {"step": torch.tensor(float(state.step)), **moments}

    @property
    def finished(self) -> bool:
        """Whether every step is done."""
        return self.step >= self.learner.settings.steps

    def update(self) -> None:
        """Take the gradient that the step left, clipped by this person's own norm."""
        settings = self.learner.settings
        for group in self._optimiser.param_groups:
            group["lr"] = settings.learning_rate * rate(self.step, settings)
        torch.nn.utils.clip_grad_norm_([self.vector], settings.clip_norm)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.step += 1
        if self.step in self._aside:
            self.kept[self.step] = self.vector.detach().cpu().clone()

    def save(self, mark: str) -> None:
        """Hand the state to the checkpoint where it is due; the last step's is not, for the end follows at once."""
        every = self.learner.checkpoint_steps
        if every and self.step % every == 0 and not self.finished:
            held = self._optimiser.state[self.vector]
            state = State(
                step=self.step,
                vector=self.vector.detach(),
                first=held["exp_avg"],
                second=held["exp_avg_sq"],
                generator=self.generator.get_state(),
                kept=self.kept,
            )
            self.learner.checkpoint.save(state.to_bytes(mark))

    def candidates(self) -> tuple[bytes, ...]:
        """What was put aside, as LoRA files."""
        return tuple(self._weights.pack(self.kept[step]) for step in sorted(self.kept))


def rate(step: int, settings: LoraSettings) -> float:
    """Share of the learning rate: a short warm-up, then half a cosine to zero."""
    warm = min(1.0, (step + 1) / max(1, settings.warmup_steps))
    return warm * (0.5 + 0.5 * math.cos(math.pi * step / settings.steps))
