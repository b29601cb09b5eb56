"""A person's adapter: its bytes, and the only way it gets into a backbone and out again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import AdapterUnusable
from semblance.diffusion.slots.lora_file import read_pairs

ADAPTER_NAME: Final = "person"


@dataclass(frozen=True)
class Adapter:
    """lora: safetensors in diffusers' LoRA format; reference (D,) float32, unit norm. Neither is ever printed."""

    lora: bytes | None = field(default=None, repr=False)
    reference: NDArray[np.float32] | None = field(default=None, repr=False)


@contextlib.contextmanager
def loaded(backbone: Backbone, lora: bytes | None) -> Iterator[None]:
    """Hold the backbone with this LoRA in it (None: with nothing), and leave it bare whatever happens.

    Raises AdapterUnusable, BackboneTaken while an engine or a training holds the backbone, and AdapterStillLoaded when
    it is not bare before or after.
    """
    with backbone.lock:
        backbone.require_bare()
        if lora is None:
            yield
            backbone.require_bare()
            return
        state = unpack(lora)
        try:
            try:
                backbone.pipeline.load_lora_weights(state, adapter_name=ADAPTER_NAME)
            except (KeyError, ValueError, RuntimeError, AttributeError, IndexError) as error:
                raise AdapterUnusable("the LoRA does not fit this backbone") from error
            freeze(backbone)
            yield
        finally:
            unload(backbone)
        backbone.require_bare()


def unload(backbone: Backbone) -> None:
    """Take every LoRA layer out and freeze what is left."""
    backbone.pipeline.unload_lora_weights()
    freeze(backbone)


def freeze(backbone: Backbone) -> None:
    """No gradients, no dropout."""
    for module in backbone.towers.values():
        module.requires_grad_(False)
        module.eval()


def unpack(lora: bytes) -> dict[str, torch.Tensor]:
    """A and B by peft's names, with what the file states as its scale in B: the adapter that slots make of it too.

    Raises AdapterUnusable for what is no plain LoRA of a UNet or a transformer.
    """
    state: dict[str, torch.Tensor] = {}
    for name, pair in read_pairs(lora).items():
        assert pair.down is not None
        assert pair.up is not None
        state[f"{name}.lora_A.weight"] = pair.down
        state[f"{name}.lora_B.weight"] = pair.up if pair.scale == 1.0 else pair.up * pair.scale
    if not any(key.startswith(("unet.", "transformer.")) for key in state):
        raise AdapterUnusable("the file holds no LoRA layers of a UNet or a transformer")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise AdapterUnusable("the LoRA holds numbers that are not finite")
    return state
