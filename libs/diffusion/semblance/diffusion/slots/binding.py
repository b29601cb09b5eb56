"""The weights that a tower's lanes wear just now: buffers of one shape, filled in place and never replaced.

torch.compile guards on what a layer holds: a buffer that is only ever written to recompiles nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from semblance.diffusion.slots.attaching import SlotLayer
from semblance.diffusion.slots.layers import Regions
from semblance.diffusion.slots.layout import Layer, Tower


@dataclass(frozen=True)
class Worn:
    """What one of a lane's K places holds. slot: its row in the table, which says nothing of what it is."""

    slot: int = field(compare=False)
    digest: str
    subject_id: str = field(repr=False)
    strength: float


@dataclass(eq=False)
class Binding:
    """Weights of `lanes` lanes with `places` adapters each: their matrices (lanes * places, rank, width), and their
    blocks (lanes * places, numbers)."""

    lanes: int
    places: int
    matrix: torch.Tensor = field(repr=False)
    blocks: torch.Tensor = field(repr=False)
    tower: Tower = field(repr=False)
    worn: list[Worn | None] = field(repr=False)
    weights: Mapping[str, tuple[torch.Tensor, torch.Tensor]] = field(repr=False)
    """A and B of every layer as its lanes read them: views of both."""

    @classmethod
    def of(cls, tower: Tower, lanes: int, places: int, like: torch.Tensor) -> Binding:
        """Empty lanes, their numbers as those of `like`."""
        with torch.inference_mode(False):  # a tensor made in inference mode may not be written to outside of it
            matrix = like.new_zeros(lanes * places, tower.rank, tower.width)
            blocks = like.new_zeros(lanes * places, tower.size - tower.rank * tower.width)
            lines = matrix.view(lanes, places * tower.rank, tower.width)
            apart = blocks.view(lanes, places, -1)
            weights = {layer.name: _views(lines, apart, tower, layer) for layer in tower.layers}
        return cls(lanes, places, matrix, blocks, tower, [None] * (lanes * places), weights)

    def fill(self, table: torch.Tensor, worn: Sequence[Worn | None]) -> None:
        """Copy what is worn from table (slots, size); places that wear it already stay as they are."""
        lines = self.tower.rank * self.tower.width
        with torch.no_grad():
            for index, one in enumerate(worn):
                if one == self.worn[index]:
                    continue
                if one is None:
                    self._zero(index)
                    continue
                part = table[one.slot]
                self.matrix[index].view(-1).copy_(part[:lines])
                self.blocks[index].copy_(part[lines:])
                if one.strength != 1.0:
                    self.matrix[index, :, self.tower.up_start :].mul_(one.strength)
                self.worn[index] = one

    def clear(self, of: Callable[[Worn], bool] = lambda _one: True) -> set[str]:
        """Zero the places that wear what `of` names; the digests that were there."""
        found = {index: one.digest for index, one in enumerate(self.worn) if one is not None and of(one)}
        with torch.no_grad():
            for index in found:
                self._zero(index)
        return set(found.values())

    def _zero(self, index: int) -> None:
        self.matrix[index].zero_()
        self.blocks[index].zero_()
        self.worn[index] = None


@dataclass(eq=False)
class AttachedTower:
    """A tower whose layers are slots, and what they wear."""

    tower: Tower
    module: torch.nn.Module = field(repr=False)
    layers: Mapping[str, SlotLayer] = field(repr=False)
    table: torch.Tensor = field(repr=False)
    bindings: dict[tuple[int, int, bool], Binding] = field(default_factory=dict, repr=False)
    bound: Binding | None = None
    each: int = 1
    regions: Regions | None = field(default=None, repr=False)
    shared: bool = False

    def binding(self, lanes: int, places: int, *, shared: bool) -> Binding:
        """The buffers for this shape, the same ones every time."""
        key = (lanes, places, shared)
        if key not in self.bindings:
            self.bindings[key] = Binding.of(self.tower, lanes, places, self.table)
        return self.bindings[key]

    def show(self, binding: Binding | None, regions: Regions | None, each: int = 1) -> None:
        """Let every layer read these weights, each of their rows for so many lanes; None is the bare layer."""
        if binding is self.bound and regions is self.regions and each == self.each:
            return
        for name, layer in self.layers.items():
            layer.a, layer.b = (None, None) if binding is None else binding.weights[name]
            layer.each, layer.regions = each, regions
        self.bound, self.regions, self.each = binding, regions, each


def _views(lines: torch.Tensor, blocks: torch.Tensor, tower: Tower, layer: Layer) -> tuple[torch.Tensor, torch.Tensor]:
    """A layer's a and b, as layers.py wants them, out of lines (lanes, places * rank, width) and blocks (lanes, places,
    numbers)."""
    b = lines[:, :, layer.up_column : layer.up_column + layer.up]
    if layer.in_block:
        start = layer.down_at - tower.rank * tower.width
        block = blocks[:, :, start : start + tower.rank * layer.down_size]
        return block.view(*block.shape[:2], tower.rank, -1, layer.down[0]), b.transpose(1, 2)
    return lines[:, :, layer.down_at : layer.down_at + layer.down_size].transpose(1, 2), b
