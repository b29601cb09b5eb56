"""Prompts at rest: sealed under the person's key, in the row of their image."""

from __future__ import annotations

import json
from typing import Final

from semblance.generation.domain.order import Words
from semblance.kernel.ids import SubjectId
from semblance.objects import Sealer

PURPOSE: Final = "prompts"


class SealedWords:
    """Seals and opens. Raises Gone once the key is destroyed."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, subject_id: SubjectId, words: Words) -> bytes:
        """One envelope for all texts."""
        text = json.dumps([words.prompt, words.negative_prompt, *words.said], ensure_ascii=False)
        return self._sealer.seal(subject_id, PURPOSE, text.encode())

    def open(self, subject_id: SubjectId, sealed: bytes) -> Words:
        """The texts again. Raises SealBroken."""
        prompt, negative_prompt, *said = json.loads(self._sealer.open(subject_id, PURPOSE, sealed))
        return Words(prompt, negative_prompt, tuple(said))
