"""`python -m semblance.identity.bench.register`: photos against protected entries, a table on standard output."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from semblance.faces import FaceEngine, OpenCvFaceEngine
from semblance.identity.domain.matching import Embedding
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import person

_PHOTOS_EACH = 8
_THRESHOLDS = (0.50, 0.55, 0.58, 0.60, 0.62, 0.65)
Scores = npt.NDArray[np.float32]


def scores(people: Sequence[Sequence[Embedding]], photos: int) -> tuple[Scores, Scores]:
    """Best cosine with entries of so many photos: of the person's other photos, and of everybody else's."""
    own, others = [], []
    for i, mine in enumerate(people):
        entry = np.stack(mine[:photos])
        own.append((np.stack(mine[photos:]) @ entry.T).max(axis=1))
        others += [(np.stack(theirs) @ entry.T).max(axis=1) for j, theirs in enumerate(people) if j != i]
    return np.concatenate(own), np.concatenate(others)


def rows(people: Sequence[Sequence[Embedding]], photos: int) -> list[str]:
    """A line of the table for each threshold."""
    own, others = scores(people, photos)
    return [f"| {photos} | {t:.2f} | {(own < t).mean():.1%} | {(others >= t).mean():.2%} |" for t in _THRESHOLDS]


def faces_of(engine: FaceEngine, seed: int) -> list[Embedding]:
    """The first photos of one synthetic person in which a face is found."""
    found: list[Embedding] = []
    for shot in photo_library(person(seed), _PHOTOS_EACH + 2, 11, 256):
        seen = engine.detect(shot.picture.pixels)
        if seen:
            found.append(engine.embed(shot.picture.pixels, max(seen, key=lambda f: f.box.width_px)))
    return found[:_PHOTOS_EACH]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1_200_000)
    parser.add_argument("--models", type=Path, default=Path(".cache/models"))
    given = parser.parse_args()
    engine = OpenCvFaceEngine(given.models)
    people = [faces_of(engine, given.seed + k) for k in range(given.people)]
    print("| photos in the entry | threshold | own missed | others hit |\n|---|---|---|---|")
    for photos in (1, 2, 3):
        print("\n".join(rows(people, photos)))


if __name__ == "__main__":
    main()
