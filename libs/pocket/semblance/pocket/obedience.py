"""Does a picture show what the prompt asked for? A small classifier, trained on the truth of renders, answers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from semblance.pocket.precision import mixed
from semblance.pocket.truths import HEADS, Labelled

_EPOCHS, _BATCH, _RATE, _TESTED = 10, 64, 2e-3, 0.12


@dataclass(frozen=True)
class Wish:
    """A prompt about the trigger `{}` and the one answer that counts; group: the row of the report it belongs to."""

    group: str
    prompt: str
    head: str
    word: str


WISHES = (
    Wish("background", "a photo of {}, on a beach", "place", "on a beach"),
    Wish("background", "a photo of {}, in the snow", "place", "in the snow"),
    Wish("background", "a photo of {}, in a forest", "place", "in a forest"),
    Wish("background", "a photo of {}, in a library", "place", "in a library"),
    Wish("light", "a photo of {}, at night", "place", "at night"),
    Wish("light", "a photo of {}, at sunset", "place", "at sunset"),
    Wish("expression", "a photo of {}, smiling", "expression", "smiling"),
    Wish("expression", "a photo of {}, surprised", "expression", "surprised"),
    Wish("glasses", "a photo of {}, wearing glasses", "glasses", "yes"),
    Wish("style", "an oil painting of {}", "style", "oil painting"),
    Wish("style", "a watercolor painting of {}", "style", "watercolor painting"),
    Wish("style", "a pencil sketch of {}", "style", "pencil sketch"),
    Wish("style", "a black and white photo of {}", "style", "black and white photo"),
    Wish("style", "a cartoon of {}", "style", "cartoon"),
)
_ACCEPTED = {"smiling": ("smiling", "laughing")}
"""Words that satisfy a wish besides itself: a laugh is a smile."""


class Classifier(nn.Module):
    """64 px RGB to one set of logits a head."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for stage in range(4):
            wider = width * 2 ** min(stage, 2)
            layers += [
                nn.Conv2d(channels, wider, 3, 2, 1, bias=False), nn.BatchNorm2d(wider), nn.ReLU(),
                nn.Conv2d(wider, wider, 3, 1, 1, bias=False), nn.BatchNorm2d(wider), nn.ReLU(),
            ]  # fmt: skip
            channels = wider
        self.trunk = nn.Sequential(*layers)
        # A 4x4 grid keeps where things are: a mouth is not a background.
        self.heads = nn.ModuleDict({h: nn.Linear(channels * 16, len(words)) for h, words in HEADS.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """pixels (B, 3, 64, 64), -1..1."""
        seen = F.dropout(F.adaptive_avg_pool2d(self.trunk(pixels), 4).flatten(1), 0.3, self.training)
        return {name: head(seen) for name, head in self.heads.items()}


def train_classifier(data: Labelled, seed: int = 0) -> tuple[Classifier, dict[str, float]]:
    """(classifier, its share of right answers per head on people it was not trained on)."""
    torch.manual_seed(seed)
    people = np.unique(data.person)
    tested = np.isin(data.person, people[-max(1, round(len(people) * _TESTED)) :])
    rows, model = np.flatnonzero(~tested), Classifier()
    steps = _EPOCHS * (len(rows) // _BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        if step % (len(rows) // _BATCH) == 0:
            order = rng.permutation(rows)
        at = (step * _BATCH) % (len(rows) // _BATCH * _BATCH)
        chosen = order[at : at + _BATCH]
        pixels = data.pixels[chosen]
        flip = rng.random(len(chosen)) < 0.5
        pixels[flip] = pixels[flip][:, :, ::-1]
        with mixed():
            answers = model(_tensor(pixels))
        wanted = {head: torch.from_numpy(data.labels[head][chosen]) for head in HEADS}
        loss = torch.stack([F.cross_entropy(answers[h].float(), wanted[h], label_smoothing=0.05) for h in HEADS]).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    model.eval()
    told = answer(model, data.pixels[tested])
    right = {head: float((told[head] == data.labels[head][tested]).mean()) for head in HEADS}
    smiles = [HEADS["expression"].index(word) for word in _ACCEPTED["smiling"]]
    smiling = np.isin(data.labels["expression"][tested], smiles)
    right["smile or not"] = float((np.isin(told["expression"], smiles) == smiling).mean())
    return model, right


@torch.no_grad()
def answer(model: Classifier, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.int64]]:
    """For each head the most likely index (N,)."""
    parts = [model(_tensor(pixels[k : k + 128])) for k in range(0, len(pixels), 128)]
    return {head: torch.cat([part[head] for part in parts]).argmax(1).numpy() for head in HEADS}


def obeyed(model: Classifier, pixels: NDArray[np.uint8], wish: Wish) -> NDArray[np.bool_]:
    """Which of the pictures (N, 64, 64, 3) show the wish."""
    words = _ACCEPTED.get(wish.word, (wish.word,))
    return np.isin(answer(model, pixels)[wish.head], [HEADS[wish.head].index(word) for word in words])


def save(path: Path, model: Classifier, right: dict[str, float]) -> None:
    """Keep the classifier for the next run."""
    torch.save({"model": model.state_dict(), "right": right}, path)


def load(path: Path) -> tuple[Classifier, dict[str, float]] | None:
    """What `save` kept, None before the first time."""
    if not path.is_file():
        return None
    stored = torch.load(path, weights_only=True)
    model = Classifier()
    model.load_state_dict(stored["model"])
    return model.eval(), stored["right"]


def _tensor(pixels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
