"""Several people in one picture, each in a part of it: whose words and whose face a place of the picture looks at.

A lane's words are the picture's own and then those of each person. A place inside somebody's part looks at the
picture's words and at theirs; a place outside looks at the picture's alone. In self-attention a place inside looks at
its own part and at what is nobody's, so that no face is made of another. Works by what diffusers' attention takes
anyhow, masks for words, places and reference faces; convolutions and group norms carry something over a border.
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
from semblance.diffusion.prompts import check_prompt
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
        check_prompt(self.prompt)

    def mask(self, height: int, width: int) -> torch.Tensor:
        """(height, width): the share of each cell that lies inside."""
        return torch.outer(_covered(self.top, self.bottom, height), _covered(self.left, self.right, width))


_EVERYWHERE: Final = Region(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Placed:
    """Somebody's lane and their part. lane None: a style, which is said in the picture's own words and has no face;
    region None: all of the picture."""

    lane: Lane | None = field(repr=False)
    region: Region | None


def joined(whole: Lane, people: Sequence[Placed], latents: torch.Size) -> Lane:
    """One lane of the picture's own and the people's, in their order. latents (1, C, h, w) is the shape of noise.

    Only words and faces are the people's; what else a lane has is the whole picture's.
    """
    lanes = [placed.lane for placed in people]
    words = [whole[WORDS], *(lane[WORDS] for lane in lanes if lane is not None)]
    numbers: dict[str, Any] = {"dtype": words[0].dtype, "device": words[0].device}
    own = words[0].shape[1]
    told = {**whole, WORDS: torch.cat(words, dim=1)}
    spans, begins = torch.zeros(1, len(people), told[WORDS].shape[1], **numbers), own
    for index, lane in enumerate(lanes):
        start, size = (0, own) if lane is None else (begins, lane[WORDS].shape[1])
        spans[:, index, start : start + size] = 1
        begins += 0 if lane is None else size
    masks = [(placed.region or _EVERYWHERE).mask(*latents[2:]) for placed in people]
    told[SPANS], told[PARTS] = spans, torch.stack(masks)[None].to(**numbers)
    if FACES in whole:
        # A face of zeros that does not count stands for who has none.
        faces = [
            (whole[FACES] * 0, whole[LIKENESS] * 0) if lane is None else (lane[FACES], lane[LIKENESS]) for lane in lanes
        ]
        told[FACES] = torch.cat([face for face, _likeness in faces], dim=1)
        told[LIKENESS] = torch.cat([likeness for _face, likeness in faces], dim=1)
    return told


_Changed = tuple[Any, dict[str, Any]] | None


class RegionalAttention:
    """Tells a UNet's attention the masks of a forward; without any it is as diffusers left it, bit for bit."""

    def __init__(self, unet: nn.Module) -> None:
        """Listen at every attention of a UNet."""
        self._masks: _Masks | None = None
        asked = {"attn1": self._among_places, "attn2": self._to_words}
        self._hooks = [
            part.register_forward_pre_hook(asked[name.rpartition(".")[2]], with_kwargs=True)
            for name, part in unet.named_modules()
            if name.endswith(tuple(asked))
        ]

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

    def _among_places(self, _part: nn.Module, args: Any, kwargs: dict[str, Any]) -> _Changed:
        masks = self._masks
        if masks is None:
            return None
        kwargs["attention_mask"] = masks.places(args[0].shape[1])
        return args, kwargs

    def _to_words(self, _part: nn.Module, args: Any, kwargs: dict[str, Any]) -> _Changed:
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
        self._made: dict[tuple[str, int], torch.Tensor] = {}

    def words(self, places: int) -> torch.Tensor:
        """What is added to the scores of words, (L, places, tokens)."""
        key = ("words", places)
        if key not in self._made:
            seen = self._inside(places) @ self._spans + (1 - self._spans.sum(1, keepdim=True))
            self._made[key] = self._scores(seen)
        return self._made[key]

    def places(self, places: int) -> torch.Tensor:
        """What is added to the scores of places, (L, places, places)."""
        key = ("places", places)
        if key not in self._made:
            # Whoever is everywhere, as a style is, parts nothing from anything.
            parted = (self._parts.amin((2, 3)) < 1).to(self._spans.dtype)
            inside = self._inside(places) * parted[:, None]
            nobodys = (inside.sum(2) == 0).to(inside.dtype)
            seen = inside @ inside.transpose(1, 2) + nobodys[:, :, None] + nobodys[:, None, :]
            self._made[key] = self._scores(seen)
        return self._made[key]

    def _inside(self, places: int) -> torch.Tensor:
        """Whose part each place is in, (L, places, K) of 0 or 1."""
        size = rectangle(places, *self._parts.shape[-2:])
        shares = F.interpolate(self._parts, size=size, mode="area").flatten(2)
        return (shares >= 0.5).to(self._spans.dtype).transpose(1, 2)

    @staticmethod
    def _scores(seen: torch.Tensor) -> torch.Tensor:
        return torch.where(seen > 0, 0.0, _HIDDEN).to(seen.dtype)


def _covered(begins: float, ends: float, cells: int) -> torch.Tensor:
    """How much of each of so many equal cells of 0 to 1 lies between."""
    low = torch.arange(cells, dtype=torch.float64) / cells
    inside = torch.clamp(torch.clamp(low + 1 / cells, max=ends) - torch.clamp(low, min=begins), min=0)
    return (inside * cells).float()
