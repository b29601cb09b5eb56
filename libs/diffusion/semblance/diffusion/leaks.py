"""Pictures in which an adapter's person should not be: without the trigger, and with somebody else asked for.

Fixed prompts and fixed seeds, apart from those that choose a strength and those that judge likeness. Drawn with no LoRA
they depend on the backbone alone, so a caller can keep what it found in those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import torch as safetensors_torch

from semblance.diffusion.adapter import Adapter, unpack
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import AdapterUnusable
from semblance.diffusion.rendering import OnStep, RenderRequest, RgbU8, render, unheard
from semblance.diffusion.strength import PHOTO_PROMPTS

NOBODY: Final = ("a person", "a woman", "a man", "somebody")
"""Who is named in place of the trigger, one a prompt."""
OTHER_WORDS: Final = ("zwx", "ohw", "qrv", "tlk")
"""Rare words, as a trigger's is: somebody else's trigger on a backbone that is told by words alone who is meant."""
_SEED_NOBODY: Final = 2_000_003
_SEED_OTHERS: Final = 3_000_017


def draw_nobody(backbone: Backbone, lora: bytes | None, each: int, *, on_step: OnStep = unheard) -> list[RgbU8]:
    """`each` pictures of every photo prompt with the LoRA in, but neither trigger nor reference."""
    texts = [prompt.format(who) for prompt, who in zip(PHOTO_PROMPTS, NOBODY, strict=True)]
    return _draw(backbone, texts, Adapter(lora), each, seed=_SEED_NOBODY, on_step=on_step)


def draw_others(
    backbone: Backbone,
    lora: bytes | None,
    others: Mapping[int, NDArray[np.float32]],
    each: int,
    *,
    on_step: OnStep = unheard,
) -> list[RgbU8]:
    """`each` pictures of every one of `others`, asked for with the trigger and their own reference (D,), unit norm.

    The key, a number of 0 or more, decides seed and prompt: somebody's pictures do not depend on who else is drawn.
    """
    made: list[RgbU8] = []
    for index, (number, reference) in enumerate(others.items()):
        text = PHOTO_PROMPTS[number % len(PHOTO_PROMPTS)].format(backbone.config.trigger)
        request = RenderRequest(text, seed=_SEED_OTHERS + number, count=each)
        made += render(backbone, request, Adapter(lora, reference), on_step=_shifted(on_step, index, len(others)))
    return made


def draw_other_words(
    backbone: Backbone, lora: bytes | None, each: int, *, beside: bytes | None = None, on_step: OnStep = unheard
) -> list[RgbU8]:
    """As draw_others for a backbone that takes no reference: `each` pictures of every prompt under another's trigger.

    beside: somebody else's LoRA, which is loaded with it. Raises AdapterUnusable when the two do not go together.
    """
    named = [f"{word} {backbone.config.class_word}" for word in OTHER_WORDS]
    texts = [prompt.format(who) for prompt, who in zip(PHOTO_PROMPTS, named, strict=True)]
    both = together(lora, beside) if lora is not None and beside is not None else lora or beside
    return _draw(backbone, texts, Adapter(both), each, seed=_SEED_OTHERS, on_step=on_step)


def together(first: bytes, second: bytes) -> bytes:
    """Two LoRAs of this library as one that adds up both. Raises AdapterUnusable when their layers differ."""
    a, b = unpack(first), unpack(second)
    if a.keys() != b.keys():
        raise AdapterUnusable("the two LoRAs have different layers")
    try:
        # Down-weights (rank, in, ...) under each other, up-weights (out, rank, ...) side by side: B1 A1 + B2 A2.
        joined = {key: torch.cat([a[key], b[key]], dim=1 if ".lora_B." in key else 0).contiguous() for key in a}
    except RuntimeError as error:
        raise AdapterUnusable("the two LoRAs were made for different backbones") from error
    made: bytes = safetensors_torch.save(joined, metadata={"format": "pt"})
    return made


def changes_nothing(lora: bytes) -> bool:
    """Whether every up-weight is 0, as after `at_best_strength` chose 0: its pictures are the bare backbone's."""
    return not any(bool(tensor.any()) for key, tensor in unpack(lora).items() if ".lora_B." in key)


def _draw(
    backbone: Backbone, texts: Sequence[str], adapter: Adapter, each: int, *, seed: int, on_step: OnStep
) -> list[RgbU8]:
    made: list[RgbU8] = []
    for index, text in enumerate(texts):
        request = RenderRequest(text, seed=seed + index, count=each)
        made += render(backbone, request, adapter, on_step=_shifted(on_step, index, len(texts)))
    return made


def _shifted(on_step: OnStep, done: int, of: int) -> OnStep:
    """Counts the steps of one prompt among those of all."""
    return lambda step, steps: on_step(done * steps + step, of * steps)
