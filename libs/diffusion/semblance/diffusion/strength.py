"""How much of a freshly learnt LoRA helps: a few photos teach some people's adapter less than it forgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from safetensors import torch as safetensors_torch

from semblance.diffusion.adapter import Adapter, unpack
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.rendering import OnStep, RenderRequest, RgbU8, render, unheard

# Photo prompts: how like a pencil sketch is says little about an adapter.
PHOTO_PROMPTS: Final = (
    "a photo of {}",
    "a photo of {}, smiling",
    "a photo of {}, outdoors",
    "a photo of {}, in a studio",
)
_SEED: Final = 1_000_003  # apart from the seeds that an evaluation draws with: what chooses does not judge
EACH: Final = 2
"""Pictures of every prompt that something is chosen by."""

Alike = Callable[[Sequence[RgbU8]], float]


def scaled(lora: bytes, strength: float) -> bytes:
    """The same LoRA with `strength` (0 to 1) folded into its up-weights."""
    state = {k: t * strength if ".lora_B." in k else t for k, t in unpack(lora).items()}
    made: bytes = safetensors_torch.save(state, metadata={"format": "pt"})
    return made


def draw_photos(
    backbone: Backbone, adapter: Adapter, each: int, *, seed: int = 0, on_step: OnStep = unheard
) -> list[RgbU8]:
    """`each` pictures of every photo prompt with the adapter; on_step counts over all of them."""
    made: list[RgbU8] = []
    for index, prompt in enumerate(PHOTO_PROMPTS):

        def between_steps(step: int, steps: int, done: int = index) -> None:
            on_step(done * steps + step, len(PHOTO_PROMPTS) * steps)

        request = RenderRequest(prompt.format(backbone.config.trigger), seed=seed + index, count=each)
        made += render(backbone, request, adapter, on_step=between_steps)
    return made


def at_best_strength(
    backbone: Backbone,
    adapter: Adapter,
    strengths: Sequence[float],
    alike: Alike,
    *,
    each: int = EACH,
    full: float | None = None,
    on_step: OnStep = unheard,
) -> Adapter:
    """The adapter at the one of `strengths` (0 to 1) whose pictures are most alike, the stronger one when equal.

    alike: mean likeness of some pictures to the person, by the photos that were learnt from; those that were held out
    must stay unseen for the judgement that follows. full: what `alike_at_full` said of it already, so that it is not
    drawn at strength 1 again.
    """
    assert adapter.lora is not None, "there is nothing to weaken"
    strengths = sorted(strengths, reverse=True)
    if len(strengths) == 1:  # there is nothing to choose, and nothing is drawn
        return adapter if strengths == [1.0] else Adapter(scaled(adapter.lora, strengths[0]), adapter.reference)
    known = full is not None and strengths[0] == 1.0
    found: list[tuple[float, Adapter]] = [(full, adapter)] if full is not None and known else []
    drawn = strengths[1:] if known else strengths
    for index, strength in enumerate(drawn):

        def between_steps(step: int, steps: int, done: int = index) -> None:
            on_step(done * steps + step, len(drawn) * steps)

        tried = Adapter(scaled(adapter.lora, strength), adapter.reference)
        found.append((alike(draw_photos(backbone, tried, each, seed=_SEED, on_step=between_steps)), tried))
    return max(found, key=lambda one: one[0])[1]


def alike_at_full(
    backbone: Backbone, adapter: Adapter, alike: Alike, *, each: int = EACH, on_step: OnStep = unheard
) -> float:
    """How alike the adapter's pictures are as it is, by the same pictures that a strength is chosen by."""
    return alike(draw_photos(backbone, adapter, each, seed=_SEED, on_step=on_step))
