"""CPU time of the whole filter: unsealing, digest, decoding, bodies, faces, embedding. Comparing is identity's."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np

from semblance.faces import RgbU8
from semblance.kernel.ids import new_id
from semblance.objects import MemoryKeyRing, Sealer
from semblance.safety.bench import scenes
from semblance.safety.ml.eyes import PictureEyes
from semblance.synthetic_people import bundled

_ROUNDS = 4


def cpu_of_filter(eyes: PictureEyes) -> dict[str, Any]:
    """Milliseconds of CPU a picture of 1024 px with one face, of the process; medians, and the least that was seen."""
    keys = MemoryKeyRing()
    keys.create(subject := new_id())
    sealer = Sealer(keys)
    totals: list[float] = []
    parts: dict[str, list[float]] = {}
    pictures = [scenes.portrait(name, number) for name in sorted(bundled.people()) for number in range(4)]
    sealed = [sealer.seal(subject, "quarantine", _written(picture)) for picture in pictures]
    for _ in range(_ROUNDS):
        for blob in sealed:
            clock = _Clock(parts)
            png = clock("unseal", partial(sealer.open, subject, "quarantine", blob))
            clock("digest", partial(hashlib.sha256, png))
            image = clock("decode", partial(eyes.open, png, width_px=scenes.SIDE_PX, height_px=scenes.SIDE_PX))
            clock("bodies", partial(eyes.nude_parts, image))
            clock("faces", partial(eyes.faces, image))
            totals.append(clock.total_ms)
    # A busy machine takes its share of the caches: the least of the rounds is the picture's own cost.
    least = np.array(totals).reshape(_ROUNDS, -1).min(axis=0)
    return {
        "median": round(float(np.median(totals)), 1),
        "p90": round(float(np.percentile(totals, 90)), 1),
        "least_of_rounds_median": round(float(np.median(least)), 1),
        "pictures": len(totals),
        "parts_median": {part: round(float(np.median(values)), 1) for part, values in parts.items()},
    }


def _written(picture: RgbU8) -> bytes:
    """The PNG as generation writes it: how a file was filtered and packed decides what reading it costs."""
    _, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return bytes(data.tobytes())


class _Clock:
    def __init__(self, parts: dict[str, list[float]]) -> None:
        self._parts = parts
        self.total_ms = 0.0

    def __call__(self, part: str, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        value = call()
        took_ms = (time.process_time() - began) * 1000
        self._parts.setdefault(part, []).append(took_ms)
        self.total_ms += took_ms
        return value
