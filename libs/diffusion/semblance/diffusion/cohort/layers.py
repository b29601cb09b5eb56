"""Slot layers that learn: consecutive lanes of a batch belong to one person, and gradients go to that person alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from semblance.diffusion.slots.attaching import require_bare
from semblance.diffusion.slots.layers import SlotConv2d, SlotLinear


class CohortLinear(SlotLinear):
    """A SlotLinear whose a (N, in, rank) and b (N, rank, out) serve L / N consecutive lanes each, uncopied."""

    scale: float = 1.0

    def forward(self, x: torch.Tensor, *_args: Any, **_kwargs: Any) -> torch.Tensor:
        """x (L, ..., in) to (L, ..., out)."""
        made: torch.Tensor = self.base(x)
        if self.a is None or self.b is None:
            return made
        people = self.a.shape[0]
        hidden = torch.bmm(x.reshape(people, -1, x.shape[-1]), self.a)
        flat = made.reshape(people, -1, made.shape[-1])
        return torch.baddbmm(flat, hidden, self.b, alpha=self.scale).reshape(made.shape)


class CohortConv2d(SlotConv2d):
    """The same for a convolution. a (N, rank, in, kh, kw), b (N, out, rank)."""

    scale: float = 1.0

    def forward(self, x: torch.Tensor, *_args: Any, **_kwargs: Any) -> torch.Tensor:
        """x (L, in, h, w) to (L, out, h', w')."""
        made: torch.Tensor = self.base(x)
        if self.a is None or self.b is None:
            return made
        people, rank = self.a.shape[:2]
        hidden = F.conv2d(
            _beside(x, people),
            self.a.reshape(people * rank, *self.a.shape[2:]),
            stride=self.base.stride,
            padding=self.base.padding,
            dilation=self.base.dilation,
            groups=people,
        )
        added = F.conv2d(hidden, self.b.reshape(-1, rank, 1, 1), groups=people)
        return made + self.scale * _under(added, people)


def attach(module: nn.Module, names: Iterable[str], scale: float) -> dict[str, CohortLinear | CohortConv2d]:
    """Wrap the named modules where they stand, as slots' own `attach` does."""
    require_bare(module)
    made: dict[str, CohortLinear | CohortConv2d] = {}
    for name in names:
        base: Any = module.get_submodule(name)
        made[name] = CohortConv2d(base) if isinstance(base, nn.Conv2d) else CohortLinear(base)
        made[name].scale = scale
    for name, layer in made.items():
        module.set_submodule(name, layer)
    return made


def _beside(x: torch.Tensor, people: int) -> torch.Tensor:
    """(people * rows, C, h, w) to (rows, people * C, h, w)."""
    if people == 1:
        return x
    return x.reshape(people, -1, *x.shape[1:]).transpose(0, 1).flatten(1, 2)


def _under(x: torch.Tensor, people: int) -> torch.Tensor:
    """(rows, people * C, h, w) to (people * rows, C, h, w)."""
    if people == 1:
        return x
    return x.reshape(x.shape[0], people, -1, *x.shape[2:]).transpose(0, 1).flatten(0, 1)
