"""How far each distortion can go until the watermark is lost: ladders, 512 px."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import cv2
import numpy as np
from survival_distortions import Distortion, blurred, cropped, jpeg, resized, turned
from survival_pictures import portrait
from survival_unmarked import KEY

from semblance.watermark import RgbU8, SpreadWatermark, new_picture_id


def stretched(image: RgbU8, share: float) -> RgbU8:
    """One way only."""
    return np.asarray(cv2.resize(image, None, fx=share, fy=1, interpolation=cv2.INTER_AREA), np.uint8)


def noisy(image: RgbU8, deviation: float) -> RgbU8:
    noise = np.random.default_rng(6).normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


LADDERS: dict[str, tuple[Callable[[RgbU8, float], RgbU8], tuple[float, ...]]] = {
    "crop to, % of the side": (lambda it, v: cropped(it, v / 100), (60, 55, 50, 45, 40)),
    "resize to, %": (lambda it, v: resized(it, v / 100), (30, 25, 20, 18, 15)),
    "stretch one way to, %": (lambda it, v: stretched(it, v / 100), (99, 97, 95, 93, 90)),
    "turn by, degrees": (turned, (2, 3, 3.5, 4, 5)),
    "blur, sigma in % of the side": (lambda it, v: blurred(it, v / 100), (0.2, 0.4, 0.6, 0.8, 1)),
    "JPEG quality": (lambda it, v: jpeg(it, int(v)), (40, 30, 20, 15, 10)),
    "noise, standard deviation": (noisy, (10, 20, 30, 45, 60)),
}
Found = dict[str, list[tuple[float, int]]]


def measure_limits(pictures: int, workers: int) -> dict[str, object]:
    """Of so many pictures, how many ids came back on each step."""
    with ProcessPoolExecutor(workers) as pool:
        counts = np.sum(list(pool.map(_climb, range(900, 900 + pictures))), axis=0)
    ladders: Found = {}
    for (name, (_, steps)), row in zip(LADDERS.items(), counts, strict=True):
        ladders[name] = [(step, int(n)) for step, n in zip(steps, row, strict=True)]
    return {"pictures": pictures, "ladders": ladders}


def _climb(number: int) -> list[list[int]]:
    watermark, picture_id = SpreadWatermark(KEY), new_picture_id()
    marked = watermark.mark(portrait(number, 512), picture_id)
    return [[_came_back(watermark, marked, picture_id, lambda it, s=s, d=do: d(it, s)) for s in steps]
            for do, steps in LADDERS.values()]  # fmt: skip


def _came_back(watermark: SpreadWatermark, marked: RgbU8, picture_id: int, do: Distortion) -> int:
    found = watermark.read(do(marked))
    return int(found is not None and found.picture_id == picture_id)
