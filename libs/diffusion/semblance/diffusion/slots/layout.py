"""Where every number of an adapter lies in one flat row, for one backbone, one list of targets and one rank.

A row holds for each tower a matrix and then blocks. The matrix has `rank` lines of `width` columns. Line r has, layer
after layer, the r-th row of A and then, layer after layer, the r-th column of B. So K adapters that lie one after
another are one matrix of K * rank lines, whose columns of a layer are that layer's weights. A convolution's A is a
block of its own, (rank, taps, in) as the layer reads it, so that nothing is turned or copied between two steps. A lane
is bound by two copies, however many layers the tower has.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import nn

from semblance.diffusion.errors import AdapterUnusable, BackboneUnusable
from semblance.diffusion.slots.attaching import require_bare

NOT_ADAPTED: Final = re.compile(r".*(encoder_hid_proj|processor)\..*")
"""The reference's own projection stays the backbone's: then a LoRA also loads where no IP-Adapter is."""
MAX_RANK: Final = 256
_READS_WORDS: Final = re.compile(r"(.*\.)?(attn2\.to_[kv]|add_[qkv]_proj|to_add_out|ff_context\..*)")
_ALIGNMENT: Final = 32  # columns: every layer of every lane starts at a multiple of 64 bytes, also in 16 bits
_VERSION: Final = 2  # counts up when rows of the same layers are laid out in another way


@dataclass(frozen=True)
class Layer:
    """One adapted module. down: A's shape without its rank, (in,) or (in, kh, kw); up: B's output channels.

    down_at: A's first column in the matrix, or, for a convolution, where its block begins in the tower's part of a row.
    """

    name: str
    down: tuple[int, ...]
    up: int
    down_at: int
    up_column: int
    reads_words: bool

    @property
    def down_size(self) -> int:
        """Numbers that a line of A takes."""
        return math.prod(self.down)

    @property
    def in_block(self) -> bool:
        """Whether A lies in a block: it is a convolution's."""
        return len(self.down) > 1


@dataclass(frozen=True)
class Tower:
    """One module's layers. start: where its part of the row begins; up_start: the column where the Bs begin."""

    prefix: str
    rank: int
    start: int
    width: int
    up_start: int
    size: int
    layers: tuple[Layer, ...]

    def part(self, rows: torch.Tensor) -> torch.Tensor:
        """The tower's part (N, size) of rows (N, numbers), a view."""
        return rows[:, self.start : self.start + self.size]

    def matrix(self, parts: torch.Tensor) -> torch.Tensor:
        """The matrices (N, rank, width) of parts (N, size), a view."""
        return parts[:, : self.rank * self.width].view(-1, self.rank, self.width)

    def block(self, parts: torch.Tensor, layer: Layer) -> torch.Tensor:
        """A convolution's As (N, rank, taps, in) of parts (N, size), a view."""
        taps = layer.down_size // layer.down[0]
        block = parts[:, layer.down_at : layer.down_at + self.rank * layer.down_size]
        return block.view(-1, self.rank, taps, layer.down[0])

    def layer(self, name: str) -> Layer | None:
        """The layer of this name."""
        return self._by_name.get(name)

    @functools.cached_property
    def _by_name(self) -> dict[str, Layer]:
        return {layer.name: layer for layer in self.layers}


