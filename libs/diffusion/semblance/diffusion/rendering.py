"""Pictures from a prompt: deterministic for a request, one adapter at a time, stoppable between steps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.adapter import Adapter, loaded
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import AdapterUnusable, Cancelled, RequestInvalid
from semblance.diffusion.prompts import check_prompt, encode_prompts

RgbU8 = NDArray[np.uint8]
OnStep = Callable[[int, int], None]
IsCancelled = Callable[[], bool]

MAX_COUNT: Final = 16
MAX_STEPS: Final = 150
MAX_SEED: Final = 2**63 - 1
_SEEDS: Final = 2**63


@dataclass(frozen=True)
class RenderRequest:
    """None means the backbone's own number. The prompts are never printed."""

    prompt: str = field(repr=False)
    seed: int
    negative_prompt: str = field(default="", repr=False)
    steps: int | None = None
    guidance_scale: float | None = None
    likeness_scale: float | None = None
    count: int = 1

    def __post_init__(self) -> None:
        check_prompt(self.prompt)
        check_prompt(self.negative_prompt)
        _within("seed", self.seed, 0, MAX_SEED)
        _within("count", self.count, 1, MAX_COUNT)
        _within("steps", self.steps, 1, MAX_STEPS)
        _within("guidance_scale", self.guidance_scale, 1.0, 30.0)
        _within("likeness_scale", self.likeness_scale, 0.0, 2.0)


def never() -> bool:
    """For callers that do not cancel."""
    return False


def unheard(_step: int, _steps: int) -> None:
    """For callers that watch no progress."""


def render(
    backbone: Backbone,
    request: RenderRequest,
    adapter: Adapter | None,
    *,
    on_step: OnStep = unheard,
    cancelled: IsCancelled = never,
) -> list[RgbU8]:
    """`request.count` pictures (S, S, 3) RGB 0-255. The same request, adapter and build give the same bytes.

    on_step(done, of) is called after every denoising step; what it raises ends the rendering and passes through.
    The adapter is in the backbone for this call only. Raises Cancelled, AdapterUnusable, PromptTooLong.
    """
    held = adapter or Adapter()
    with loaded(backbone, held.lora), torch.no_grad():
        wanted, unwanted = encode_prompts(backbone.pipeline, request.prompt, request.negative_prompt)
        pictures = sample(
            backbone,
            wanted,
            unwanted,
            held.reference,
            seeds=[derived_seed(request.seed, index) for index in range(request.count)],
            request=request,
            output_type="np",
            on_step=on_step,
            cancelled=cancelled,
        )
    return [np.round(picture * 255.0).astype(np.uint8) for picture in pictures]


def sample(
    backbone: Backbone,
    wanted: torch.Tensor,
    unwanted: torch.Tensor,
    reference: NDArray[np.float32] | None,
    *,
    seeds: list[int],
    request: RenderRequest,
    output_type: str,
    on_step: OnStep,
    cancelled: IsCancelled,
) -> Any:
    """One batch through the pipeline as it stands. Text embeddings (1, T, W); the caller holds the lock."""
    own, pipeline = backbone.config.sampler, backbone.pipeline
    steps = own.steps if request.steps is None else request.steps
    guidance = own.guidance_scale if request.guidance_scale is None else request.guidance_scale

    def between_steps(_pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(step + 1, pipeline.num_timesteps)
        if cancelled():
            raise Cancelled
        return tensors

    if cancelled():
        raise Cancelled
    condition: dict[str, Any] = {}
    if backbone.reference_size is not None or reference is not None:
        face = reference_tensor(backbone, reference)
        scale = own.ip_adapter_scale if request.likeness_scale is None else request.likeness_scale
        pipeline.set_ip_adapter_scale(scale)
        condition["ip_adapter_image_embeds"] = [
            torch.cat([torch.zeros_like(face), face]) if guidance > 1 else face,
        ]
    try:
        return pipeline(
            prompt_embeds=wanted,
            negative_prompt_embeds=unwanted,
            num_inference_steps=steps,
            guidance_scale=guidance,
            guidance_rescale=own.guidance_rescale,
            num_images_per_prompt=len(seeds),
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            height=backbone.config.resolution_px,
            width=backbone.config.resolution_px,
            output_type=output_type,
            callback_on_step_end=between_steps,
            **condition,
        ).images
    finally:
        if backbone.reference_size is not None:
            pipeline.set_ip_adapter_scale(own.ip_adapter_scale)


def reference_tensor(backbone: Backbone, reference: NDArray[np.float32] | None) -> torch.Tensor:
    """The face embedding as (1, 1, D); zeros, as in the backbone's own training, when there is none.

    Raises AdapterUnusable for another length or for numbers that are not finite.
    """
    size = backbone.reference_size
    if size is None:
        raise AdapterUnusable("this backbone takes no reference face")
    device = backbone.pipeline.unet.device
    if reference is None:
        return torch.zeros(1, 1, size, device=device)
    if reference.shape != (size,) or not np.isfinite(reference).all():
        raise AdapterUnusable(f"the reference is not a vector of {size} finite numbers")
    return torch.from_numpy(np.array(reference, np.float32)).to(device).view(1, 1, size)


def derived_seed(seed: int, index: int) -> int:
    """The seed of the index-th picture: the seed itself first, then unrelated ones, whatever the count is."""
    if index == 0:
        return seed
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise RequestInvalid(f"{name} must be {low} to {high}")
