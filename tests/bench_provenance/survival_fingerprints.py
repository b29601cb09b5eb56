"""How well a fingerprint finds small pictures again, and how near other pictures come: those of other people, of the
same person, and of the same person for the same words."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import cv2
import numpy as np
from survival_distortions import DISTORTIONS
from survival_pictures import FIRST_SEED

from semblance.safety.bench.rates import rate
from semblance.synthetic_people import person, render, scene
from semblance.watermark import IsccFingerprint, RgbU8, distance

_FREE, _SAME_WORDS = 4, 4
SIDES_PX = (64, 128)
THRESHOLDS = range(0, 65, 4)
EACH = _FREE + _SAME_WORDS


def measure_fingerprints(people: int, probes: int, workers: int) -> dict[str, Any]:
    """Hit rates by distortion and side, false neighbours by threshold and likeness."""
    with ProcessPoolExecutor(workers) as pool:
        prints = np.concatenate(list(pool.map(_prints, range(people), chunksize=4)))
        hits = [row for rows in pool.map(_hits, range(people, people + probes), chunksize=2) for row in rows]
    fingerprint = IsccFingerprint()
    return {
        "algorithm": fingerprint.algorithm,
        "bits": fingerprint.bits,
        "max_distance": fingerprint.max_distance,
        "pictures": len(prints),
        "found": {
            name: {str(side): _found(hits, name, side, fingerprint.max_distance) for side in SIDES_PX}
            for name in DISTORTIONS
        },
        "others": _others(prints),
    }


def others_within(others: dict[str, Any], threshold: int) -> int:
    """Pairs of two pictures at this distance or less."""
    return sum(n for d, n in enumerate(others["pairs_at"]) if d <= threshold)


def _pictures(number: int) -> list[RgbU8]:
    who = person(FIRST_SEED + 50_000 + number)
    free = [scene(who, seed=seed) for seed in range(_FREE)]
    words = {"place": free[0].place, "style": "photo", "hat": ""}
    same = [scene(who, seed=100 + seed, **words) for seed in range(_SAME_WORDS)]
    return [np.asarray(render(who, where, size_px=min(SIDES_PX)).pixels, np.uint8) for where in (*free, *same)]


def _prints(number: int) -> np.ndarray:
    fingerprint = IsccFingerprint()
    return np.stack([np.frombuffer(fingerprint.fingerprint(it), np.uint8) for it in _pictures(number)])


def _hits(number: int) -> list[tuple[str, int, int]]:
    """(distortion, side, distance) of one picture in each size."""
    fingerprint = IsccFingerprint()
    who = person(FIRST_SEED + 50_000 + number)
    large = np.asarray(render(who, scene(who, seed=0), size_px=max(SIDES_PX)).pixels, np.uint8)
    rows = []
    for side in SIDES_PX:
        image = cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA)
        own = fingerprint.fingerprint(image)
        rows += [(name, side, distance(own, fingerprint.fingerprint(do(image)))) for name, do in DISTORTIONS.items()]
    return rows


def _found(hits: Sequence[tuple[str, int, int]], name: str, side: int, threshold: int) -> dict[str, Any]:
    far = [d for n, s, d in hits if n == name and s == side]
    return rate(sum(d <= threshold for d in far), len(far))


def _others(prints: np.ndarray) -> dict[str, Any]:
    """Distances between all pictures: how many pairs at each, all in all and of the same person and words."""
    signs = np.unpackbits(prints, axis=1).astype(np.float32) * 2 - 1
    bits = signs.shape[1]
    of = np.arange(len(prints))
    pairs_at, near = np.zeros(bits + 1, np.int64), np.zeros(bits + 1, np.int64)
    for first in range(0, len(prints), 512):
        rows = of[first : first + 512]
        far = np.rint((bits - signs[rows] @ signs.T) / 2).astype(np.int64)
        later = of[None] > rows[:, None]
        same = later & (of[None] // EACH == rows[:, None] // EACH)
        words = same & (of[None] % EACH >= _FREE) & (rows[:, None] % EACH >= _FREE)
        pairs_at += np.bincount(far[later], minlength=bits + 1)
        near += np.bincount(far[words], minlength=bits + 1)
    return {"pairs": int(pairs_at.sum()), "pairs_at": pairs_at.tolist(), "same_words": int(near.sum()),
            "same_words_at": near.tolist(), "nearest": int(np.flatnonzero(pairs_at)[0])}  # fmt: skip
