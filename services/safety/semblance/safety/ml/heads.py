"""Small heads over the frozen sentence encoder: what a prompt asks for, and which topic of a limit it touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from semblance.safety.domain.errors import PromptModelUnavailable
from semblance.safety.domain.limit_clauses import Clause
from semblance.safety.domain.readable import Readings
from semblance.safety.ml.sentences import SentenceEncoder, Vectors

_WEIGHTS = Path(__file__).with_name("heads.npz")
_ALSO = 0.25
"""A second intent is named too when it has this much of the probability; the first is always named."""
_CLAUSE = 0.65
"""A clause is about a topic from here on."""
_TINY = 1e-6


class LimitHeads:
    """Which topic a text touches, and whether a prompt shows what a clause names: numbers in, numbers out."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        """Raises KeyError for missing arrays."""
        self._w = {k: np.asarray(arrays[k], np.float32) for k in ("tw1", "tb1", "tw2", "tb2", "pw", "pb", "topic")}
        self._alike = float(arrays["alike"])

    def broken(self, prompt: Vectors, clause: Vectors) -> bool:
        """Whether any of the prompt's readings (n, 512) breaks the clause (512,)."""
        about, score = self.scores(prompt, clause)
        return score > (self._alike if about is None else float(self._w["topic"][about]))

    def scores(self, prompt: Vectors, clause: Vectors) -> tuple[int | None, float]:
        """The clause's topic (None: it has none), and the log-odds that the prompt breaks it; of a clause with a topic,
        those of the pair and those of the topic together."""
        meant = self.topic_scores(clause[None])[0]
        pair = pair_features(np.broadcast_to(clause, prompt.shape), prompt) @ self._w["pw"] + self._w["pb"]
        if meant.max() < _CLAUSE:
            return None, float(pair.max())
        about = int(meant.argmax())
        touched = self.topic_scores(prompt)[:, about].clip(_TINY, 1 - _TINY)
        return about, float((pair + np.log(touched / (1 - touched))).max())

    def topic_scores(self, x: Vectors) -> Vectors:
        """(n, topics): probabilities; what is missing to 1 is the chance of no topic."""
        hidden = np.maximum(x @ self._w["tw1"].T + self._w["tb1"], 0)
        return _softmax(hidden @ self._w["tw2"].T + self._w["tb2"])[:, :-1]


def pair_features(said: Vectors, seen: Vectors) -> Vectors:
    """(n, 1025): how clauses and texts, each (n, 512), differ and agree, number by number and in all."""
    product = said * seen
    return np.concatenate([np.abs(said - seen) * 20, product * 100, product.sum(1, keepdims=True) * 5], 1)


class SentenceHeads:
    """The built-in model; train_heads.py chose its weights and thresholds. Safe to call from many threads."""

    def __init__(self, encoder: SentenceEncoder, weights: Path = _WEIGHTS) -> None:
        """Raises PromptModelUnavailable."""
        self._encoder = encoder
        try:
            with np.load(weights, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            self._intents = [str(s) for s in arrays["intents"]]
            self._w = {k: arrays[k].astype(np.float32) for k in ("w1", "b1", "w2", "b2")}
            self._threshold = {k: float(arrays[k]) for k in ("whole", "part")}
            self._limits = LimitHeads(arrays)
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
            threshold = self._threshold["whole" if k < len(read.whole) else "part"]
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
        return frozenset(k for k, clause in enumerate(said) if self._limits.broken(prompt, clause))


def _softmax(x: Vectors) -> Vectors:
    e = np.exp(x - x.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)
