"""Names of people in prompts: those that an operator listed, and words that look like some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from semblance.safety.domain.normalise import plain

_WORD = re.compile(r"[^\W_]+")
_CAPITAL: Final = "[A-ZÀ-ÖØ-ÞĀĄĆČĘĞİŁŃŌŚŞŠŹŻŽА-ЯЁ]"
# Bounded: "J. J. J. ..." can be read in as many ways as there are letters, each twice.
_PARTICLE: Final = r"(?:(?:[A-Z]\.?|[Dd][aei]|del|[Vv]an|[Vv]on|der|den|[Ll]a|[Ll]e|bin|al|el) |Mc|Mac|O'){0,4}"
_NAME: Final = rf"{_CAPITAL}[^\W\d_]+(?: {_PARTICLE}{_CAPITAL}[^\W\d_]+){{0,2}}"
_OWN: Final = "['\u2019]s"


class Names:
    """Many thousands of names, found in the time that reading the prompt takes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(tuple(_WORD.findall(plain(name))) for name in names)
        self._lengths = sorted({len(name) for name in self._names})

    def found_in(self, text: str) -> bool:
        """Whether `text`, already plain, holds one of the names, its words side by side."""
        words = _WORD.findall(text)
        return any(
            tuple(words[k : k + length]) in self._names
            for length in self._lengths
            for k in range(len(words) - length + 1)
        )


def person_pattern(names: Mapping[str, object]) -> re.Pattern[str]:
    """In a prompt as typed: a given name and another name after it, or two names beside a word that people stand by."""
    given, beside, after = (_either(names, key) for key in ("given", "beside", "beside_after"))
    surname = rf"{_PARTICLE}{_CAPITAL}[^\W\d_]{{2,}}"
    return re.compile(
        rf"(?<!\w)(?:(?:{given})[ -]{surname}"
        rf"|(?:{beside}) ?(?:(?:der|die|de|a|al) )?{_CAPITAL}[^\W\d_]{{2,}} {surname}"
        rf"|{_CAPITAL}[^\W\d_]+ {_CAPITAL}[^\W\d_]{{2,}} (?:{after})(?!\w))"
    )


def no_persons(names: Mapping[str, object]) -> list[str]:
    """Patterns of what is told, sold, built or painted under a name, with the name."""
    style, by, listed = (_either(names, key) for key in ("style_of", "made_by", "no_person"))
    before, after, ending, where, articles, objects = (
        _either(names, key) for key in ("place_before", "place_after", "place_ending", "where", "articles", "objects")
    )
    german_before, german_after = _either(names, "german_before"), _either(names, "german_after")
    linked = rf"(?:(?:de|du|des|da|do|di|del|della|la|le|les) |d')*{_NAME}"
    return [
        f"(?:{listed})",
        rf"(?i:{style}) {_NAME}",
        rf"{_NAME} (?:{by})",
        str(names["things"]),
        rf"(?:(?i:{before})) {linked}(?: (?:the |la |le )?[A-ZIVX]\w*)?",
        rf"{_NAME}(?:{_OWN})? (?:and {_NAME} )?(?:{after})",
        rf"{names['place_joined']}",
        rf"(?:{_NAME} )?(?:(?:van|de|der|den) )*{_CAPITAL}?[^\W\d_]+(?:{ending})\w{{0,2}}",
        rf"(?:{german_before}) (?!Freund|Kolleg|Nachbar){_CAPITAL}[^\W\d_]+",
        rf"{_NAME}(?: |-)(?:{german_after})",
        rf"(?<!\w)(?i:{where}) (?:the )?{_NAME}(?!{_OWN}|\w| {_CAPITAL})",
        rf"(?<!\w)(?i:{articles}) {_NAME}(?:{_OWN})? (?:[a-z]+ )?(?:{objects})",
    ]


def _either(names: Mapping[str, object], key: str) -> str:
    """Any of the words of a list; those that hold a mark of regular expressions are taken as such."""
    return "|".join(dict.fromkeys(_listed(names[key])))


def _listed(value: object) -> list[str]:
    lines = [value] if isinstance(value, str) else value
    assert isinstance(lines, list)
    return [word.strip() for line in lines for word in str(line).split(",") if word.strip()]
