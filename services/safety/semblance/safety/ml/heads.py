"""Small heads over the frozen sentence encoder: what a prompt asks for, and which topic of a limit it touches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from semblance.safety.domain.errors import PromptModelUnavailable
from semblance.safety.domain.limit_clauses import Clause
from semblance.safety.domain.readable import Readings
from semblance.safety.ml.sentences import SentenceEncoder, Vectors

_WEIGHTS = Path(__file__).with_name("heads.npz")
_ALSO = 0.25
"""A second intent is named too when it has this much of the probability; the first is always named."""
_CLAUSE, _SAME = 0.65, 0.5
"""A clause is about a topic from here on; a prompt this near to a clause with a topic says it in other words."""


class SentenceHeads:
    """The built-in model; train_heads.py chose its weights and thresholds. Safe to call from many threads."""

    def __init__(self, encoder: SentenceEncoder, weights: Path = _WEIGHTS) -> None:
        """Raises PromptModelUnavailable."""
        self._encoder = encoder
        try:
            with np.load(weights, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            self._intents, self._topics = [[str(s) for s in arrays[k]] for k in ("intents", "topics")]
            self._w = {k: arrays[k].astype(np.float32) for k in ("w1", "b1", "w2", "b2", "tw", "tb")}
            self._limit = {k: float(arrays[k]) for k in ("whole", "part", "alike")}
            self._topic_limits = arrays["topic"].astype(np.float32)
        except Exception as e:
            raise PromptModelUnavailable("the heads over the sentence encoder cannot be loaded") from e

    def intents(self, read: Readings) -> frozenset[str]:
        """Codes that the whole, or some part alone, asks for. Raises PromptModelUnavailable."""
        texts = [*read.whole, *read.parts]
        if not texts:
            return frozenset()
        scores = self.intent_scores(self._encoder.encode(texts))
        found: set[str] = set()
        for k, row in enumerate(scores):
            threshold = self._limit["whole" if k < len(read.whole) else "part"]
            if row.sum() >= threshold:
                found |= {code for code, p in zip(self._intents, row, strict=True) if p >= min(_ALSO, row.max())}
        return frozenset(found)

    def intent_scores(self, x: Vectors) -> Vectors:
        """(n, intents): probabilities; what is missing to 1 is the chance that nothing is asked for."""
        hidden = np.maximum(x @ self._w["w1"].T + self._w["b1"], 0)
        return _softmax(hidden @ self._w["w2"].T + self._w["b2"])[:, :-1]

    def broken(self, read: Readings, clauses: Sequence[Clause]) -> frozenset[int]:
        """Numbers of the clauses that the prompt touches, in whatever words. Raises PromptModelUnavailable."""
        texts = [*dict.fromkeys((*read.whole, *read.parts))]
        if not clauses or not texts:
            return frozenset()
        vectors = self._encoder.encode([*texts, *(clause.text for clause in clauses)])
        prompt, said = vectors[: len(texts)], vectors[len(texts) :]
        touched, meant = self.topic_scores(prompt).max(0), self.topic_scores(said)
        found = set()
        for k, row in enumerate(meant):
            about, near = _about(row), float((prompt @ said[k]).max())
            if about is None:
                hit = near >= self._limit["alike"]
            else:
                hit = touched[about] >= self._topic_limits[about] or near >= _SAME
            if hit:
                found.add(k)
        return frozenset(found)

    def limit_scores(self, prompt: Sequence[str], clause: str) -> tuple[int | None, float, float]:
        """The clause's topic (None: it has none), how much a prompt touches it, and how near it is to the clause."""
        vectors = self._encoder.encode([*prompt, clause])
        touched, about = self.topic_scores(vectors[:-1]).max(0), _about(self.topic_scores(vectors[-1:])[0])
        return about, 0.0 if about is None else float(touched[about]), float((vectors[:-1] @ vectors[-1]).max())

    def topic_scores(self, x: Vectors) -> Vectors:
        """(n, topics): probabilities; what is missing to 1 is the chance of no topic."""
        return _softmax(x @ self._w["tw"].T + self._w["tb"])[:, :-1]


def _about(meant: Vectors) -> int | None:
    """The number of the topic that a clause is about; None if it is about none."""
    return int(meant.argmax()) if meant.max() >= _CLAUSE else None


def _softmax(x: Vectors) -> Vectors:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)
