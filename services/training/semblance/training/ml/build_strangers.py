"""Makes strangers.npy: `python -m semblance.training.ml.build_strangers MODELS_DIR`, half a minute."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from semblance.faces import Embedding, FaceEngine, OpenCvFaceEngine, unit
from semblance.synthetic_people import HELD_OUT_FROM, person, render, scene
from semblance.training.ml.strangers import FILE

PEOPLE = 32
PHOTOS = 3
FIRST_SEED = HELD_OUT_FROM + 50_000


def main() -> None:
    """Write the file beside this module."""
    faces = OpenCvFaceEngine(Path(sys.argv[1]))
    found = [made for seed in range(FIRST_SEED, FIRST_SEED + PEOPLE) if (made := embedding_of(seed, faces)) is not None]
    np.save(Path(__file__).parent / FILE, np.stack(found).astype(np.float32))
    print(f"{len(found)} strangers")


def embedding_of(seed: int, faces: FaceEngine) -> Embedding | None:
    """The mean embedding of one person's photos; None when no face was found in any."""
    who, embeddings = person(seed), []
    for shot in range(PHOTOS):
        pixels = render(who, scene(who, shot, style="photo"), 256).pixels
        found = faces.detect(pixels)
        if found:
            embeddings.append(faces.embed(pixels, found[0]))
    return unit(np.mean(embeddings, axis=0)) if embeddings else None


if __name__ == "__main__":
    main()
