"""Several people in one picture, each in a part of it: whose words and whose face a place of the picture looks at.

A lane's words are the picture's own and then those of each person. A place inside somebody's part looks at the
picture's words and at theirs; a place outside looks at the picture's alone. Works by what diffusers' attention takes
anyhow, a mask for words and masks for reference faces, so that no attention of our own is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import nn

from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.families.family import Lane
from semblance.diffusion.slots.layers import rectangle

WORDS: Final = "encoder_hidden_states"
FACES: Final = "image_embeds"
LIKENESS: Final = "likeness"
PARTS: Final = "parts"
"""(L, K, h, w) of 0 to 1, at the latents' resolution: where each person counts."""
SPANS: Final = "spans"
"""(L, K, tokens) of 0 or 1: which words are said of each person."""
_HIDDEN: Final = -10_000.0  # finite, so that half precision keeps a softmax's sum


@dataclass(frozen=True)
class Region:
    """A rectangle of the picture in shares of its edges, 0 to 1, left < right and top < bottom; prompt: what is said of
    the person in it (empty: the picture's own prompt)."""

    left: float
    top: float
    right: float
    bottom: float
    prompt: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise RequestInvalid("a region's edges are 0 to 1, left before right and top before bottom")

    def mask(self, height: int, width: int) -> torch.Tensor:
        """(height, width): the share of each cell that lies inside."""
        return torch.outer(_covered(self.top, self.bottom, height), _covered(self.left, self.right, width))


def joined(whole: Lane, people: Sequence[Lane], regions: Sequence[Region], latents: torch.Size) -> Lane:
    """One lane of the picture's own and the people's, in the order of their regions. latents (1, C, h, w).

    Only words and faces are the people's; what else a lane has is the whole picture's. Raises RequestInvalid for a
    backbone without cross-attention to words.
    """
    if WORDS not in whole or len(latents) != 4:
        raise RequestInvalid("this backbone draws nobody into a part of a picture", remedy="Take a UNet backbone.")
    words = [whole[WORDS], *(lane[WORDS] for lane in people)]
    told = {**whole, WORDS: torch.cat(words, dim=1)}
    numbers = {"dtype": words[0].dtype, "device": words[0].device}
    spans = torch.zeros(1, len(people), told[WORDS].shape[1], **numbers)
    begins = words[0].shape[1]
    for index, own in enumerate(words[1:]):
        spans[:, index, begins : begins + own.shape[1]] = 1
        begins += own.shape[1]
    told[SPANS] = spans
    told[PARTS] = torch.stack([region.mask(*latents[2:]) for region in regions])[None].to(**numbers)
    if FACES in whole:
        told[FACES] = torch.cat([lane[FACES] for lane in people], dim=1)
        told[LIKENESS] = torch.cat([lane[LIKENESS] for lane in people], dim=1)
    return told


class RegionalAttention:
    """Tells a UNet's cross-attention the masks of a forward; without any it is as diffusers left it, bit for bit."""

    def __init__(self) -> None:
        self._masks: _Masks | None = None
        self._hooks: list[Any] = []

    def attach(self, unet: nn.Module) -> None:
        """Listen at every cross-attention."""
        for name, part in unet.named_modules():
            if name.endswith("attn2"):
                self._hooks.append(part.register_forward_pre_hook(self._told, with_kwargs=True))

    def detach(self) -> None:
        """Leave the UNet alone."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    @contextlib.contextmanager
    def of(self, lanes: Lane) -> Iterator[bool]:
        """The lanes' parts hold for one forward; whether they have any."""
        if PARTS in lanes:
            self._masks = _Masks(lanes[PARTS], lanes[SPANS], lanes.get(LIKENESS))
        try:
            yield self._masks is not None
        finally:
            self._masks = None

    def _told(self, _part: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        masks = self._masks
        if masks is None:
            return None
        kwargs["attention_mask"] = masks.words(args[0].shape[1])
        if masks.faces is not None:
            kwargs["ip_adapter_masks"] = [masks.faces]
        return args, kwargs


class _Masks:
    """Of one forward; every resolution is made once."""

    def __init__(self, parts: torch.Tensor, spans: torch.Tensor, likeness: torch.Tensor | None) -> None:
        self._parts = parts
        self._spans = spans
        # What a face adds is multiplied with its mask, and so with how much it is to count.
        self.faces = None if likeness is None else parts * likeness[:, :, None, None]
        self._made: dict[int, torch.Tensor] = {}

    def words(self, places: int) -> torch.Tensor:
        """What is added to the scores, (L, places, tokens)."""
        if places not in self._made:
            height, width = rectangle(places, *self._parts.shape[-2:])
            inside = F.interpolate(self._parts, size=(height, width), mode="area").flatten(2) >= 0.5
            own = inside.to(self._spans.dtype).transpose(1, 2) @ self._spans
            everybodys = 1 - self._spans.sum(1, keepdim=True)
            self._made[places] = torch.where(own + everybodys > 0, 0.0, _HIDDEN).to(self._spans.dtype)
        return self._made[places]


def _covered(begins: float, ends: float, cells: int) -> torch.Tensor:
    """How much of each of so many equal cells of 0 to 1 lies between."""
    low = torch.arange(cells, dtype=torch.float64) / cells
    inside = torch.clamp(torch.clamp(low + 1 / cells, max=ends) - torch.clamp(low, min=begins), min=0)
    return (inside * cells).float()
