"""The heads over limits: which topic a text touches, whether a prompt shows what a clause names. See train_heads.py.

The pair head is logistic over |u - v| and u * v of a clause u and a prompt v. Both heads learn from topics.yaml and
limit_groups.yaml, the pair head from kinds.yaml too. Thresholds come from scores out of fold: a limit about no topic is
scored by heads that never saw its group, one about a topic by heads that never saw that prompt nor the near one beside
it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from semblance.safety.adapters.rules_file import topics
from semblance.safety.domain.limit_clauses import clauses_of
from semblance.safety.domain.limits import broken_limits
from semblance.safety.ml.fitting import FOLDS, HIDDEN, Arrays, encoded, fit_classes, fit_yes, half, two_layers
from semblance.safety.ml.heads import LimitHeads, pair_features
from semblance.safety.ml.phrasebook import FINE, NONE, phrases, topic_phrases
from semblance.safety.ml.sentences import SentenceEncoder

GROUPS, KINDS = (Path(__file__).with_name(name) for name in ("limit_groups.yaml", "kinds.yaml"))
NEAR_FALSE_ALARMS, FINE_FALSE_ALARMS = 0.05, 0.02
"""What words and heads together may refuse of the near prompts, and the heads of fine phrases that no word tells."""
_OTHERS, _FINE = 3, 1000
_EVERY_FOLD = -1


@dataclass(frozen=True)
class Row:
    """A prompt under a limit. `fold`: the only heads that may score it are those that did not learn from this fold."""

    clause: str
    prompt: str
    broken: bool
    topic: str | None
    fold: int
    by_words: bool


def rows() -> list[Row]:
    """Every prompt of limit_groups.yaml under every limit of its group."""
    found, known = [], topics()
    for number, group in enumerate(yaml.safe_load(GROUPS.read_text("utf-8"))):
        topic = group.get("topic")
        for key in ("broken", "near"):
            for place, prompt in enumerate(group[key]):
                fold = (place if topic else number) % FOLDS
                for limit in group["limits"]:
                    words = bool(broken_limits(prompt, [limit], [], known))
                    found.append(Row(clauses_of([limit])[0].text, prompt, key == "broken", topic, fold, words))
    return found


def limit_heads(encoder: SentenceEncoder) -> Arrays:
    """Weights and thresholds, and what the folds say of them, printed."""
    lesson = _Lesson(encoder, rows())
    scores, about = np.zeros(len(lesson.rows)), np.zeros(len(lesson.rows), bool)
    for fold in range(FOLDS):
        heads = LimitHeads(lesson.learnt(fold))
        for k, row in enumerate(lesson.rows):
            if row.fold == fold:
                about[k], scores[k] = _score(heads, lesson, row.clause, row.prompt)
    arrays = lesson.learnt(None)
    return arrays | _thresholds(lesson, LimitHeads(arrays), scores, about)


class _Lesson:
    """What there is to learn from, encoded once."""

    def __init__(self, encoder: SentenceEncoder, found: list[Row]) -> None:
        self.rows = found
        told = topic_phrases()
        self.labels = sorted({p.label for p in told} - {NONE})
        self.fine = random.Random(3).sample([p.text for p in phrases() if p.label == FINE], _FINE)  # noqa: S311 - as ever
        self._things = things()
        texts = [*(p.text for p in told), *(t for r in found for t in (r.clause, r.prompt)), *self.fine]
        texts += [text for pair in self._things for text in pair[:2]]
        unique = list(dict.fromkeys(texts))
        self.vector = dict(zip(unique, encoded(encoder, unique), strict=True))
        self._touches = self._texts_of_topics(told)
        self._pairs = self._pairs_of(told)

    def learnt(self, left_out: int | None) -> Arrays:
        """Both heads' weights, from everything but one fold."""
        touching = [(text, label) for text, label, fold in self._touches if fold != left_out]
        y = np.array([self.labels.index(label) if label != NONE else len(self.labels) for _, label in touching])
        x = np.stack([self.vector[text] for text, _ in touching])
        topic = fit_classes(x, y, len(self.labels) + 1, HIDDEN)
        pairs = [pair for pair in self._pairs if pair[4] != left_out]
        said, seen = (
            np.stack([self.vector[text] for text in texts]) for texts in zip(*(p[:2] for p in pairs), strict=True)
        )
        yes, heavy = np.array([p[2] for p in pairs], np.float32), np.array([p[3] for p in pairs], np.float32)
        first: Any = fit_yes(pair_features(said, seen), yes, heavy)[0]
        return {
            "topics": np.array(self.labels), **two_layers(topic, ("tw1", "tb1", "tw2", "tb2")),
            "pw": half(first.weight[0]), "pb": half(first.bias),
            "topic": np.zeros(len(self.labels), np.float32), "alike": np.float32(0),
        }  # fmt: skip

    def _texts_of_topics(self, told: list[Any]) -> list[tuple[str, str, int]]:
        """Phrases, clauses and prompts with the topic that they touch; a near prompt touches none."""
        found = [(p.text, p.label, _EVERY_FOLD) for p in told]
        found += [(r.clause, r.topic, _EVERY_FOLD) for r in self.rows if r.topic]
        found += [(r.prompt, r.topic if r.broken else NONE, r.fold) for r in self.rows if r.topic]
        return list(dict.fromkeys(found))

    def _pairs_of(self, told: list[Any]) -> list[tuple[str, str, float, float, int]]:
        """Clause, text, whether it breaks, how heavy, fold. Most texts of other groups and of no topic keep a limit."""
        rng = random.Random(0)  # noqa: S311 - no secret, and to be repeatable
        clauses = sorted({(r.topic or r.clause, r.clause) for r in self.rows})
        of_topic = {t: [c for topic, c in clauses if topic == t] for t in self.labels}
        found = [(r.clause, r.prompt, float(r.broken), 1.0, r.fold) for r in self.rows] + self._things
        for r in self.rows:
            if not r.broken:
                others = rng.sample([c for key, c in clauses if key != (r.topic or r.clause)], _OTHERS)
                found += [(clause, r.prompt, 0.0, 0.5, r.fold) for clause in others]
        for p in told:
            own = of_topic.get(p.label, [])
            if own:
                found.append((rng.choice(own), p.text, 1.0, 0.5, _EVERY_FOLD))
            elif p.label == NONE:
                found += [(c, p.text, 0.0, 0.5, _EVERY_FOLD) for _, c in rng.sample(clauses, _OTHERS)]
        return found


