"""A person's adapter: its bytes, and the only way it gets into a backbone and out again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from peft import get_peft_model_state_dict
from safetensors import SafetensorError
from safetensors import torch as safetensors_torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.errors import AdapterUnusable
from semblance.kernel.units import MIB

ADAPTER_NAME: Final = "person"
MAX_LORA_BYTES: Final = 512 * MIB


@dataclass(frozen=True)
class Adapter:
    """lora: safetensors in diffusers' LoRA format; reference (D,) float32, unit norm. Neither is ever printed."""

    lora: bytes | None = field(default=None, repr=False)
    reference: NDArray[np.float32] | None = field(default=None, repr=False)


@contextlib.contextmanager
def loaded(backbone: Backbone, lora: bytes | None) -> Iterator[None]:
    """Hold the backbone with this LoRA in it (None: with nothing), and leave it bare whatever happens.

    Raises AdapterUnusable, and AdapterStillLoaded when the backbone is not bare before or after.
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


def pack(backbone: Backbone, scale: float, text_scale: float) -> bytes:
    """The LoRA now in the backbone as safetensors bytes; alpha / rank is folded into the up-weights."""
    (denoiser, first), *texts = backbone.towers.items()
    tensors = _layers(denoiser, first, scale)
    for prefix, module in texts:
        if getattr(module, "peft_config", None):
            tensors.update(_layers(prefix, module, text_scale))
    packed: bytes = safetensors_torch.save(tensors, metadata={"format": "pt"})
    return packed


def unpack(lora: bytes) -> dict[str, torch.Tensor]:
    """Tensors by name. Raises AdapterUnusable for what is no LoRA."""
    if len(lora) > MAX_LORA_BYTES:
        raise AdapterUnusable(f"a LoRA has at most {MAX_LORA_BYTES // MIB} MiB")
    try:
        state: dict[str, torch.Tensor] = safetensors_torch.load(lora)
    except SafetensorError as error:
        raise AdapterUnusable("the LoRA is not a safetensors file") from error
    if not any(key.startswith(("unet.", "transformer.")) and "lora" in key for key in state):
        raise AdapterUnusable("the file holds no LoRA layers of a UNet or a transformer")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in state.values()):
        raise AdapterUnusable("the LoRA holds numbers that are not finite")
    return state


def _layers(prefix: str, module: Any, scale: float) -> dict[str, torch.Tensor]:
    # peft's own key names throughout: diffusers looks at the first key only to tell the formats apart, and silently
    # leaves out every layer that is named in the other format.
    layers = get_peft_model_state_dict(module, adapter_name=ADAPTER_NAME)
    return {
        f"{prefix}.{key}": (tensor * scale if ".lora_B." in key else tensor).detach().cpu().contiguous().clone()
        for key, tensor in layers.items()
    }
