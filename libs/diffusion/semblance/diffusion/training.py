"""One person's LoRA on a frozen backbone: a cohort of one. The backbone is bare again afterwards, however it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.cohort.learner import Learner
from semblance.diffusion.cohort.loop import train_cohort
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.examples import TrainingPicture


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
    learner = Learner(pictures, settings, reference, progress, cancelled)
    [learnt] = train_cohort(backbone, [learner])
    return learnt.or_raise()[-1]
