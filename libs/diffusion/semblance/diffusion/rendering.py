"""Pictures from a prompt: deterministic for a request, one adapter at a time, stoppable between steps."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.adapter import Adapter, loaded
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import Cancelled, RequestInvalid
from semblance.diffusion.families.drawing import BetweenSteps, drawn
from semblance.diffusion.families.family import Asked
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.prompts import check_prompt, encode_prompts
from semblance.diffusion.reference import reference_tensor

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
        if type(backbone.pipeline).__name__ != "StableDiffusionPipeline":
            pictures = _by_family(backbone, request, held.reference, on_step, cancelled)
            return [_bytes(picture) for picture in pictures]
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
    return [_bytes(picture) for picture in pictures]


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
    """One batch by a StableDiffusionPipeline as it stands. Text embeddings (1, T, W); the caller holds the lock."""
    own, pipeline = backbone.config.sampler, backbone.pipeline
    steps, guidance, scale = _numbers(backbone, request)
    if cancelled():
        raise Cancelled
    condition: dict[str, Any] = {}
    if backbone.reference_size is not None or reference is not None:
        face = reference_tensor(backbone, reference)
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
            callback_on_step_end=_between_steps(on_step, cancelled),
            **condition,
        ).images
    finally:
        if backbone.reference_size is not None:
            pipeline.set_ip_adapter_scale(own.ip_adapter_scale)


def _by_family(
    backbone: Backbone,
    request: RenderRequest,
    reference: NDArray[np.float32] | None,
    on_step: OnStep,
    cancelled: IsCancelled,
) -> list[NDArray[np.float32]]:
    """Pictures (S, S, 3) of 0 to 1, one at a time: at these families' sizes several at once take the memory of several.
    on_step counts as for one batch."""
    steps, guidance, likeness = _numbers(backbone, request)
    edge = backbone.config.resolution_px
    references = () if reference is None else (reference,)
    asked = Asked(request.prompt, request.negative_prompt, edge, edge, guidance, likeness, references)
    if cancelled():
        raise Cancelled
    # Whoever compiled the denoiser has it compiled already; an adapter by peft is no reason to.
    with contextlib.closing(family_of(backbone, compiling=False)) as family:
        lanes, pictures = family.condition(asked), []
        for index in range(request.count):

            def tell(step: int, of: int, done: int = index) -> None:
                on_step(-(-(done * of + step) // request.count), of)

            seed, between_steps = derived_seed(request.seed, index), _between_steps(tell, cancelled)
            pictures.append(drawn(family, asked, lanes, seed=seed, steps=steps, between_steps=between_steps))
    return pictures


def _numbers(backbone: Backbone, request: RenderRequest) -> tuple[int, float, float]:
    """Steps, guidance scale and likeness scale."""
    own = backbone.config.sampler
    return (
        own.steps if request.steps is None else request.steps,
        own.guidance_scale if request.guidance_scale is None else request.guidance_scale,
        own.ip_adapter_scale if request.likeness_scale is None else request.likeness_scale,
    )


def _between_steps(on_step: OnStep, cancelled: IsCancelled) -> BetweenSteps:
    def between_steps(pipeline: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        on_step(step + 1, pipeline.num_timesteps)
        if cancelled():
            raise Cancelled
        return tensors

    return between_steps


def _bytes(picture: NDArray[np.float32]) -> RgbU8:
    return np.round(picture * 255.0).astype(np.uint8)


def derived_seed(seed: int, index: int) -> int:
    """The seed of the index-th picture: the seed itself first, then unrelated ones, whatever the count is."""
    if index == 0:
        return seed
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise RequestInvalid(f"{name} must be {low} to {high}")
