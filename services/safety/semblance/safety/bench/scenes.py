"""Pictures with a known answer: a person's portrait, and in it somebody else's face in some disguise.

Everybody is bundled and does not exist. Sizes are the width of the face in a picture of 1024 px a side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np

from semblance.faces import RgbU8
from semblance.synthetic_people import bundled

SIDE_PX = 1024
SIZES_PX = (24, 32, 48, 96)
_PATCH = 2.2  # of a face's width: the head and a little around it
_SPOTS = ((0.02, 0.02), (0.75, 0.03), (0.02, 0.72), (0.74, 0.72))


@dataclass(frozen=True)
class Scene:
    """A picture. subject: whose it may be. hidden: whose face is in it as well, None where nobody's; where and how wide
    that face is, px."""

    kind: str
    image: RgbU8
    subject: str
    hidden: str | None = None
    middle_px: tuple[float, float] = (0.0, 0.0)
    size_px: int = 0


_Engine = Any  # a FaceEngine, which is not Hashable to the type checker, and to Python it is
Disguise = Callable[[RgbU8, np.random.Generator], RgbU8]


def hidden_faces(engine: _Engine, each: int, seed: int) -> Iterator[Scene]:
    """`each` pictures of every disguise and size."""
    rng = np.random.default_rng(seed)
    names = sorted(bundled.people())
    for kind, disguise in DISGUISES.items():
        for size_px in SIZES_PX:
            for k in range(each):
                subject, hidden = names[k % 4], names[(k + 1 + k // 4 % 3) % 4]
                head = _head(engine, hidden, k % 4, size_px)
                yield _pasted(engine, Scene(kind, disguise(head, rng), subject, hidden, size_px=size_px), k % 5, rng)


def own_pictures(engine: _Engine, each: int) -> Iterator[Scene]:
    """Pictures of one person, which should be let through."""
    del engine
    for kind, change in WHOLE.items():
        for k in range(each):
            name = sorted(bundled.people())[k % 4]
            yield Scene(kind, change(portrait(name, k // 4), np.random.default_rng(k)), name)


def faceless(each: int, seed: int) -> Iterator[Scene]:
    """Noise of several grains, stripes, leaves of colour, and gradients."""
    rng = np.random.default_rng(seed)
    for kind, made in FACELESS.items():
        for _ in range(each):
            yield Scene(kind, made(rng), "")


def group_photos() -> Iterator[tuple[RgbU8, int]]:
    """Bundled photos of three people."""
    for name in bundled.people():
        for photo in bundled.person_photos(name, ("group",)):
            yield _read(str(photo.path)), 3


@cache
def portrait(name: str, number: int) -> RgbU8:
    """A portrait, 1024 px a side."""
    photos = bundled.person_photos(name, ("portrait",))
    image = _read(str(photos[number % len(photos)].path))
    return np.asarray(cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _pasted(engine: _Engine, patch: Scene, number: int, rng: np.random.Generator) -> Scene:
    """The patch in a portrait of its subject."""
    image = portrait(patch.subject, number).copy()
    side = patch.image.shape[0]
    left, top = _free_spot(engine, patch.subject, number, side, rng)
    if patch.kind == "edge":  # a third of the face lies beyond the picture
        left = -round(side / 2 - patch.size_px / 2 + patch.size_px * 0.33)
    seen = patch.image[:, max(0, -left) :]
    image[top : top + side, max(0, left) : max(0, left) + seen.shape[1]] = seen
    return replace(patch, image=image, middle_px=(left + side / 2, top + side / 2))


@cache
def _head(engine: _Engine, name: str, number: int, size_px: int) -> RgbU8:
    """A square around a face, the face `size_px` wide in it."""
    image = portrait(name, number)
    box = engine.detect(image)[0].box
    scale, side = size_px / box.width_px, round(size_px * _PATCH)
    middle = np.array([box.x_px + box.width_px / 2, box.y_px + box.height_px / 2])
    reach = side / scale / 2
    x, y = (round(float(v - reach)) for v in middle)
    padded = cv2.copyMakeBorder(image, 512, 512, 512, 512, cv2.BORDER_REPLICATE)
    part = padded[y + 512 : y + 512 + round(2 * reach), x + 512 : x + 512 + round(2 * reach)]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _free_spot(engine: _Engine, subject: str, number: int, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """A corner, moved a little, that leaves the subject's own face free."""
    own = _own_box(engine, subject, number)
    for x, y in rng.permutation(np.array(_SPOTS)):
        left, top = (min(round(float(v) * SIDE_PX) + int(rng.integers(0, 20)), SIDE_PX - side - 1) for v in (x, y))
        if left + side < own[0] or left > own[2] or top + side < own[1] or top > own[3]:
            return left, top
    return 4, 4


@cache
def _own_box(engine: _Engine, subject: str, number: int) -> tuple[float, float, float, float]:
    box = engine.detect(portrait(subject, number))[0].box
    return box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px


