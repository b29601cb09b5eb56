"""What a question costs: python -m semblance.provenance.bench.lookup [PICTURES].

Prints the search among so many kept fingerprints (a million unless told), and the CPU time of looking at a stranger's
2 MB JPEG, each as median and 95th percentile. Numbers of one machine; run on an idle one.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from semblance.provenance.adapters.fingerprint_index import FingerprintIndex
from semblance.provenance.adapters.marks import fingerprint_of
from semblance.provenance.domain.picture import read_header
from semblance.provenance.ml.marking import LookLimits, MarkedPixels
from semblance.provenance.ports import FingerprintRow
from semblance.provenance.settings import ProvenanceSettings
from semblance.watermark import LEAST_KEY_BYTES, SpreadWatermark

_QUESTIONS = 40
_JPEG_BYTES = 2_000_000
_SIDES_PX = (2400, 1800)


class _Kept:
    """So many random fingerprints, as the manifest repository would give them."""

    def __init__(self, count: int, bytes_each: int) -> None:
        self._rows = np.random.default_rng(1).integers(0, 256, (count, bytes_each), dtype=np.uint8)

    def fingerprints(self, _algorithm: str, *, after: int, limit: int) -> Sequence[FingerprintRow]:
        rows = self._rows[after : after + limit]
        return [FingerprintRow(after + at + 1, row.tobytes()) for at, row in enumerate(rows)]

    def gone(self, *, after: int) -> Sequence[tuple[int, int]]:
        del after
        return []


def main(pictures: int) -> None:
    """Print it."""
    settings = ProvenanceSettings()
    fingerprint = fingerprint_of()
    kept = _Kept(pictures, fingerprint.bits // 8)

    class _Store:
        manifests = kept

    @contextmanager
    def reads() -> Iterator[Any]:
        yield _Store

    index = FingerprintIndex(fingerprint, reads)
    rng = np.random.default_rng(2)
    first_s = _timed(lambda: index.near(rng.bytes(fingerprint.bits // 8), 10))
    said = _spread([_timed(lambda: index.near(rng.bytes(fingerprint.bits // 8), 10)) for _ in range(_QUESTIONS)])
    print(f"search among {pictures:,} of {fingerprint.bits} bits: {said}; the first, which loads them: {first_s:.1f} s")
    watermark = SpreadWatermark(rng.bytes(LEAST_KEY_BYTES))
    looks = MarkedPixels(watermark, fingerprint, LookLimits(settings.look_max_pixels, 1, 1.0))
    jpeg = _jpeg()
    header = read_header(jpeg)
    said = _spread([_timed(lambda: looks.look(jpeg, header), time.process_time) for _ in range(_QUESTIONS // 2)])
    print(f"looking at a JPEG of {len(jpeg) / 1e6:.1f} MB, {header.width_px} x {header.height_px}, CPU time: {said}")


def _jpeg() -> bytes:
    """Structure and noise, at the quality that makes it about 2 MB."""
    rng = np.random.default_rng(3)
    rough = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(
        _SIDES_PX, Image.Resampling.BICUBIC
    )
    noisy = np.asarray(rough, np.float32) + rng.normal(0, 9, (_SIDES_PX[1], _SIDES_PX[0], 3))
    picture = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    for quality in range(70, 100, 2):
        output = io.BytesIO()
        picture.save(output, "JPEG", quality=quality)
        if output.tell() >= _JPEG_BYTES:
            break
    return output.getvalue()


def _timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    work()
    return clock() - began


def _spread(times_s: list[float]) -> str:
    ordered = sorted(times_s)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return f"median {1000 * statistics.median(ordered):.0f} ms, p95 {1000 * p95:.0f} ms of {len(ordered)}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
