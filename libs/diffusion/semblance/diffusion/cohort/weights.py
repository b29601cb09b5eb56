"""One person's A and B as one vector, so that clipping, AdamW and checkpoints are a person's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors import torch as safetensors_torch
from torch import nn

from semblance.diffusion.cohort.layers import CohortConv2d, CohortLinear
from semblance.diffusion.config import LoraSettings
from semblance.diffusion.slots.layout import Layer, Layout

CohortLayer = CohortLinear | CohortConv2d


@dataclass(frozen=True)
class Part:
    """One layer's share of the vector: A (rank, ...) first, then B (out, rank)."""

    prefix: str
    layer: Layer
    rank: int

    @property
    def a_shape(self) -> tuple[int, ...]:
        """As a LoRA file has it."""
        return (self.rank, *self.layer.down)

    @property
    def b_shape(self) -> tuple[int, ...]:
        """As a LoRA file has it."""
        return (self.layer.up, self.rank, *[1] * (len(self.layer.down) - 1))

    @property
    def sizes(self) -> tuple[int, int]:
        """Numbers of A, of B."""
        return self.rank * self.layer.down_size, self.layer.up * self.rank


@dataclass(frozen=True)
class Weights:
    """Which layers are learnt. scale: alpha / rank, what B is multiplied by."""

    parts: tuple[Part, ...] = field(repr=False)
    scale: float

    @classmethod
    def of(cls, towers: Mapping[str, nn.Module], settings: LoraSettings) -> Weights:
        """The layers that the settings' targets name. Raises AdapterUnusable when they name none."""
        layout = Layout.of(
            towers,
            settings.unet_targets,
            settings.text_targets,
            settings.rank,
            settings.text_rank,
            torch.float32,
            backbone_digest="",
        )
        parts = tuple(Part(tower.prefix, layer, tower.rank) for tower in layout.towers for layer in tower.layers)
        return cls(parts, settings.alpha / settings.rank)

    @property
    def sizes(self) -> list[int]:
        """Of A and B of every part, in turn."""
        return [size for part in self.parts for size in part.sizes]

    @property
    def floats(self) -> int:
        """Numbers that one person learns."""
        return sum(self.sizes)

    def names(self, prefix: str) -> list[str]:
        """The tower's layers."""
        return [part.layer.name for part in self.parts if part.prefix == prefix]

    def initial(self, seed: int) -> torch.Tensor:
        """A fresh vector: A is drawn, B is zero. Draw for draw what peft's `init_lora_weights="gaussian"` gives after
        `torch.manual_seed(seed)`, so that a seed's adapter does not depend on who trains it."""
        drawn: list[torch.Tensor] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for part in self.parts:
                down, up = _fresh(part)
                nn.init.normal_(down, std=1 / part.rank)
                drawn += [down.flatten(), torch.zeros(up.numel())]
        return torch.cat(drawn)

    def bind(self, vectors: Sequence[torch.Tensor], layers: Mapping[str, Mapping[str, CohortLayer]]) -> None:
        """Put everybody's weights into the attached layers; gradients flow back to the vectors (floats,)."""
        pieces = torch.split(torch.stack(list(vectors)), self.sizes, dim=1)
        people = len(vectors)
        for part, down, up in zip(self.parts, pieces[0::2], pieces[1::2], strict=True):
            layer = layers[part.prefix][part.layer.name]
            dtype = layer.base.weight.dtype  # learnt in 32 bits, worn in the tower's
            a, b = down.reshape(people, *part.a_shape).to(dtype), up.reshape(people, part.layer.up, part.rank).to(dtype)
            if isinstance(layer, CohortConv2d):
                layer.a, layer.b = a, b
            else:
                layer.a, layer.b = a.transpose(1, 2), b.transpose(1, 2)

    def pack(self, vector: torch.Tensor) -> bytes:
        """Safetensors in diffusers' LoRA format; alpha / rank is folded into B."""
        tensors: dict[str, Any] = {}
        pieces = torch.split(vector.detach().cpu(), self.sizes)
        for part, a, b in zip(self.parts, pieces[0::2], pieces[1::2], strict=True):
            name = f"{part.prefix}.{part.layer.name}"
            tensors[f"{name}.lora_A.weight"] = a.reshape(part.a_shape).clone()
            tensors[f"{name}.lora_B.weight"] = b.reshape(part.b_shape) * self.scale
        packed: bytes = safetensors_torch.save(tensors, metadata={"format": "pt"})
        return packed


def _fresh(part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """A and B as torch's own modules begin; peft draws both before it overwrites them."""
    down, up = part.layer.down, part.layer.up
    if len(down) == 1:
        return nn.Linear(down[0], part.rank, bias=False).weight.data, nn.Linear(part.rank, up, bias=False).weight.data
    a = nn.Conv2d(down[0], part.rank, (down[1], down[2]), bias=False).weight.data
    return a, nn.Conv2d(part.rank, up, 1, bias=False).weight.data
