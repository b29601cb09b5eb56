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


class Toy(torch.nn.Module):
    """A tower of one layer of each kind, as small as can be."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.conv1 = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1)
            self.to_q = torch.nn.Linear(4, 5)
            self.attn2 = torch.nn.ModuleDict({"to_k": torch.nn.Linear(6, 5, bias=False)})
        self.requires_grad_(False)

    def forward(self, picture: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """picture (L, 3, 8, 8), words (L, T, 6) to scores (L, 16, T)."""
        queries = self.to_q(self.conv1(picture).flatten(2).transpose(1, 2))
        keys: torch.Tensor = self.attn2["to_k"](words)
        scores: torch.Tensor = queries @ keys.transpose(1, 2)
        return scores


def toy_layout(toy: torch.nn.Module, *, backbone_digest: str = "toy", **changes: Any) -> Layout:
    """All of a toy's layers."""
    stated: dict[str, Any] = {
        "unet_targets": ("conv1", "to_q", "to_k"),
        "text_targets": (),
        "rank": RANK,
        "text_rank": TEXT_RANK,
        "dtype": torch.float32,
    }
    return Layout.of({"unet": toy}, backbone_digest=backbone_digest, **{**stated, **changes})


def toy_tensors(seed: int, rank: int = RANK) -> dict[str, torch.Tensor]:
    """A LoRA of a toy, by peft's names."""
    draw = torch.Generator().manual_seed(seed)
    shapes = {
        "conv1": ((rank, 3, 3, 3), (4, rank, 1, 1)),
        "to_q": ((rank, 4), (5, rank)),
        "attn2.to_k": ((rank, 6), (5, rank)),
    }
    made: dict[str, torch.Tensor] = {}
    for name, (down, up) in shapes.items():
        made[f"unet.{name}.lora_A.weight"] = torch.randn(down, generator=draw)
        made[f"unet.{name}.lora_B.weight"] = torch.randn(up, generator=draw)
    return made


def toy_lora(seed: int, rank: int = RANK) -> bytes:
    """The same as safetensors."""
    made: bytes = safetensors_torch.save(toy_tensors(seed, rank))
    return made
