"""Names of people in prompts: those that an operator listed, and words that look like some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from semblance.safety.domain.normalise import plain

_WORD = re.compile(r"[^\W_]+")
_CAPITAL: Final = "[A-ZÀ-ÖØ-ÞĀĄĆČĘĞİŁŃŌŚŞŠŹŻŽА-ЯЁ]"
_PARTICLE: Final = r"(?:(?:[A-Z]\.?|de|da|di|del|van|von|der|den|la|le|bin|al|el) |Mc|Mac|O')*"
_NAME: Final = rf"{_CAPITAL}[^\W\d_]+(?: {_PARTICLE}{_CAPITAL}[^\W\d_]+){{0,2}}"


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
    """A given name and another name after it, in a prompt as typed."""
    given = "|".join(map(re.escape, dict.fromkeys(_listed(names["given"]))))
    return re.compile(rf"(?<!\w)(?:{given})[ -]{_PARTICLE}{_CAPITAL}[^\W\d_]{{2,}}")


def no_persons(names: Mapping[str, object]) -> list[str]:
    """Patterns of what is told, sold or painted under a name, with the name."""
    style, by = ("|".join(_listed(names[key])) for key in ("style_of", "made_by"))
    listed = "|".join(_listed(names["no_person"]))
    return [f"(?:{listed})", rf"(?i:{style}) {_NAME}", rf"{_NAME} (?:{by})", str(names["things"])]


def _listed(value: object) -> list[str]:
    lines = [value] if isinstance(value, str) else value
    assert isinstance(lines, list)
    return [word.strip() for line in lines for word in str(line).split(",") if word.strip()]
