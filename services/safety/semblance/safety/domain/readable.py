"""A prompt as a language model should read it: in its own script and accents, disguises taken off."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from semblance.safety.domain.normalise import look_alikes_as_latin, plain, without_invisible

_WORD: Final = re.compile(r"[^\W_]+")
_SPACE: Final = re.compile(r"\s+")
_DISGUISED: Final = re.compile(r"\S*[^\W\d_][0-9@$!€|]+[^\W\d_]\S*|[@$!€][^\W\d_]{2,}\S*")
_LEET: Final = str.maketrans("0134578@$!|€", "oieastbasiie")
_SET_APART: Final = re.compile(r"(?<![^\W_])[^\W\d_](?:[\s.,\-_*/|~+]{1,3}[^\W\d_]){3,}(?![^\W_])")
_BREAKS: Final = re.compile(r"[,;:.!?\n|()\[\]\"、。，；：！？，]+|\s[-–—]\s")  # noqa: RUF001 - other scripts' commas
_PART_WORDS: Final = 12
_PART_CHARACTERS: Final = 90
_OVERLAP_WORDS: Final = 2
_WHOLE_CHARACTERS: Final = 500
_UNREAD_LETTERS: Final = 3
_MODELLED: Final = frozenset(
    {"LATIN", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "THAI", "ARABIC"}
)
_LISTED: Final = _MODELLED | {"DEVANAGARI", "MODIFIER", "IDEOGRAPHIC"}
NOT_READ: Final = "language-not-read"
NOT_READ_MESSAGE: Final = "Semblance cannot read this script. Please write the prompt in another language."
MAX_PARTS: Final = 12
"""A prompt of more parts is read in longer ones: its length is limited, and so is the time."""


@dataclass(frozen=True)
class Readings:
    """`whole`: every way of reading all of it, none if long. `parts`: its clauses, so that length hides nothing; none
    if short. `unread`: there are letters of a script that neither the word lists nor the built-in model know. What is
    in a script that only the word lists know is in neither list."""

    whole: tuple[str, ...]
    parts: tuple[str, ...]
    unread: bool = False


def readings(prompt: str, harmless: re.Pattern[str] | None = None) -> Readings:
    """Harmless phrases are taken out of each reading, and only they: what stands beside them is still read."""
    text = readable(prompt)
    undisguised = _undisguised(text)
    whole = [_cleared(harmless, reading) for reading in dict.fromkeys((text, undisguised))]
    parts = parts_of(whole[-1])
    if parts and len(text) > _WHOLE_CHARACTERS:
        whole = []
    modelled = [tuple(t for t in texts if _scripts(t)[0] >= 0.5) for texts in (whole, parts)]
    return Readings(modelled[0], modelled[1], unread=_scripts(text)[1] >= _UNREAD_LETTERS)


def readable(prompt: str) -> str:
    """Lower case, compatibility forms resolved, invisible characters gone; a word of mixed scripts as Latin letters."""
    text = without_invisible(unicodedata.normalize("NFKC", prompt)).lower()
    text = unicodedata.normalize("NFC", text.replace("i\u0307", "i"))
    return _SPACE.sub(" ", _WORD.sub(_unmixed, text)).strip()


def parts_of(text: str) -> list[str]:
    """Clauses, the long ones cut; none for a text of one short clause."""
    clauses = [clause.strip() for clause in _BREAKS.split(text)]
    found = [part for clause in clauses if clause for part in _cut(clause, _PART_WORDS, _PART_CHARACTERS)]
    if len(found) > MAX_PARTS:
        step = -(-len(text) // (MAX_PARTS - 1))
        found = _cut(text, 10_000, step)
    return [] if len(found) < 2 else list(dict.fromkeys(found))


def _cut(clause: str, words: int, characters: int) -> list[str]:
    """Pieces of at most so many words and about so many characters, overlapping where cut, so that no cut hides what
    it parts; scripts without spaces are cut by characters."""
    found: list[str] = []
    piece: list[str] = []
    length = 0
    for word in clause.split(" "):
        for bit in [word[k : k + characters] for k in range(0, len(word), characters)]:
            if piece and (len(piece) >= words or length + len(bit) > characters):
                found.append(" ".join(piece))
                piece = piece[-_OVERLAP_WORDS:] if len(piece) > 2 * _OVERLAP_WORDS else []
                length = sum(len(word) + 1 for word in piece)
            piece.append(bit)
            length += len(bit) + 1
    return [*found, " ".join(piece)] if piece else found


def _scripts(text: str) -> tuple[float, int]:
    """The share of letters whose script the model knows (1 without letters), and how many no list knows either."""
    scripts = [unicodedata.name(c, "?").split(" ")[0] for c in text if c.isalpha()]
    known = sum(script in _MODELLED for script in scripts)
    return known / len(scripts) if scripts else 1.0, sum(script not in _LISTED for script in scripts)


def _unmixed(word: re.Match[str]) -> str:
    text = word.group()
    scripts = {unicodedata.name(c, "?").split(" ")[0] for c in text if c.isalpha()}
    mixed = "LATIN" in scripts and scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}
    return look_alikes_as_latin(text) if mixed else text


def _undisguised(text: str) -> str:
    """Digits inside words as letters, letters set apart joined up."""
    joined = _SET_APART.sub(lambda m: "".join(c for c in m.group() if c.isalpha()), text)
    return _DISGUISED.sub(lambda m: m.group().translate(_LEET), joined)


def _cleared(harmless: re.Pattern[str] | None, text: str) -> str:
    if harmless is None:
        return text
    if not harmless.search(plain(text)):
        return text
    return _SPACE.sub(" ", harmless.sub(" , ", text)).strip()
