"""`python -m semblance.safety.ml.train_heads`: learns the heads over the frozen encoder, writes heads.npz beside this.

Thresholds are chosen on scores from five folds over templates: heads score a phrase whose template they never saw.
The held-out prompts in tests/bench are not read here. Two minutes on one core; the same files give the same heads.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from semblance.safety.adapters.rules_file import prompt_rules
from semblance.safety.domain.limit_clauses import clauses_of
from semblance.safety.domain.readable import readings
from semblance.safety.ml.heads import SentenceHeads
from semblance.safety.ml.phrasebook import FINE, INTENTS, NONE, Phrase, phrases, topic_phrases
from semblance.safety.ml.sentences import SentenceEncoder, Vectors

OUT, PAIRS = Path(__file__).with_name("heads.npz"), Path(__file__).with_name("limit_pairs.tsv")
FOLDS, HIDDEN, SCALE = 5, 128, 8.0
WHOLE_FALSE_ALARMS, PART_FALSE_ALARMS, LIMIT_FALSE_ALARMS, TOPIC_FALSE_ALARMS = 0.02, 0.005, 0.05, 0.02
"""How many fine phrases of unseen templates the thresholds may refuse; a prompt has one whole and several parts."""
Arrays = dict[str, Any]


def main() -> None:
    """Train, choose thresholds, write, and print what the folds say."""
    torch.set_num_threads(1)
    encoder = SentenceEncoder()
    arrays: Arrays = {**_intents(encoder), **_topics(encoder), "alike": np.float32(1)}
    _save(arrays)
    _save(arrays | _limit_thresholds(SentenceHeads(encoder, OUT), arrays["topic"]))
    print(f"{OUT.name}: {OUT.stat().st_size // 1024} KiB")


def _save(arrays: Arrays) -> None:
    np.savez_compressed(OUT, **arrays)


def _intents(encoder: SentenceEncoder) -> Arrays:
    found, labels = phrases(), (*INTENTS, FINE)
    x, y = _encoded(encoder, found), np.array([labels.index(p.label) for p in found])
    scores = _out_of_fold(x, y, [p.group for p in found], len(labels), HIDDEN)
    asked, fine = 1 - scores[:, -1], y == len(labels) - 1
    whole, part = (float(np.quantile(asked[fine], 1 - rate)) for rate in (WHOLE_FALSE_ALARMS, PART_FALSE_ALARMS))
    print(f"intents: {len(found)} phrases, {whole:.3f} finds {np.mean(asked[~fine] >= whole):.3f}; parts {part:.3f}")
    net = _fit(x, y, len(labels), HIDDEN)
    first: Any = net[0]
    second: Any = net[3]
    return {
        "intents": np.array(INTENTS),
        "w1": _half(first.weight * SCALE), "b1": _half(first.bias),
        "w2": _half(second.weight), "b2": _half(second.bias),
        "whole": np.float32(whole), "part": np.float32(part),
    }  # fmt: skip


def _topics(encoder: SentenceEncoder) -> Arrays:
    """A topic's threshold is one that TOPIC_FALSE_ALARMS of the phrases of no topic reach, out of fold."""
    found = topic_phrases()
    labels = sorted({p.label for p in found} - {NONE})
    x = _encoded(encoder, found)
    y = np.array([labels.index(p.label) if p.label != NONE else len(labels) for p in found])
    keys = [p.group if p.label == NONE else -1 - k for k, p in enumerate(found)]
    scores = _out_of_fold(x, y, keys, len(labels) + 1, 0)[y == len(labels), :-1]
    thresholds = np.quantile(scores, 1 - TOPIC_FALSE_ALARMS, axis=0)
    head: Any = _fit(x, y, len(labels) + 1, 0)[0]
    return {
        "topics": np.array(labels), "topic": thresholds.astype(np.float32),
        "tw": _half(head.weight * SCALE), "tb": _half(head.bias),
    }  # fmt: skip


def _limit_thresholds(heads: SentenceHeads, topic: np.ndarray) -> Arrays:
    """None below what breaks at most LIMIT_FALSE_ALARMS of the kept limits in limit_pairs.tsv."""
    by_topic: list[tuple[float, bool, float]] = []
    by_nearness: list[tuple[float, bool, float]] = []
    for line in PAIRS.read_text("utf-8").splitlines()[1:]:
        limit, broken, text = line.split("\t")
        about, touches, near = heads.limit_scores(readings(text).whole, clauses_of([limit])[0].text)
        row = (near, broken == "yes", 0.0) if about is None else (touches, broken == "yes", float(topic[about]))
        (by_nearness if about is None else by_topic).append(row)
    floors = []
    for name, pairs in (("topic", by_topic), ("nearness", by_nearness)):
        kept = sorted((score for score, broken, _ in pairs if not broken), reverse=True)
        floors.append(kept[int(LIMIT_FALSE_ALARMS * len(kept))] + 0.005)
        hits = [(score >= max(own, floors[-1]), broken) for score, broken, own in pairs]
        found, wrong = (np.mean([hit for hit, was in hits if was is broken]) for broken in (True, False))
        print(f"limits by {name}: from {floors[-1]:.3f}; of {len(pairs)} pairs finds {found:.3f}, wrongly {wrong:.3f}")
    return {"topic": np.maximum(topic, floors[0]).astype(np.float32), "alike": np.float32(floors[1])}


def _encoded(encoder: SentenceEncoder, found: Sequence[Phrase]) -> Vectors:
    harmless = prompt_rules().harmless
    texts = [readings(p.text, harmless).whole[-1] for p in found]
    return np.concatenate([encoder.encode(texts[k : k + 64]) for k in range(0, len(texts), 64)])


def _out_of_fold(x: Vectors, y: np.ndarray, groups: Sequence[int], classes: int, hidden: int) -> np.ndarray:
    """(n, classes) probabilities, each from heads that never saw the phrase's template."""
    order = sorted(set(groups))
    random.Random(0).shuffle(order)  # noqa: S311 - no secret
    fold = {group: k % FOLDS for k, group in enumerate(order)}
    of = np.array([fold[group] for group in groups])
    scores = np.zeros((len(y), classes))
    for k in range(FOLDS):
        net = _fit(x[of != k], y[of != k], classes, hidden)
        with torch.no_grad():
            scores[of == k] = torch.softmax(net(torch.tensor(x[of == k]) * SCALE), 1).numpy()
    return scores


def _fit(x: Vectors, y: np.ndarray, classes: int, hidden: int) -> nn.Sequential:
    """Cross-entropy with rare classes weighted up; decay and dropout, because templates are alike."""
    torch.manual_seed(0)
    layers: Sequence[nn.Module] = [nn.Linear(x.shape[1], classes)]
    if hidden:
        layers = [nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Dropout(0.3), nn.Linear(hidden, classes)]
    net = nn.Sequential(*layers)
    inputs, targets = torch.tensor(x) * SCALE, torch.tensor(y)
    counts = np.bincount(y, minlength=classes).clip(1)
    weight = torch.tensor(np.sqrt(len(y) / classes / counts), dtype=torch.float32)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1.0 if hidden else 0.1)
    loss_of: Callable[..., torch.Tensor] = nn.CrossEntropyLoss(weight=weight, label_smoothing=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        loss: Any = loss_of(net(inputs), targets)
        loss.backward()
        optimiser.step()
    return net.eval()


def _half(values: torch.Tensor) -> np.ndarray:
    return values.detach().numpy().astype(np.float16)


if __name__ == "__main__":
    main()
