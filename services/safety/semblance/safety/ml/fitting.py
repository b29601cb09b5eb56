"""What training the heads shares: folds, fitting, encoding. Only train_heads and train_limits import it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from semblance.safety.ml.sentences import SentenceEncoder, Vectors

FOLDS, HIDDEN, SCALE, BATCH = 5, 128, 8.0, 1024
Arrays = dict[str, Any]


def encoded(encoder: SentenceEncoder, texts: Sequence[str]) -> Vectors:
    """(n, 512)."""
    return np.concatenate([encoder.encode(texts[k : k + 64]) for k in range(0, len(texts), 64)])


def fit_classes(x: Vectors, y: np.ndarray, classes: int, hidden: int, steps: int = 250) -> nn.Sequential:
    """Cross-entropy with rare classes weighted up; decay and dropout, because templates are alike."""
    torch.manual_seed(0)
    layers: Sequence[nn.Module] = [nn.Linear(x.shape[1], classes)]
    if hidden:
        layers = [nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Dropout(0.3), nn.Linear(hidden, classes)]
    net = nn.Sequential(*layers)
    inputs, targets = torch.tensor(x) * SCALE, torch.tensor(y)
    counts = np.bincount(y, minlength=classes).clip(1)
    weight = torch.tensor(np.sqrt(len(y) / classes / counts), dtype=torch.float32)
    loss_of: Callable[..., torch.Tensor] = nn.CrossEntropyLoss(weight=weight, label_smoothing=0.05)
    return _descended(net, len(y), lambda k: loss_of(net(inputs[k]), targets[k]), 1.0 if hidden else 0.1, steps)


def fit_yes(x: np.ndarray, y: np.ndarray, weight: np.ndarray, steps: int = 250) -> nn.Sequential:
    """Logistic regression of y (0 or 1) on x, each row as heavy as its weight."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(x.shape[1], 1))
    inputs, targets, heavy = (torch.tensor(a, dtype=torch.float32) for a in (x, y, weight))
    loss_of: Callable[..., torch.Tensor] = nn.functional.binary_cross_entropy_with_logits
    return _descended(net, len(y), lambda k: loss_of(net(inputs[k])[:, 0], targets[k], heavy[k]), 1.0, steps)


def _descended(
    net: nn.Sequential, rows: int, loss_of: Callable[[torch.Tensor], torch.Tensor], decay: float, steps: int
) -> nn.Sequential:
    """Each step sees BATCH rows drawn anew; the same rows for the same number of them."""
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=decay)
    drawn = torch.Generator().manual_seed(0)
    for _ in range(steps):
        optimiser.zero_grad()
        loss: Any = loss_of(torch.randint(rows, (min(BATCH, rows),), generator=drawn))
        loss.backward()
        optimiser.step()
    return net.eval()


def half(values: torch.Tensor) -> np.ndarray:
    """As they are stored."""
    return values.detach().numpy().astype(np.float16)


def two_layers(net: nn.Sequential, names: Sequence[str]) -> Arrays:
    """The weights of a net with one hidden layer, the inputs' scale taken in, under these four names."""
    first: Any = net[0]
    second: Any = net[3]
    values = (first.weight * SCALE, first.bias, second.weight, second.bias)
    return {name: half(value) for name, value in zip(names, values, strict=True)}