def _turned(patch: RgbU8, rng: np.random.Generator) -> RgbU8:
    side = patch.shape[0]
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), float(rng.uniform(0, 360)), 1)
    return np.asarray(cv2.warpAffine(patch, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _on_its_side(patch: RgbU8, rng: np.random.Generator) -> RgbU8:
    return np.ascontiguousarray(np.rot90(patch, int(rng.integers(1, 4))))


def _grey(patch: RgbU8, _rng: np.random.Generator) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _sketch(patch: RgbU8, rng: np.random.Generator) -> RgbU8:
    """A pencil drawing: where it is darker than around it."""
    grey = _grey(patch, rng).astype(np.float32)
    around = cv2.GaussianBlur(grey, (0, 0), max(1.0, patch.shape[0] / 40))
    return np.asarray(np.clip(grey / np.maximum(around, 1) * 220, 0, 255), dtype=np.uint8)


def _painted(patch: RgbU8, _rng: np.random.Generator) -> RgbU8:
    """Few colours in patches, as with a broad brush."""
    smooth = cv2.medianBlur(patch, 5 if patch.shape[0] > 100 else 3)
    return np.asarray(smooth // 40 * 40 + 20, dtype=np.uint8)


def _half_covered(patch: RgbU8, rng: np.random.Generator) -> RgbU8:
    covered = patch.copy()
    side, half = patch.shape[0], patch.shape[0] // 2
    colour = rng.integers(0, 255, 3, dtype=np.uint8)
    if rng.random() < 0.5:
        covered[half + side // 20 :] = colour  # from the nose down
    else:
        covered[:, half + side // 40 :] = colour
    return covered


def _poster(patch: RgbU8, rng: np.random.Generator) -> RgbU8:
    """In a white frame, seen at a slant, a little dull."""
    side = patch.shape[0]
    framed = cv2.copyMakeBorder(
        patch, side // 10, side // 10, side // 10, side // 10, cv2.BORDER_CONSTANT, value=(245,) * 3
    )
    framed = cv2.resize(framed, (side, side), interpolation=cv2.INTER_AREA)
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], dtype=np.float32)
    moved = corners + rng.uniform(-0.08, 0.08, (4, 2)).astype(np.float32) * side
    matrix = cv2.getPerspectiveTransform(corners, moved)
    slanted = cv2.warpPerspective(framed, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(slanted * 0.85 + 18, dtype=np.uint8)


def _reflected(patch: RgbU8, _rng: np.random.Generator) -> RgbU8:
    """Mirrored, half lost in the colour of a window."""
    return np.asarray(patch[:, ::-1] * 0.6 + np.array([60, 70, 80]) * 0.4, dtype=np.uint8)


def _same(patch: RgbU8, _rng: np.random.Generator) -> RgbU8:
    return patch


DISGUISES: Mapping[str, Disguise] = {
    "upright": _same,
    "on its side": _on_its_side,
    "turned": _turned,
    "mirrored": lambda patch, _rng: np.ascontiguousarray(patch[:, ::-1]),
    "grey": _grey,
    "sketch": _sketch,
    "painted": _painted,
    "half covered": _half_covered,
    "edge": _same,
    "poster": _poster,
    "reflection": _reflected,
}

WHOLE: Mapping[str, Disguise] = {
    "plain": _same,
    "mirrored": lambda image, _rng: np.ascontiguousarray(image[:, ::-1]),
    "grey": _grey,
    "painted": _painted,
    "sketch": _sketch,
    "turned by 90": lambda image, _rng: np.ascontiguousarray(np.rot90(image)),
    "at 256 px": lambda image, _rng: np.asarray(cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA), np.uint8),
}


def _noise(rng: np.random.Generator) -> RgbU8:
    grain = int(rng.choice([4, 8, 16, 64, 256, 1024]))
    coarse = rng.integers(0, 255, (grain, grain, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _stripes(rng: np.random.Generator) -> RgbU8:
    x, y = np.meshgrid(np.arange(SIDE_PX), np.arange(SIDE_PX))
    wave = np.sin(x / rng.uniform(3, 60)) + np.sin(y / rng.uniform(3, 60)) * rng.uniform(0, 1)
    colours = rng.uniform(40, 120, 3)
    return np.asarray(np.clip(128 + wave[..., None] * colours / 2, 0, 255), dtype=np.uint8)


def _leaves(rng: np.random.Generator) -> RgbU8:
    image = np.full((SIDE_PX, SIDE_PX, 3), rng.integers(0, 255, 3), dtype=np.uint8)
    for _ in range(400):
        middle, axes = rng.integers(0, SIDE_PX, 2), rng.integers(4, 90, 2)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        cv2.ellipse(
            image,
            tuple(int(v) for v in middle),
            tuple(int(v) for v in axes),
            int(rng.integers(0, 180)),
            0,
            360,
            colour,
            -1,
        )
    return image


FACELESS: Mapping[str, Callable[[np.random.Generator], RgbU8]] = {
    "noise": _noise,
    "stripes": _stripes,
    "leaves": _leaves,
}


def _read(path: str) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB), dtype=np.uint8)
