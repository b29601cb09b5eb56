"""The truth behind the rendered training pictures, told again from the seeds: scenes cost nothing, pixels do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semblance.pocket import pictures
from semblance.pocket.dataset import shot_of, told_of
from semblance.pocket.settings import Recipe
from semblance.synthetic_people import person

HEADS: dict[str, tuple[str, ...]] = {
    "style": ("photo", "oil painting", "watercolor painting", "pencil sketch", "black and white photo", "cartoon"),
    "place": (
        "outdoors", "in a studio", "in an office", "at night", "on a beach", "in a forest", "in a city",
        "against a white wall", "at sunset", "in the snow", "in a library", "in a cafe",
    ),
    "expression": ("neutral", "smiling", "laughing", "surprised", "sad", "angry", "with closed eyes"),
    "glasses": ("no", "yes"),
}  # fmt: skip
"""What a classifier is asked about a picture, and the words for it."""


@dataclass(frozen=True)
class Labelled:
    """pixels (N, 64, 64, 3); person (N,); labels: for each head (N,) indices into HEADS."""

    pixels: NDArray[np.uint8]
    person: NDArray[np.int64]
    labels: dict[str, NDArray[np.int64]]


def labelled(folder: Path, recipe: Recipe, people: range) -> Labelled:
    """These people's pictures with their truth. People of whom a picture was left out are passed over: which one it
    was is not stored."""
    stored = pictures.join([pictures.load(path) for path in pictures.chunk_paths(folder, people)])
    keep: list[int] = []
    found: dict[str, list[int]] = {head: [] for head in HEADS}
    for seed in np.unique(stored.person):
        rows = np.flatnonzero(stored.person == seed)
        if len(rows) != recipe.data.pictures_per_person:
            continue
        who, rng = person(int(seed)), np.random.default_rng((recipe.seed, int(seed)))
        for k, row in enumerate(rows):
            shot = shot_of(who, k, rng, recipe.data)
            told_of(shot, rng, recipe.data)
            keep.append(int(row))
            facts = {
                "style": shot.scene.style,
                "place": shot.scene.place,
                "expression": shot.scene.expression,
                "glasses": "yes" if shot.who.glasses else "no",
            }
            for head, words in HEADS.items():
                found[head].append(words.index(facts[head]))
    rows_kept = np.array(keep)
    return Labelled(stored.pixels[rows_kept], stored.person[rows_kept], {h: np.array(v) for h, v in found.items()})