def things() -> list[tuple[str, str, float, float, int]]:
    """Clause, framed thing, whether it is of that kind, how heavy, fold: as pairs."""
    rng = random.Random(0)  # noqa: S311 - as above
    document = yaml.safe_load(KINDS.read_text("utf-8"))
    kinds = [(kind.split("; "), things) for kind, things in document["kinds"].items()]
    found = []
    for number, (names, things) in enumerate(kinds):
        for thing in things:
            text = rng.choice(document["frames"]).format(thing)
            found += [(clauses_of([name])[0].text, text, 1.0, 0.7, number % FOLDS) for name in names]
            others = rng.sample([n for k, (n, _) in enumerate(kinds) if k != number], _OTHERS)
            found += [(clauses_of([rng.choice(n)])[0].text, text, 0.0, 0.5, number % FOLDS) for n in others]
    return found


def _score(heads: LimitHeads, lesson: _Lesson, clause: str, prompt: str) -> tuple[bool, float]:
    """Whether the clause is about a topic, and the score that its threshold is for."""
    about, score = heads.scores(lesson.vector[prompt][None], lesson.vector[clause])
    return about is not None, score


def _thresholds(lesson: _Lesson, heads: LimitHeads, scores: np.ndarray, about: np.ndarray) -> Arrays:
    """The lowest that keep to both budgets; what the words refuse counts against that for near prompts."""
    broken = np.array([r.broken for r in lesson.rows])
    words = np.array([r.by_words for r in lesson.rows])
    floors = []
    for name, mine in (("topic", about), ("nearness", ~about)):
        near = mine & ~broken
        spare = max(int(NEAR_FALSE_ALARMS * near.sum()) - int(words[near].sum()), 0)
        floors.append(float(np.sort(scores[near & ~words])[::-1][spare]) + 0.005)
        hit = words | (scores > floors[-1])
        told = f"finds {hit[mine & broken].mean():.3f} (words {words[mine & broken].mean():.3f})"
        print(f"limits by {name}: from {floors[-1]:.2f}; {told}, wrongly {hit[near].mean():.3f} of {near.sum()}")
    clause_of = {r.topic: r.clause for r in lesson.rows if r.topic}
    own = np.full(len(lesson.labels), floors[0], np.float32)
    known = topics()
    for k, label in enumerate(lesson.labels):
        if label in clause_of:
            clause = clause_of[label]
            untold = [t for t in lesson.fine if not broken_limits(t, [clause], [], known)]
            fine = [heads.scores(lesson.vector[t][None], lesson.vector[clause])[1] for t in untold]
            own[k] = max(own[k], float(np.quantile(fine, 1 - FINE_FALSE_ALARMS)))
    print(
        "raised for fine phrases:", [f"{n} {v:.2f}" for n, v in zip(lesson.labels, own, strict=True) if v > floors[0]]
    )
    return {"topic": own, "alike": np.float32(floors[1])}
