"""How often a picture that nobody marked reads as some id."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from survival_pictures import unmarked

from semblance.watermark import SpreadWatermark

KEY = bytes(range(32))


def measure_unmarked(pictures: int, workers: int, first: int = 0) -> dict[str, object]:
    """found of tried, by kind, and what a look costs."""
    with ProcessPoolExecutor(workers) as pool:
        looked = list(pool.map(_look, range(first, first + pictures), chunksize=50))
    return {
        "of": pictures,
        "found": sum(found for _, found, _ in looked),
        "kinds": dict(Counter(kind for kind, _, _ in looked)),
        "read_cpu_ms": [round(float(q), 1) for q in np.quantile([ms for *_, ms in looked], (0.5, 0.95))],
    }


def _look(seed: int) -> tuple[str, bool, float]:
    kind, image = unmarked(seed)
    started = time.process_time()
    found = SpreadWatermark(KEY).read(image) is not None
    return kind, found, 1000 * (time.process_time() - started)
