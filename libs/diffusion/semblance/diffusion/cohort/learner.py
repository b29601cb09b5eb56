"""One person's part of a cohort: what is learnt, how, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from semblance.diffusion.config import LoraSettings
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.examples import TrainingPicture


class Checkpoint(Protocol):
    """Where one training's state lies between two steps. Whoever gives it seals it: the bytes are the person's face in
    other words. What its methods raise ends this person's training and nobody else's."""

    def load(self) -> bytes | None:
        """What `save` was last given; None: nothing, or nothing that can be read."""

    def save(self, state: bytes) -> None:
        """Replace what is there, whole or not at all."""


class NoCheckpoint:
    """Keeps nothing: a training that is killed begins again."""

    def load(self) -> bytes | None:
        """Nothing."""
        return None

    def save(self, state: bytes) -> None:
        """Nowhere."""


@dataclass(frozen=True)
class Learner:
    """See train_lora for pictures, settings, reference, progress and cancelled.

    checkpoint is asked when somebody sits down, which is again where a cohort is begun again, and given the state after
    every `checkpoint_steps` steps (0: never).
    """

    pictures: Sequence[TrainingPicture] = field(repr=False)
    settings: LoraSettings
    reference: NDArray[np.float32] | None = field(repr=False)
    progress: Callable[[int, int], None]
    cancelled: Callable[[], bool]
    checkpoint: Checkpoint = field(default_factory=NoCheckpoint, repr=False)
    checkpoint_steps: int = 0


@dataclass(frozen=True)
class Learnt:
    """The candidates, safetensors in diffusers' LoRA format, as they were put aside: the end is last.

    ended_by: what this person's callbacks raised, or Cancelled; there are no candidates then.
    """

    candidates: tuple[bytes, ...] = field(default=(), repr=False)
    ended_by: BaseException | None = None

    def or_raise(self) -> tuple[bytes, ...]:
        """The candidates. Raises what ended the training."""
        if self.ended_by is not None:
            raise self.ended_by
        return self.candidates


def common(settings: LoraSettings) -> tuple[object, ...]:
    """What everybody of a cohort must have alike: the shapes of weights and batches."""
    return (
        settings.rank,
        settings.alpha,
        settings.text_rank,
        settings.unet_targets,
        settings.text_targets,
        settings.batch_size,
        settings.prior_batch if settings.prior_pictures else 0,
    )


def require_alike(one: LoraSettings, other: LoraSettings) -> None:
    """Raise RequestInvalid unless the two may learn together."""
    if common(one) != common(other):
        raise RequestInvalid("people who learn together have one rank, one list of targets and one batch size")
