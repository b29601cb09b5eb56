"""A frozen layer whose batch has a LoRA of its own for every lane: one batched product, however many people there are.

Source of the form: Punica (arXiv:2310.18547) and S-LoRA (arXiv:2311.03285), here without a kernel of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Regions:
    """Where in the picture, or in the prompt, each of a lane's K adapters counts; shared by the layers of a tower.

    picture (L, K, h, w) of 0 to 1 at any resolution, resized to what a layer sees. words (L, K, tokens). rank: columns
    that each adapter has in the layers' weights. Every resolution is computed once for a binding.
    """

    picture: torch.Tensor
    words: torch.Tensor
    rank: int
    _made: dict[Any, torch.Tensor] = field(default_factory=dict, repr=False)

    def at(self, height: int, width: int) -> torch.Tensor:
        """(L, K * rank, height, width)."""
        key = (height, width)
        if key not in self._made:
            resized = F.interpolate(self.picture, size=key, mode="area")
            self._made[key] = resized.repeat_interleave(self.rank, dim=1)
        return self._made[key]

    def over(self, tokens: int) -> torch.Tensor:
        """(L, tokens, K * rank) for a layer that sees the picture as a sequence, row by row."""
        height, width = rectangle(tokens, self.picture.shape[-2], self.picture.shape[-1])
        return self.at(height, width).flatten(2).transpose(1, 2)

    def in_words(self) -> torch.Tensor:
        """(L, tokens, K * rank) for a layer that sees the prompt."""
        if "words" not in self._made:
            self._made["words"] = self.words.repeat_interleave(self.rank, dim=1).transpose(1, 2)
        return self._made["words"]


class SlotLinear(nn.Module):
    """`base(x) + (x A) B` with A and B of each row. a (N, in, K * rank), b (N, K * rank, out); None: the bare layer.

    A row is `each` consecutive lanes of the input that wear the same, as guidance's two are: they are one product. One
    row is shared by every lane. reads_words: the input is the prompt, not the picture.
    """

    def __init__(self, base: nn.Linear, *, reads_words: bool = False) -> None:
        super().__init__()
        self.base = base
        self.reads_words = reads_words
        self.a: torch.Tensor | None = None
        self.b: torch.Tensor | None = None
        self.each = 1
        self.regions: Regions | None = None

    def forward(self, x: torch.Tensor, *_args: Any, **_kwargs: Any) -> torch.Tensor:
        """x (L, ..., in) to (L, ..., out)."""
        made: torch.Tensor = self.base(x)
        if self.a is None or self.b is None:
            return made
        rows = rows_of(self.a, x, self.each)
        hidden = torch.bmm(x.reshape(rows, -1, x.shape[-1]), self.a)
        if self.regions is not None:
            lanes = hidden.view(x.shape[0], -1, hidden.shape[-1])
            counts = self.regions.in_words() if self.reads_words else self.regions.over(lanes.shape[1])
            hidden = (lanes * counts).view(hidden.shape)
        # In place: what the frozen layer made is ours, and no gradient needs it.
        made.view(rows, -1, made.shape[-1]).baddbmm_(hidden, self.b)
        return made


class SlotConv2d(nn.Module):
    """The same for a convolution of stride, padding and kernel stated in numbers, without dilation.

    a (N, K, rank, taps, in): A turned by `folded`. b (N, out, K * rank). A batch whose lanes have filters of their own
    is a grouped convolution, which processors do slowly for a few filters each; here every tap is one matrix product
    with the picture as it lies, and what the taps made is shifted and summed (`fold`). A row's lanes do not lie side by
    side in such a product, so each takes its own.
    """

    def __init__(self, base: nn.Conv2d) -> None:
        super().__init__()
        self.base = base
        self._padding = (int(base.padding[0]), int(base.padding[1]))
        self.a: torch.Tensor | None = None
        self.b: torch.Tensor | None = None
        self.each = 1
        self.regions: Regions | None = None

    def forward(self, x: torch.Tensor, *_args: Any, **_kwargs: Any) -> torch.Tensor:
        """x (L, in, h, w) to (L, out, h', w')."""
        made: torch.Tensor = self.base(x)
        if self.a is None or self.b is None:
            return made
        each = x.shape[0] // rows_of(self.a, x, self.each)
        filters, b = self.a.flatten(1, 3), self.b
        if each > 1 and self.base.kernel_size == (1, 1):  # so little that a copy costs less than another call
            filters, b, each = filters.repeat_interleave(each, 0), b.repeat_interleave(each, 0), 1
        for lane in range(each):
            hidden = self._hidden(x[lane::each], filters)
            if self.regions is not None:
                hidden = hidden * self.regions.at(hidden.shape[2], hidden.shape[3])[lane::each]
            mine, hidden = made[lane::each], hidden.flatten(2)
            if made.is_contiguous():
                mine.flatten(2).baddbmm_(b, hidden)
            else:
                mine += torch.bmm(b, hidden).reshape(mine.shape)  # pictures that lie with their channels last
        return made

    def _hidden(self, x: torch.Tensor, filters: torch.Tensor) -> torch.Tensor:
        """x (N, in, h, w) and filters (N, K * rank * taps, in) to (N, K * rank, h', w')."""
        return self._summed(torch.bmm(filters, x.flatten(2)), x.shape[2], x.shape[3])

    def _summed(self, taps: torch.Tensor, height: int, width: int) -> torch.Tensor:
        """(N, K * rank * taps, h * w) to (N, K * rank, h', w')."""
        (down, right), (above, before) = self.base.kernel_size, self._padding
        if (down, right, above, before) == (1, 1, 0, 0):
            hidden = taps.reshape(taps.shape[0], -1, height, width)
        else:
            whole = (height + 2 * above - down + 1, width + 2 * before - right + 1)  # as if it moved by one
            hidden = F.fold(taps, whole, (down, right), padding=(down - 1 - above, right - 1 - before))
        return hidden[:, :, :: self.base.stride[0], :: self.base.stride[1]]


def rows_of(weights: torch.Tensor, x: torch.Tensor, each: int) -> int:
    """Into how many rows the lanes of x fall. Raises ValueError for lanes that nobody was bound to: a weight never
    reaches a lane by chance."""
    rows = weights.shape[0]
    if rows not in (1, x.shape[0] / each):
        raise ValueError(f"{x.shape[0]} lanes where {rows} rows of {each} are bound")
    return rows


def folded(a: torch.Tensor) -> torch.Tensor:
    """Filters (rank, in, kh, kw) as SlotConv2d reads them, (rank, kh * kw, in): `fold` puts down what a filter gathers,
    so the taps change sides."""
    return a.flip(-2, -1).permute(0, 2, 3, 1).reshape(a.shape[0], -1, a.shape[1])


def rectangle(tokens: int, height: int, width: int) -> tuple[int, int]:
    """The height and width of a sequence that was a picture of this shape, halved some times."""
    while height * width > tokens:
        height, width = -(-height // 2), -(-width // 2)
    if height * width != tokens:
        raise ValueError(f"{tokens} tokens are no halving of the picture")
    return height, width
