"""Photos against enrolled templates: mated, strangers and siblings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from semblance.faces import FaceEngine
from semblance.identity.domain.matching import Embedding
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import Person, person
from semblance.synthetic_people.relatives import sibling

PHOTOS_EACH = 4
_SIZE_PX = 256


@dataclass
class Scores:
    """Best cosine with the templates; mated by the person's seed. `missed`: photos in which no face was found."""

    mated: dict[int, list[float]] = field(default_factory=dict)
    strangers: list[float] = field(default_factory=list)
    siblings: list[float] = field(default_factory=list)
    photos: int = 0
    missed: int = 0


def compare(engine: FaceEngine, templates: Mapping[int, Sequence[Embedding]], strangers: Sequence[int]) -> Scores:
    """Photos of everybody with templates, of a sibling of each, and of `strangers`, against all templates."""
    found = Scores()
    stacked = {seed: np.stack(list(own)) for seed, own in templates.items()}
    for seed in (*stacked, *strangers):
        for face in _faces(engine, person(seed), found):
            scores = {owner: float((own @ face).max()) for owner, own in stacked.items()}
            if seed in scores:
                found.mated.setdefault(seed, []).append(scores.pop(seed))
            found.strangers += scores.values()
    for seed, own in stacked.items():
        found.siblings += [
            float((own @ face).max()) for face in _faces(engine, sibling(person(seed), seed + 1), found, count=2)
        ]
    return found


def _faces(engine: FaceEngine, who: Person, found: Scores, count: int = PHOTOS_EACH) -> list[Embedding]:
    faces = []
    for shot in photo_library(who, count, 11, _SIZE_PX):
        pixels = shot.picture.pixels
        seen = engine.detect(pixels)
        found.photos += 1
        if seen:
            faces.append(engine.embed(pixels, max(seen, key=lambda f: f.box.width_px)))
        else:
            found.missed += 1
    return faces
