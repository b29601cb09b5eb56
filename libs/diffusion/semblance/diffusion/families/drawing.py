"""One picture by diffusers' own pipeline, told what its family makes of the words: the engine's rows are the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.families.family import Asked, Family, Lane

BetweenSteps = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]
"""diffusers' `callback_on_step_end`."""

_TOLD: Final = {
    "encoder_hidden_states": "prompt_embeds",
    "text_embeds": "pooled_prompt_embeds",
    "pooled_projections": "pooled_prompt_embeds",
}
"""What a pipeline is told of a lane, by the denoiser's word for it; the rest, size and guidance, it makes of its own
arguments."""


def drawn(
    family: Family,
    asked: Asked,
    lanes: tuple[Lane, Lane | None],
    *,
    seed: int,
    steps: int,
    between_steps: BetweenSteps,
) -> NDArray[np.float32]:
    """(H, W, 3) of 0 to 1, with the adapter that the pipeline holds. lanes: what `condition` gave for `asked`.

    For families that take no reference face.
    """
    wanted, unwanted = lanes
    told: dict[str, Any] = {_TOLD[name]: tensor for name, tensor in wanted.items() if name in _TOLD}
    if unwanted is not None:
        told |= {f"negative_{_TOLD[name]}": tensor for name, tensor in unwanted.items() if name in _TOLD}
    if "guidance_rescale" in inspect.signature(family.pipeline.__call__).parameters:
        told["guidance_rescale"] = family.config.sampler.guidance_rescale
    picture: NDArray[np.float32] = family.pipeline(
        num_inference_steps=steps,
        guidance_scale=asked.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(seed),
        height=asked.height_px,
        width=asked.width_px,
        output_type="np",
        callback_on_step_end=between_steps,
        **told,
    ).images[0]
    return picture
