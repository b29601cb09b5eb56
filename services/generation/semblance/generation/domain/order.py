"""What a person asks for, within limits, and how the prompt comes to speak of the person."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from semblance.generation.domain.errors import InvalidOrder
from semblance.generation.domain.sizes import Size
from semblance.generation.domain.together import Area

MAX_PROMPT_CHARACTERS: Final = 1000
MAX_SEED: Final = 2**63 - 1
MAX_STEPS: Final = 50
GUIDANCE: Final = (1.0, 15.0)
LIKENESS: Final = (0.0, 1.5)
# Training's gate judged an adapter as it is published; more of it was judged by nobody.
MAX_ADAPTER_STRENGTH: Final = 1.0

_SELF: Final = re.compile(r"\b(?:me|myself)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    """The texts; sealed wherever they rest, and never printed."""

    prompt: str = field(repr=False)
    negative_prompt: str = field(repr=False)
    # Of a picture of several: what is said of each of them alone, the subject first; empty: the prompt.
    said: tuple[str, ...] = field(default=(), repr=False)

    @property
    def everything(self) -> Words:
        """All that is asked for in one text: what anybody forbids must not be said of anybody."""
        return Words(", ".join(text for text in (self.prompt, *self.said) if text), self.negative_prompt)


@dataclass(frozen=True)
class Order:
    """The numbers. None means the backbone's own, and the adapter's. area: of the subject, in a picture of several."""

    seed: int
    steps: int | None
    guidance_scale: float | None
    likeness_scale: float | None
    area: Area | None = None
    # Of everybody's adapter, what share is worn; None: all of it, as it was judged.
    adapter_strength: float | None = None
    size: Size | None = None


def parse_words(prompt: str, negative_prompt: str, said: Sequence[str] = ()) -> Words:
    """Raises InvalidOrder: a prompt has 1 to 1000 characters, none of them a control character; so has all of it
    together."""
    words = Words(prompt.strip(), negative_prompt.strip(), tuple(text.strip() for text in said))
    if not words.prompt:
        raise InvalidOrder("a prompt has at least one character")
    for name, text in (("prompt", words.everything.prompt), ("negative prompt", words.negative_prompt)):
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise InvalidOrder(f"a {name} has at most {MAX_PROMPT_CHARACTERS} characters")
        if not text.isprintable():
            raise InvalidOrder(f"a {name} has no control characters and no line breaks")
    return words


def parse_order(
    *,
    seed: int,
    steps: int,
    guidance_scale: float,
    likeness_scale: float,
    area: Area | None = None,
    adapter_strength: float = 0.0,
    size: Size | None = None,
) -> Order:
    """From the wire's numbers: 0 steps, guidance 0, a negative likeness and adapter strength 0 mean the backbone's and
    the adapter's own.

    Raises InvalidOrder.
    """
    if not 0 <= seed <= MAX_SEED:
        raise InvalidOrder("a seed is 0 to 2^63-1")
    if not 0 <= steps <= MAX_STEPS:
        raise InvalidOrder(f"steps are 1 to {MAX_STEPS}, or 0 for the backbone's own")
    if guidance_scale != 0 and not _within(guidance_scale, GUIDANCE):
        raise InvalidOrder(f"a guidance scale is {GUIDANCE[0]:g} to {GUIDANCE[1]:g}, or 0 for the backbone's own")
    if not likeness_scale < 0 and not _within(likeness_scale, LIKENESS):
        raise InvalidOrder(
            f"a likeness scale is {LIKENESS[0]:g} to {LIKENESS[1]:g}, or negative for the backbone's own"
        )
    if not _within(adapter_strength, (0.0, MAX_ADAPTER_STRENGTH)):
        raise InvalidOrder(
            f"an adapter's strength is more than 0 and at most {MAX_ADAPTER_STRENGTH:g}, or 0 for its own",
            remedy="An adapter is worn as it was judged or less; to be more like the person it must be trained again.",
        )
    return Order(
        seed=seed,
        steps=steps or None,
        guidance_scale=guidance_scale or None,
        likeness_scale=None if likeness_scale < 0 else likeness_scale,
        area=area,
        adapter_strength=adapter_strength or None,
        size=size,
    )


def about(prompt: str, trigger: str) -> str:
    """The prompt as the backbone must read it: `me` is the trigger; where nobody is named, the trigger comes first."""
    if trigger.lower() in prompt.lower():
        return prompt
    named, times = _SELF.subn(trigger, prompt)
    return named if times else f"a photo of {trigger}, {prompt}"


def _within(value: float, limits: tuple[float, float]) -> bool:
    return math.isfinite(value) and limits[0] <= value <= limits[1]