@dataclass(frozen=True)
class Layout:
    """What an adapter may change, in a fixed order. Two layouts that differ in anything have different keys."""

    backbone_digest: str
    dtype: torch.dtype
    towers: tuple[Tower, ...] = field(repr=False)

    @classmethod
    def of(  # noqa: PLR0917 - the targets and ranks stand in pairs, as in LoraSettings
        cls,
        towers: Mapping[str, nn.Module],
        unet_targets: Sequence[str],
        text_targets: Sequence[str],
        rank: int,
        text_rank: int,
        dtype: torch.dtype,
        *,
        backbone_digest: str,
    ) -> Layout:
        """towers by prefix, bare; prefixes that start with `text_encoder` get text_targets and text_rank.

        Targets match as peft's do: a module's whole name, or its end after a dot. No targets leave a tower out.
        Raises AdapterUnusable when targets name nothing, AdapterStillLoaded or BackboneTaken for a tower not bare.
        """
        made: list[Tower] = []
        start = 0
        for prefix, module in towers.items():
            is_text = prefix.startswith("text_encoder")
            targets, own_rank = (text_targets, text_rank) if is_text else (unet_targets, rank)
            if not 1 <= own_rank <= MAX_RANK:
                raise AdapterUnusable(f"an adapter's rank is 1 to {MAX_RANK}")
            if not targets:
                continue
            require_bare(module)
            tower = _tower(prefix, own_rank, start, list(_adapted(module, targets)), is_text)
            made.append(tower)
            start += tower.size
        if not made:
            raise AdapterUnusable("the LoRA's targets name no module of this backbone")
        return cls(backbone_digest, dtype, tuple(made))

    @property
    def floats(self) -> int:
        """Numbers in a row."""
        last = self.towers[-1]
        return last.start + last.size

    @property
    def size_bytes(self) -> int:
        """What one slot takes, and what loading it copies."""
        return self.floats * self.dtype.itemsize

    @functools.cached_property
    def key(self) -> str:
        """SHA-256, hexadecimal, over backbone, layers with their shapes, ranks and the type of numbers."""
        stated = {
            "version": _VERSION,
            "backbone": self.backbone_digest,
            "dtype": str(self.dtype),
            "towers": [
                [tower.prefix, tower.rank, [[layer.name, layer.down, layer.up] for layer in tower.layers]]
                for tower in self.towers
            ],
        }
        return hashlib.sha256(json.dumps(stated, separators=(",", ":")).encode()).hexdigest()

    def tower(self, prefix: str) -> Tower | None:
        """The tower of this prefix; None where no target is in it."""
        return next((tower for tower in self.towers if tower.prefix == prefix), None)


def _tower(prefix: str, rank: int, start: int, modules: Iterable[tuple[str, Any]], is_text: bool) -> Tower:
    shapes = [(name, *_shape(name, module)) for name, module in modules]
    if not shapes:
        raise AdapterUnusable("the LoRA's targets name no module of this backbone")
    downs = _columns(0, [0 if len(down) > 1 else down[0] for _name, down, _up in shapes])
    ups = _columns(downs[-1], [up for _name, _down, up in shapes])
    blocks = _columns(rank * ups[-1], [rank * math.prod(down) if len(down) > 1 else 0 for _name, down, _up in shapes])
    layers = tuple(
        Layer(
            name,
            down,
            up,
            blocks[i] if len(down) > 1 else downs[i],
            ups[i],
            is_text or _READS_WORDS.fullmatch(name) is not None,
        )
        for i, (name, down, up) in enumerate(shapes)
    )
    return Tower(prefix, rank, start, ups[-1], downs[-1], blocks[-1], layers)


def _columns(start: int, sizes: Sequence[int]) -> list[int]:
    """Where each begins, and where the last ends; aligned."""
    columns = [start]
    for size in sizes:
        columns.append(columns[-1] + -(-size // _ALIGNMENT) * _ALIGNMENT)
    return columns


def _adapted(module: nn.Module, targets: Sequence[str]) -> Iterator[tuple[str, nn.Module]]:
    ends = tuple(f".{target}" for target in targets)
    for name, part in module.named_modules():
        named = name in targets or name.endswith(ends)
        if named and isinstance(part, nn.Linear | nn.Conv2d) and not NOT_ADAPTED.fullmatch(name):
            yield name, part


def _shape(name: str, module: nn.Module) -> tuple[tuple[int, ...], int]:
    if isinstance(module, nn.Linear):
        return (module.in_features,), module.out_features
    assert isinstance(module, nn.Conv2d)
    # Gaps in a kernel, or more padding than it reaches, are in no backbone: SlotConv2d does without.
    if (
        module.groups != 1
        or module.padding_mode != "zeros"
        or isinstance(module.padding, str)
        or module.dilation != (1, 1)
        or any(padding >= size for padding, size in zip(module.padding, module.kernel_size, strict=True))
    ):
        raise BackboneUnusable(f"{name} is a convolution that takes no adapter", remedy="Leave it out of the targets.")
    return (module.in_channels, *module.kernel_size), module.out_channels
