"""Clauses of a person's limits, as a language model should read them."""

# ruff: noqa: RUF001 - words of other scripts

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from semblance.safety.domain.readable import readable

_CLAUSES: Final = re.compile(
    r"[,;.!?/\n、。，；]+|(?<!\w)(?:and|or|nor|also|und|oder|noch|y|o|ni|et|ou|e|en|of|i|lub|ve|veya|и|или)(?!\w)"
)
_ONLY: Final = re.compile(r"(?<!\w)(?:only|nur|solo|sólo|seulement|apenas|soltanto|alleen|tylko|sadece|только)(?!\w)")
_DENIAL: Final = re.compile(
    r"(?<!\w)(?:no|not|nothing|never|none|without|don'?t|do not|please|any|with|me|show|showing|in|on|"
    r"kein\w*|nicht|nie|ohne|nichts|mit|sin|nada|nunca|con|pas|sans|jamais|aucun\w*|de|d|avec|sem|não|com|"
    r"senza|niente|mai|non|geen|niet|zonder|nooit|met|bez|nie|żadn\w*|z|yok|olmasın|asla|без|не|нет|никогда|с)(?!\w)"
    r"|不要|没有|禁止|無し|なし|禁止|لا|بدون|ممنوع|नहीं"
)
_MAX: Final = 64
"""Clauses that are read by meaning; the words of all are looked for in any case (limits.py)."""


@dataclass(frozen=True)
class Clause:
    """`text` says what must not be seen, without the no. `limit` is the number of the limit that it comes from."""

    text: str
    limit: int


def clauses_of(limits: Sequence[str]) -> list[Clause]:
    """Clauses with "only" are left to the words: what is not there has no meaning to find."""
    found = []
    for number, limit in enumerate(limits):
        for part in _CLAUSES.split(readable(limit)):
            text = " ".join(_DENIAL.sub(" ", part).replace("'", " ").split())
            if any(map(str.isalpha, text)) and not _ONLY.search(part):
                found.append(Clause(text, number))
    return found[:_MAX]
