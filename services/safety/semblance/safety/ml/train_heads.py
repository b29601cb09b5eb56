"""`python -m semblance.safety.ml.train_heads`: learns the heads over the frozen encoder, writes heads.npz beside this.

Thresholds are chosen on scores from five folds over templates: heads score a phrase whose template they never saw.
The held-out prompts in tests/bench are not read here. Two minutes on one core; the same files give the same heads.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from semblance.safety.adapters.rules_file import prompt_rules
from semblance.safety.domain.readable import readings
from semblance.safety.ml.fitting import FOLDS, HIDDEN, SCALE, Arrays, encoded, fit_classes, two_layers
from semblance.safety.ml.phrasebook import FINE, INTENTS, phrases
from semblance.safety.ml.sentences import SentenceEncoder, Vectors
from semblance.safety.ml.train_limits import limit_heads

OUT = Path(__file__).with_name("heads.npz")
WHOLE_FALSE_ALARMS, PART_FALSE_ALARMS = 0.02, 0.005
"""How many fine phrases of unseen templates the thresholds may refuse; a prompt has one whole and several parts."""


def main() -> None:
    """Train, choose thresholds, write, and print what the folds say."""
    torch.set_num_threads(1)
    encoder = SentenceEncoder()
    np.savez_compressed(OUT, **_intents(encoder), **limit_heads(encoder))
    print(f"{OUT.name}: {OUT.stat().st_size // 1024} KiB")


def _intents(encoder: SentenceEncoder) -> Arrays:
    found, labels = phrases(), (*INTENTS, FINE)
    harmless = prompt_rules().harmless
    x = encoded(encoder, [readings(p.text, harmless).whole[-1] for p in found])
    y = np.array([labels.index(p.label) for p in found])
    scores = _out_of_fold(x, y, [p.group for p in found], len(labels), HIDDEN)
    asked, fine = 1 - scores[:, -1], y == len(labels) - 1
    whole, part = (float(np.quantile(asked[fine], 1 - rate)) for rate in (WHOLE_FALSE_ALARMS, PART_FALSE_ALARMS))
    print(f"intents: {len(found)} phrases, {whole:.3f} finds {np.mean(asked[~fine] >= whole):.3f}; parts {part:.3f}")
    net = fit_classes(x, y, len(labels), HIDDEN)
    thresholds = {"whole": np.float32(whole), "part": np.float32(part)}
    return {"intents": np.array(INTENTS), **two_layers(net, ("w1", "b1", "w2", "b2")), **thresholds}


def _out_of_fold(x: Vectors, y: np.ndarray, groups: Sequence[int], classes: int, hidden: int) -> np.ndarray:
    """(n, classes) probabilities, each from heads that never saw the phrase's template."""
    order = sorted(set(groups))
    random.Random(0).shuffle(order)  # noqa: S311 - no secret
    fold = {group: k % FOLDS for k, group in enumerate(order)}
    of = np.array([fold[group] for group in groups])
    scores = np.zeros((len(y), classes))
    for k in range(FOLDS):
        net = fit_classes(x[of != k], y[of != k], classes, hidden)
        with torch.no_grad():
            scores[of == k] = torch.softmax(net(torch.tensor(x[of == k]) * SCALE), 1).numpy()
    return scores


if __name__ == "__main__":
    main()
