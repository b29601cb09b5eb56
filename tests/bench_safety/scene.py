"""The people of the benchmark and pictures of them: enrolled, protected, unknown; synthetic, all of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from semblance.faces import Embedding, FaceEngine, RgbU8
from semblance.synthetic_people.library import photo_library
from semblance.synthetic_people.people import Person, person

FIRST_SEED = 1_300_500
"""Nothing was chosen on these."""
SIDE_PX = 256
_TEMPLATES, _LIBRARY = 7, 11
OWN = "own face"


@dataclass(frozen=True)
class Somebody:
    """A person, the templates that a capture would give, and photos that are not among these, with how far the head is
    turned in each, degrees."""

    seed: int
    templates: tuple[Embedding, ...]
    photos: tuple[RgbU8, ...]
    turns: tuple[float, ...]


def somebody(seed: int, engine: FaceEngine, photos: int) -> Somebody:
    """The person of this seed."""
    return somebody_of(person(seed), seed, engine, photos)


def somebody_of(who: Person, seed: int, engine: FaceEngine, photos: int) -> Somebody:
    """Templates are of the straightest photos of another series."""
    shots = sorted(photo_library(who, 2 * _TEMPLATES, _LIBRARY + 1, SIDE_PX), key=lambda s: abs(s.scene.yaw_deg))
    templates = [made for shot in shots if (made := embedded(engine, shot.picture.pixels)) is not None]
    taken = list(photo_library(who, photos, _LIBRARY, SIDE_PX))
    pixels = tuple(shot.picture.pixels for shot in taken)
    turns = tuple(abs(shot.scene.yaw_deg) for shot in taken)
    return Somebody(seed, tuple(templates[:_TEMPLATES]), pixels, turns)


def embedded(engine: FaceEngine, pixels: RgbU8) -> Embedding | None:
    """The largest face's embedding."""
    found = engine.detect(pixels)
    return engine.embed(pixels, max(found, key=lambda f: f.box.width_px)) if found else None


def side_by_side(left: RgbU8, right: RgbU8) -> RgbU8:
    """One picture of two."""
    return np.ascontiguousarray(np.concatenate([left, right], axis=1))


def png(pixels: RgbU8) -> bytes:
    """Lossless bytes."""
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    return output.getvalue()


def pictures_for_faults(
    subject: Somebody, other: Somebody, protected: Somebody, unknown: Somebody
) -> Iterator[tuple[str, RgbU8]]:
    """(kind, pixels) without end; two of five show the subject alone."""
    number = 0
    while True:
        own = subject.photos[number % len(subject.photos)]
        theirs = other.photos[number % len(other.photos)]
        yield OWN, own
        yield "somebody else enrolled", theirs
        yield "a protected face", protected.photos[number % len(protected.photos)]
        yield OWN, own
        yield "subject and somebody else", side_by_side(own, theirs)
        yield "a stranger", unknown.photos[number % len(unknown.photos)]
        number += 1
