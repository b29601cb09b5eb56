"""Random LoRAs of a tiny pipeline, as peft makes them and diffusers stores them, and the layout that they fit."""

from __future__ import annotations

from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model_state_dict
from safetensors import torch as safetensors_torch

from semblance.diffusion.adapter import ADAPTER_NAME, unload
from semblance.diffusion.backbone import Backbone
from semblance.diffusion.slots.layout import NOT_ADAPTED, Layout

UNET_TARGETS: Final = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.2", "conv1", "downsamplers.0.conv", "proj_in")
TEXT_TARGETS: Final = ("q_proj", "v_proj", "fc1")
RANK: Final = 4
TEXT_RANK: Final = 3


def towers_of(backbone: Backbone) -> dict[str, torch.nn.Module]:
    """The pipeline's towers by their keys' prefix."""
    return {"unet": backbone.pipeline.unet, "text_encoder": backbone.pipeline.text_encoder}


def layout_of(backbone: Backbone, *, dtype: torch.dtype = torch.float32, **changes: Any) -> Layout:
    """A layout with linear and convolutional layers, and both kinds of words."""
    stated: dict[str, Any] = {
        "unet_targets": UNET_TARGETS,
        "text_targets": TEXT_TARGETS,
        "rank": RANK,
        "text_rank": TEXT_RANK,
        "dtype": dtype,
        "backbone_digest": backbone.digest,
    }
    return Layout.of(towers_of(backbone), **{**stated, **changes})


def random_lora(
    backbone: Backbone, seed: int, *, rank: int = RANK, text_rank: int | None = TEXT_RANK, size: float = 0.2
) -> bytes:
    """Safetensors that `load_lora_weights` takes, A and B normal with this deviation. text_rank None: the UNet only."""
    generator = torch.Generator().manual_seed(seed)
    ranks = {"unet": (rank, UNET_TARGETS), "text_encoder": (text_rank, TEXT_TARGETS)}
    tensors: dict[str, torch.Tensor] = {}
    backbone.require_bare()
    try:
        for prefix, module in towers_of(backbone).items():
            own_rank, targets = ranks[prefix]
            if own_rank is None:
                continue
            excluded = NOT_ADAPTED.pattern if prefix == "unet" and backbone.reference_size is not None else None
            config = LoraConfig(r=own_rank, lora_alpha=own_rank, target_modules=list(targets), exclude_modules=excluded)
            module.add_adapter(config, adapter_name=ADAPTER_NAME)  # type: ignore[operator]
            for key, tensor in get_peft_model_state_dict(module, adapter_name=ADAPTER_NAME).items():
                tensors[f"{prefix}.{key}"] = torch.randn(tensor.shape, generator=generator) * size
    finally:
        unload(backbone)
    made: bytes = safetensors_torch.save(tensors, metadata={"format": "pt"})
    return made
