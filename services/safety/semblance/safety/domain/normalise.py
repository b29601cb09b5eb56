"""A prompt as a reader sees it, whatever characters it is written with. English only: other scripts pass unread."""

# ruff: noqa: RUF001 - look-alike characters are what this file is about

from __future__ import annotations

import re
import unicodedata

# Characters that take no room: soft hyphen, joiners, direction marks, variation selectors, tags, byte order mark.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e007f]"
)
_SPACE = re.compile(r"\s+")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_BETWEEN = r"[\s.,\-_*/|~+:;'\"]"
_SPELT_OUT = re.compile(rf"(?<![^\W_])[^\W_](?:{_BETWEEN}{{1,3}}[^\W_]){{2,}}(?![^\W_])")
_SEPARATORS = re.compile(rf"{_BETWEEN}+")
_IN_WORD = re.compile(r"(?<=[^\W_])[.\-_*|~+'](?=[^\W_])")
_TOKEN = re.compile(r"\S+")

# Letters of other scripts that are drawn like a Latin one (Unicode TR39 confusables, the common ones).
_CYRILLIC = {
    "а": "a", "в": "b", "ь": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "є": "e", "һ": "h", "н": "h", "і": "i",
    "ї": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m", "п": "n", "и": "n", "о": "o", "р": "p", "ԛ": "q", "г": "r",
    "ѕ": "s", "т": "t", "ц": "u", "ѵ": "v", "ԝ": "w", "ш": "w", "х": "x", "у": "y", "ү": "y",
}  # fmt: skip
_GREEK = {
    "α": "a", "β": "b", "ϲ": "c", "δ": "d", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v", "ο": "o",
    "ρ": "p", "σ": "o", "τ": "t", "υ": "u", "χ": "x", "γ": "y", "ω": "w",
}  # fmt: skip
_LATIN = {"ɑ": "a", "ɡ": "g", "ı": "i", "ɩ": "i", "ł": "l", "ʟ": "l", "ø": "o", "đ": "d", "ꜱ": "s", "ʏ": "y", "ɴ": "n"}
_LETTERS = str.maketrans(
    {**_CYRILLIC, **_GREEK, **_LATIN}
    # Squared, negative circled and negative squared capitals, and flag letters: NFKC leaves these alone.
    | {chr(start + k): chr(97 + k) for start in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6) for k in range(26)}
)
_LEET = {"0": "o", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "€": "e", "(": "c"}
_LEET_I = str.maketrans({**_LEET, "1": "i", "!": "i", "|": "i"})
_LEET_L = str.maketrans({**_LEET, "1": "l", "!": "l", "|": "l"})


def plain(prompt: str) -> str:
    """Lower case, compatibility forms resolved, accents and invisible characters gone, look-alikes as Latin letters."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", prompt))
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return _SPACE.sub(" ", text.casefold().translate(_LETTERS)).strip()


def without_invisible(text: str) -> str:
    """`text` without characters that take no room."""
    return _INVISIBLE.sub("", text)


def look_alikes_as_latin(text: str) -> str:
    """Lower-case letters of other scripts as the Latin ones that they are drawn like."""
    return text.translate(_LETTERS)


def views(prompt: str) -> tuple[str, ...]:
    """Every way of reading the prompt: as it stands, digits as letters, letters set apart or repeated joined up."""
    base = plain(prompt)
    found = dict.fromkeys([base, _digits_as_letters(base, _LEET_I), _digits_as_letters(base, _LEET_L)])
    for text in list(found):
        joined = _SPELT_OUT.sub(lambda m: _SEPARATORS.sub("", m.group()), text)
        found.update(dict.fromkeys([joined, _IN_WORD.sub("", joined)]))
    for text in list(found):
        found.update(dict.fromkeys([_RUN.sub(r"\1", text), _RUN.sub(r"\1\1", text)]))
    return tuple(found)


def _digits_as_letters(text: str, table: dict[int, str]) -> str:
    """Only in words that have a letter too: 4 people stay 4 people."""
    return _TOKEN.sub(lambda m: m.group().translate(table) if any(map(str.isalpha, m.group())) else m.group(), text)
