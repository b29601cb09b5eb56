"""Photos against enrolled templates: mated, strangers and siblings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from semblance.faces import FaceEngine, RgbU8
from semblance.identity.bench.photos import ALTERATIONS
from semblance.identity.bench.traits import light, pose
from semblance.identity.domain.matching import Embedding
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import Person, person
from semblance.synthetic_people.relatives import sibling

PHOTOS_EACH = 4
_SIZE_PX = 256
AS_TAKEN = "as taken"


@dataclass(frozen=True)
class Mated:
    """A photo of an enrolled person: the best cosine with their templates, and what the photo was like."""

    seed: int
    score: float
    kind: str = AS_TAKEN
    pose: str = ""
    light: str = ""


@dataclass
class Scores:
    """Best cosines with the templates. others: as (owner of the templates, who is shown, score). `missed`: photos in
    which no face was found, by kind."""

    mated: list[Mated] = field(default_factory=list)
    others: list[tuple[int, int, float]] = field(default_factory=list)
    siblings: list[float] = field(default_factory=list)
    photos: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> list[float]:
        """Mated scores of photos as they were taken."""
        return [m.score for m in self.mated if m.kind == AS_TAKEN]

    @property
    def strangers(self) -> list[float]:
        """Scores with somebody else's templates."""
        return [score for _, _, score in self.others]


def compare(
    engine: FaceEngine,
    templates: Mapping[int, Sequence[Embedding]],
    strangers: Sequence[int],
    *,
    altered: bool = True,
    siblings: bool = True,
) -> Scores:
    """Photos of everybody with templates, of a sibling of each, and of `strangers`, against all templates."""
    found = Scores()
    stacked = {seed: np.stack(list(own)) for seed, own in templates.items()}
    for seed, own in stacked.items():
        for kind in ALTERATIONS if altered else (AS_TAKEN,):
            for mated, face in _faces(engine, person(seed), found, kind):
                found.mated.append(
                    Mated(seed, float((own @ face).max()), kind, pose(mated.yaw_deg), light(mated.place))
                )
                if kind == AS_TAKEN:
                    found.others += _with_others(stacked, seed, face)
    for seed in strangers:
        for _, face in _faces(engine, person(seed), found, AS_TAKEN):
            found.others += _with_others(stacked, seed, face)
    for seed, own in stacked.items() if siblings else ():
        for _, face in _faces(engine, sibling(person(seed), seed + 1), found, AS_TAKEN, count=2):
            found.siblings.append(float((own @ face).max()))
    return found


def _with_others(stacked: Mapping[int, Embedding], shown: int, face: Embedding) -> list[tuple[int, int, float]]:
    return [(owner, shown, float((own @ face).max())) for owner, own in stacked.items() if owner != shown]


@dataclass(frozen=True)
class _Shown:
    yaw_deg: float
    place: str


def _faces(
    engine: FaceEngine, who: Person, found: Scores, kind: str, count: int = PHOTOS_EACH
) -> Iterator[tuple[_Shown, Embedding]]:
    for scene, taken in _photos(who, count):
        pixels = ALTERATIONS[kind](taken)
        seen = engine.detect(pixels)
        found.photos[kind] = found.photos.get(kind, 0) + 1
        if seen:
            yield scene, engine.embed(pixels, max(seen, key=lambda f: f.box.width_px))
        else:
            found.missed[kind] = found.missed.get(kind, 0) + 1


_drawn: dict[tuple[Person, int], list[tuple[_Shown, RgbU8]]] = {}


def _photos(who: Person, count: int) -> list[tuple[_Shown, RgbU8]]:
    """Drawn once for all kinds and engines."""
    if (who, count) not in _drawn:
        _drawn[who, count] = [
            (_Shown(shot.scene.yaw_deg, shot.scene.place), shot.picture.pixels)
            for shot in photo_library(who, count, 11, _SIZE_PX)
        ]
    return _drawn[who, count]
