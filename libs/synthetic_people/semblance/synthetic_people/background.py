"""Places, painted: linear RGB pictures that are blurred like something far behind the focus plane."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from semblance.synthetic_people.assets import Floats
from semblance.synthetic_people.scenes import PLACES

Rng = np.random.Generator
Colours = tuple[tuple[float, float, float], ...]
FOLIAGE: Colours = ((0.05, 0.14, 0.03), (0.1, 0.25, 0.05), (0.2, 0.35, 0.08), (0.08, 0.06, 0.03), (0.45, 0.55, 0.3))
LAMPS: Colours = ((1.0, 0.6, 0.2), (1.0, 0.85, 0.5), (0.3, 0.5, 1.0), (1.0, 0.2, 0.2))


def plain(size: int, colour: tuple[float, float, float] | Floats, gain: float = 1.0) -> Floats:
    return np.ones((size, size, 3), np.float32) * np.asarray(colour, np.float32) * np.float32(gain)


def gradient(size: int, top: tuple[float, float, float], bottom: tuple[float, float, float], gain: float) -> Floats:
    g = np.linspace(0, 1, size, dtype=np.float32)[:, None, None]
    return np.asarray(
        (np.asarray(top, np.float32) * (1 - g) + np.asarray(bottom, np.float32) * g)
        * np.ones((1, size, 1), np.float32)
        * gain,
        np.float32,
    )


def blobs(rng: Rng, image: Floats, count: int, colours: Colours, radii: tuple[float, float]) -> Floats:
    """Discs on the image, in place; radii as fractions of its side."""
    size = image.shape[0]
    for _ in range(count):
        colour = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.7, 1.3)
        centre = (int(rng.integers(size)), int(rng.integers(size)))
        cv2.circle(image, centre, max(1, int(rng.uniform(*radii) * size)), [float(c) for c in colour], -1, cv2.LINE_AA)
    return image


def boxes(rng: Rng, image: Floats, count: int, colours: Colours) -> Floats:
    size = image.shape[0]
    for _ in range(count):
        x, y = (int(v) for v in rng.integers(-size // 8, size, 2))
        w, h = (int(v) for v in rng.integers(size // 10, size // 2, 2))
        colour = np.array(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.7, 1.1)
        cv2.rectangle(image, (x, y), (x + w, y + h), [float(c) for c in colour], -1)
    return image


def outdoors(rng: Rng, size: int) -> tuple[Floats, float]:
    image = gradient(size, (0.35, 0.55, 0.9), (0.6, 0.7, 0.9), rng.uniform(0.8, 1.2))
    horizon = int(size * rng.uniform(0.35, 0.8))
    image[horizon:] = np.array([0.15, 0.32, 0.07]) * rng.uniform(0.7, 1.5)
    trees = blobs(rng, plain(size, (0.12, 0.25, 0.08)), 40, ((0.08, 0.2, 0.05), (0.15, 0.3, 0.1)), (0.02, 0.06))
    image[horizon - size // 10 : horizon] = trees[horizon - size // 10 : horizon]
    return image, float(rng.uniform(4, 12))


def studio(rng: Rng, size: int) -> tuple[Floats, float]:
    colours = ((0.5, 0.5, 0.5), (0.12, 0.13, 0.16), (0.3, 0.35, 0.45), (0.5, 0.42, 0.36), (0.25, 0.3, 0.25))
    y, x = np.mgrid[0:size, 0:size] / size - 0.5
    fall = (1.25 - 1.6 * (x**2 + y**2))[:, :, None]
    return np.asarray(plain(size, colours[int(rng.integers(5))], rng.uniform(0.7, 1.2)) * fall, np.float32), 2.0


def office(rng: Rng, size: int) -> tuple[Floats, float]:
    image = plain(size, (0.62, 0.58, 0.52), rng.uniform(0.6, 1.1))
    return boxes(
        rng, image, 6, ((0.85, 0.9, 1.0), (0.3, 0.2, 0.12), (0.2, 0.22, 0.25), (0.5, 0.5, 0.5), (0.7, 0.3, 0.2))
    ), float(rng.uniform(4, 9))


def night(rng: Rng, size: int) -> tuple[Floats, float]:
    return blobs(rng, plain(size, (0.015, 0.018, 0.035)), 25, LAMPS, (0.01, 0.05)), float(rng.uniform(2, 5))


def beach(rng: Rng, size: int) -> tuple[Floats, float]:
    image = gradient(size, (0.3, 0.55, 0.9), (0.75, 0.85, 0.95), 1.0)
    sea = int(size * rng.uniform(0.4, 0.6))
    sand = min(size - 1, sea + int(size * rng.uniform(0.1, 0.25)))
    image[sea:sand] = np.array([0.05, 0.25, 0.4]) * rng.uniform(0.8, 1.4)
    image[sand:] = np.array([0.7, 0.58, 0.38]) * rng.uniform(0.8, 1.1)
    return image, float(rng.uniform(3, 7))


def forest(rng: Rng, size: int) -> tuple[Floats, float]:
    return blobs(rng, plain(size, (0.06, 0.14, 0.04)), 150, FOLIAGE, (0.02, 0.09)), float(rng.uniform(4, 8))


def city(rng: Rng, size: int) -> tuple[Floats, float]:
    image = plain(size, (0.6, 0.7, 0.85), rng.uniform(0.7, 1.1))
    walls = ((0.35, 0.33, 0.32), (0.45, 0.3, 0.22), (0.25, 0.28, 0.33), (0.55, 0.52, 0.46))
    step, x = size / 256, 0
    while x < size:
        w, h = max(4, int(rng.uniform(0.08, 0.25) * size)), int(rng.uniform(0.3, 0.95) * size)
        colour = np.array(walls[int(rng.integers(4))]) * rng.uniform(0.6, 1.2)
        image[size - h :, x : x + w] = colour
        for top in np.arange(size - h + 4 * step, size, 14 * step):
            for left in np.arange(x + 4 * step, min(size, x + w - 4 * step), 12 * step):
                image[int(top) : int(top + 6 * step), int(left) : int(left + 5 * step)] = colour * rng.choice(
                    [0.5, 1.7]
                )
        x += w
    return image, float(rng.uniform(3, 7))


def wall(rng: Rng, size: int) -> tuple[Floats, float]:
    fall = 1 - 0.25 * np.linspace(0, 1, size, dtype=np.float32)[None, :, None] * rng.uniform(-1, 1)
    return np.asarray(plain(size, (1.0, 1.0, 1.0), rng.uniform(0.75, 0.95)) * fall, np.float32), 2.0


def sunset(rng: Rng, size: int) -> tuple[Floats, float]:
    image = gradient(size, (0.25, 0.22, 0.5), (1.2, 0.55, 0.2), rng.uniform(0.7, 1.1))
    horizon = int(size * rng.uniform(0.55, 0.8))
    x, radius = int(rng.integers(size)), int(size * rng.uniform(0.05, 0.1))
    cv2.circle(image, (x, horizon - radius // 2), radius, (1.8, 1.2, 0.5), -1, cv2.LINE_AA)
    image[horizon:] = np.array([0.07, 0.045, 0.06]) * rng.uniform(0.8, 2.0)
    return image, float(rng.uniform(3, 8))


def snow(rng: Rng, size: int) -> tuple[Floats, float]:
    image = gradient(size, (0.62, 0.7, 0.8), (0.85, 0.88, 0.92), rng.uniform(0.85, 1.05))
    horizon = int(size * rng.uniform(0.4, 0.65))
    for _ in range(14):
        x, h, w = int(rng.integers(size)), int(rng.uniform(0.15, 0.4) * size), int(rng.uniform(0.03, 0.07) * size)
        cv2.fillConvexPoly(
            image,
            np.array([[x, horizon - h], [x - w, horizon + 2], [x + w, horizon + 2]], np.int32),
            [float(c) for c in np.array([0.1, 0.17, 0.15]) * rng.uniform(0.7, 1.8)],
        )
    image[horizon:] = np.array([0.88, 0.9, 0.95]) * rng.uniform(0.85, 1.0)
    return blobs(rng, image, 30, ((0.95, 0.95, 1.0),), (0.004, 0.012)), float(rng.uniform(1.5, 4))


def library(rng: Rng, size: int) -> tuple[Floats, float]:
    image = plain(size, (0.16, 0.09, 0.05), rng.uniform(0.8, 1.3))
    shelf = max(8, int(size * rng.uniform(0.17, 0.26)))
    for top in range(int(rng.integers(-shelf, 0)), size, shelf):
        x = 0
        while x < size:
            w = max(2, int(rng.uniform(0.015, 0.05) * size))
            tall = int(shelf * rng.uniform(0.6, 0.86))
            colour = np.array([rng.uniform(0.05, 0.5), rng.uniform(0.04, 0.35), rng.uniform(0.03, 0.3)])
            image[max(0, top + shelf - tall) : max(0, top + shelf - shelf // 12), x : x + w] = colour
            x += w
    return image, float(rng.uniform(2, 5))


def cafe(rng: Rng, size: int) -> tuple[Floats, float]:
    image = boxes(
        rng,
        plain(size, (0.3, 0.2, 0.13), rng.uniform(0.7, 1.3)),
        7,
        ((0.4, 0.28, 0.15), (0.12, 0.07, 0.05), (0.25, 0.3, 0.25), (0.5, 0.42, 0.3)),
    )
    return blobs(rng, image, 9, ((1.3, 0.95, 0.5), (1.4, 1.1, 0.7)), (0.015, 0.04)), float(rng.uniform(4, 8))


PAINTERS: dict[str, Callable[[Rng, int], tuple[Floats, float]]] = dict(
    zip(PLACES, (outdoors, studio, office, night, beach, forest, city, wall, sunset, snow, library, cafe), strict=True)
)


def background(seed: int, place: str, size: int) -> Floats:
    """Linear RGB (size, size, 3) of a place. Painted at 256 px or less and enlarged: it is out of focus anyway."""
    work = min(size, 256)
    image, blur = PAINTERS[place](np.random.default_rng([seed, 0xB6]), work)
    image = cv2.GaussianBlur(image, (0, 0), blur * work / 256)
    return np.asarray(
        image if work == size else cv2.resize(image, (size, size), interpolation=cv2.INTER_CUBIC), np.float32
    )
