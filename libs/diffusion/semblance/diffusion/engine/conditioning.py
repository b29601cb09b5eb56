"""What a row's lanes are told: one prompt for everybody, or the picture's own and one for each part of it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Final

from semblance.diffusion.engine.request import EngineRequest, Worn
from semblance.diffusion.errors import RequestInvalid
from semblance.diffusion.families.family import Asked, Family, Lane
from semblance.diffusion.families.regional import Placed, joined
from semblance.diffusion.slots import Slots, Use

_TEXT: Final = "text_encoder"

Lanes = tuple[Lane, Lane | None]


class Conditioning:
    """Encodes text, by the people's own text encoders where they have one."""

    def __init__(self, family: Family, slots: Slots) -> None:
        self._family = family
        self._slots = slots

    def lanes(self, request: EngineRequest, asked: Asked, uses: Sequence[Use]) -> Lanes:
        """The wanted and the unwanted lane. asked: of the whole picture, without references.

        Raises PromptTooLong, AdapterUnusable, AdapterWiped.
        """
        if any(worn.region is not None for worn in request.worn):
            return self._in_parts(request.worn, asked, uses)
        references = tuple(worn.reference for worn in request.worn if worn.reference is not None)
        return self._told(dataclasses.replace(asked, references=references), uses)

    def _in_parts(self, people: Sequence[Worn], asked: Asked, uses: Sequence[Use]) -> Lanes:
        """Everybody's words by their own text encoder, the picture's own by that of what is worn everywhere."""
        styles = [use for worn, use in zip(people, uses, strict=True) if worn.region is None]
        whole = self._told(asked, styles)
        own = [self._of(worn, use, asked) for worn, use in zip(people, uses, strict=True)]
        shape = self._family.noise(0, asked.height_px, asked.width_px).shape
        regions = [worn.region for worn in people]
        wanted = [
            Placed(None if lanes is None else lanes[0], region) for lanes, region in zip(own, regions, strict=True)
        ]
        if whole[1] is None:
            return joined(whole[0], wanted, shape), None
        unwanted = [
            Placed(None if lanes is None else lanes[1], region) for lanes, region in zip(own, regions, strict=True)
        ]
        return joined(whole[0], wanted, shape), joined(whole[1], unwanted, shape)

    def _of(self, worn: Worn, use: Use, asked: Asked) -> Lanes | None:
        if worn.region is None:
            return None
        references = () if worn.reference is None else (worn.reference,)
        prompt = worn.region.prompt or asked.prompt
        return self._told(dataclasses.replace(asked, prompt=prompt, references=references), [use])

    def _told(self, asked: Asked, uses: Sequence[Use]) -> Lanes:
        with contextlib.ExitStack() as worn_text:
            for prefix in self._family.towers():
                if prefix.startswith(_TEXT) and uses:
                    worn_text.enter_context(self._slots.uniform(prefix, uses))
            return self._family.condition(asked)


def check_parts(people: Sequence[Worn], family: Family, size: tuple[int, int], max_pixels: int) -> None:
    """Raise RequestInvalid for parts of a picture of this size that this backbone cannot keep apart."""
    if all(worn.region is None for worn in people):
        return
    if family.regional is None:
        raise RequestInvalid("this backbone draws nobody into a part of a picture", remedy="Take a UNet backbone.")
    if size[0] * size[1] > max_pixels:
        raise RequestInvalid(f"a picture with parts has at most {max_pixels} pixels", remedy="Ask for a smaller one.")
    if any(worn.adapter is None for worn in people):
        raise RequestInvalid("whoever has a part of a picture wears an adapter")
