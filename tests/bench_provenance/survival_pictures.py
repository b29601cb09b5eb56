"""Pictures to mark, and pictures that nobody marked. Nobody in them exists; every one comes from its seed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from semblance.synthetic_people import HELD_OUT_FROM, person, render, scene
from semblance.watermark import RgbU8

Plane = npt.NDArray[np.float64]

# Beyond those of every other benchmark.
FIRST_SEED = HELD_OUT_FROM + 700_000
_UNMARKED_PX = (256, 352)


def portrait(seed: int, size_px: int) -> RgbU8:
    """A person of their own in a scene of its own: seven of ten are photos, the others painted or drawn."""
    who = person(FIRST_SEED + seed)
    return np.asarray(render(who, scene(who, seed=seed), size_px=size_px).pixels, np.uint8)


def enlarged(seed: int, size_px: int) -> RgbU8:
    """A portrait of 64 px made large, as the embedded backbone's pictures are."""
    return np.asarray(cv2.resize(portrait(seed, 64), (size_px, size_px), interpolation=cv2.INTER_CUBIC), np.uint8)


def _flat(rng: np.random.Generator, height: int, width: int) -> Plane:
    return np.ones((height, width, 1)) * rng.uniform(0, 255, 3)


def _ramp(rng: np.random.Generator, height: int, width: int) -> Plane:
    corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.float64)


def _cloud(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Noise whose power falls with frequency, from white to softer than any photo."""
    falls = rng.uniform(0, 2.2)
    steps = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    spectrum = np.fft.rfft2(rng.normal(size=(3, height, width))) / np.maximum(steps, 1 / width) ** falls
    shared = rng.uniform(0, 1)
    field = np.fft.irfft2(spectrum, (height, width))
    field = field / field.std()
    mixed = shared * field[:1] + (1 - shared) * field
    return np.asarray(np.moveaxis(rng.uniform(20, 235) + rng.uniform(5, 60) * mixed, 0, 2), np.float64)


def _discs(rng: np.random.Generator, height: int, width: int) -> Plane:
    image = _ramp(rng, height, width).astype(np.float32)
    for x, y, r in rng.random((int(rng.integers(3, 120)), 3)):
        colour = [float(c) for c in rng.uniform(0, 255, 3)]
        cv2.circle(image, (int(x * width), int(y * height)), int(2 + 0.15 * r * width), colour, -1, cv2.LINE_AA)
    return image.astype(np.float64)


def _weave(rng: np.random.Generator, height: int, width: int) -> Plane:
    """Regular textures: the lattices that a lattice could be taken for."""
    y, x = np.mgrid[:height, :width] / min(height, width)
    turn = rng.uniform(0, np.pi)
    u, v = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    cells = rng.uniform(2, 60)
    sharp = rng.uniform(1, 20)
    field = np.tanh(sharp * np.sin(2 * np.pi * cells * u)) * np.tanh(sharp * np.sin(2 * np.pi * cells * v))
    return np.asarray((128 + 100 * field)[..., None] * rng.uniform(0.4, 1, 3))


def _lines(rng: np.random.Generator, height: int, width: int) -> Plane:
    image = np.full((height, width, 3), 250, np.uint8)
    for row in range(12, height, int(rng.integers(12, 30))):
        text = "".join(chr(c) for c in rng.integers(48, 122, 40))
        cv2.putText(image, text, (4, row), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (20, 20, 20), 1, cv2.LINE_AA)
    return image.astype(np.float64)


KINDS: dict[str, Callable[[np.random.Generator, int, int], Plane]] = {
    "flat": _flat, "ramp": _ramp, "cloud": _cloud, "discs": _discs, "weave": _weave, "text": _lines,
}  # fmt: skip


def drawn(kind: str, seed: int, height: int, width: int) -> RgbU8:
    """One of KINDS."""
    image = KINDS[kind](np.random.default_rng([seed, 71]), height, width)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def unmarked(seed: int, portraits_every: int = 10) -> tuple[str, RgbU8]:
    """(kind, picture): clouds, discs, weaves and text in turn, every so often a portrait; some with grain, some through
    JPEG, as pictures come from elsewhere."""
    rng = np.random.default_rng([seed, 72])
    height, width = (int(n) for n in rng.integers(*_UNMARKED_PX, 2))
    if seed % portraits_every == 0:
        kind, image = "portrait", cv2.resize(portrait(seed, 96), (width, height), interpolation=cv2.INTER_CUBIC)
    else:
        kind = ("cloud", "discs", "weave", "cloud", "text", "ramp")[int(rng.integers(6))]
        image = drawn(kind, seed, height, width)
    grainy = np.clip(image + rng.normal(0, rng.choice([0, 2, 6]), image.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        coded = cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])[1]
        return kind, np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return kind, grainy
