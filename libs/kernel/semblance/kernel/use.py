"""What a picture of somebody is for, as whoever asks declares it; and whether the person lets them.

The gateway, identity and generation all ask `refusal`. A declaration is a promise: nothing here sees what becomes of a
picture afterwards, but the promise is kept with the picture, in the person's log and in the signed manifest.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from semblance.kernel.errors import Invalid


class Use(enum.Enum):
    """OTHER: none of the rest."""

    PERSONAL = "personal"
    SOCIAL_MEDIA = "social-media"
    GREETING_CARD = "greeting-card"
    EDITORIAL = "editorial"
    ADVERTISING = "advertising"
    POLITICAL = "political"
    DATING = "dating"
    COMMERCIAL_PRODUCT = "commercial-product"
    OTHER = "other"


REQUIRED: Final = "use-required"
DENIED: Final = "use-denied"
# Beginnings of words, in English, that name a use in somebody's own words.
_NAMES: Final = {
    Use.PERSONAL: ("personal", "private"),
    Use.SOCIAL_MEDIA: ("social", "instagram", "facebook", "tiktok"),
    Use.GREETING_CARD: ("greeting", "card", "postcard"),
    Use.EDITORIAL: ("editorial", "news", "journalis", "press"),
    Use.ADVERTISING: ("advert", "ad", "ads", "marketing", "promot", "sponsor"),
    Use.POLITICAL: ("politic", "election", "campaign", "propaganda"),
    Use.DATING: ("dating", "date", "tinder"),
    Use.COMMERCIAL_PRODUCT: ("commerc", "product", "merchandis", "sale", "sell", "resale"),
}
_WHOLE: Final = frozenset({"ad", "ads", "date", "sale", "press", "card", "news"})
# Words that say nothing about which use is meant.
_SILENT: Final = frozenset(
    re.findall(
        r"\w+",
        """a an and any anything as at by for in kind my no not of on or pictures purpose purposes the to use used uses
        media medium site sites app apps page pages profile profiles post posts""",
    )
)


@dataclass(frozen=True)
class Refusal:
    """Why a use is not covered. `allowed` are the uses that would be, in the list's order."""

    code: str
    detail: str
    allowed: tuple[Use, ...]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        words = ", ".join(use.value for use in self.allowed)
        return f"Send `use` with one of: {words}." if words else "Ask the person: no use is left that they allow."


def parse_use(text: str) -> Use | None:
    """None for nothing said. Raises Invalid for a word that is not in the list."""
    if not text:
        return None
    try:
        return Use(text)
    except ValueError as e:
        words = ", ".join(use.value for use in Use)
        raise Invalid("that is no use in the list", remedy=f"A use is one of: {words}.", code="unknown-use") from e


def parse_uses(texts: Sequence[str]) -> tuple[Use, ...]:
    """Each once, in the list's order. Raises Invalid."""
    asked = {parse_use(text) for text in texts if text}
    return tuple(use for use in Use if use in asked)


def refusal(use: Use | None, *, allowed: Collection[Use], denied: Sequence[str]) -> Refusal | None:
    """None when `use` is covered. `allowed` empty: all; `denied`: the person's own words, which go before `allowed`.

    Where neither says anything, nothing need be declared. A denial that names no use of the list, or more than that,
    might mean anything that the list does not name: then OTHER is not covered.
    """
    if not allowed and not denied:
        return None
    left = _covered(allowed, denied)
    if use is None:
        return Refusal(REQUIRED, "the person allows these pictures for some uses only: say which it is", left)
    if use not in left:
        return Refusal(DENIED, f"the person does not allow these pictures for the use {use.value!r}", left)
    return None


def _covered(allowed: Collection[Use], denied: Sequence[str]) -> tuple[Use, ...]:
    out: set[Use] = set()
    for text in denied:
        named, understood = _named(text)
        out |= named if understood else named | {Use.OTHER}
    return tuple(use for use in Use if use not in out and (not allowed or use in allowed))


def _named(text: str) -> tuple[set[Use], bool]:
    """The uses that a denial names, and whether it says nothing besides."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    if plain in {use.value for use in Use}:
        return {Use(plain)}, True
    found: set[Use] = set()
    understood = True
    for word in re.findall(r"\w+", plain.replace("_", " ")):
        uses = {use for use, names in _NAMES.items() if any(_is(word, name) for name in names)}
        found |= uses
        understood = understood and (bool(uses) or word in _SILENT)
    return found, understood and bool(found)


def _is(word: str, name: str) -> bool:
    return word in (name, f"{name}s") if name in _WHOLE else word.startswith(name)
