"""Measures the face index against brute force: `python -m semblance.faces.bench_index --rows 1000000`.

The vectors are drawn, not embedded: people lie around a common mean as SFace puts synthetic people (strangers' mean
cosine 0.3), each with several rows. Hits are compared on every probe, times on some, both sides in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from semblance.faces.arrays import Embedding
from semblance.faces.face_index import FaceIndex

Vectors = npt.NDArray[np.float32]
DIMENSIONS = 128
ROWS_EACH = 5
STRANGERS_COSINE = 0.3
OWN_COSINE = 0.8
COSINES = (0.45, 0.55, 0.65, 0.75)
"""Of a probe with the person's row that it was made from."""
_BLOCK = 64


@dataclass(frozen=True)
class IndexFigures:
    """Milliseconds are CPU time of one query on one core; the quartiles are of single queries. speed_up: the median of
    each query's own ratio, brute force to index."""

    rows: int
    probes: int
    same_first: int
    timed: int
    index_ms: tuple[float, float, float]
    plain_ms: tuple[float, float, float]
    speed_up: tuple[float, float, float]
    add_s: float
    codes_s: float
    slowest_removal_ms: float
    bytes_a_row: int


def measure(rows: int, probes: int, timed: int, seed: int = 0) -> IndexFigures:
    """Fills an index, compares `probes` answers with brute force, times `timed` of them on both sides."""
    dice = np.random.default_rng(seed)
    vectors = people(rows // ROWS_EACH, dice)
    index = FaceIndex(DIMENSIONS)
    add_s = _seconds(lambda: index.add((str(i), str(i // ROWS_EACH), v) for i, v in enumerate(vectors)))
    codes_s = _seconds(index.tidy)
    asked = np.stack(list(probes_of(vectors, probes, dice)))
    same = sum(
        index.top(face)[0].name == str(best) for face, best in zip(asked, brute_force(vectors, asked), strict=True)
    )
    both = np.array([_both(index, vectors, face) for face in asked[:timed]])
    removals = [_seconds(lambda i=i: _remove(index, i)) for i in range(100)]  # type: ignore[misc]
    return IndexFigures(
        rows=len(vectors),
        probes=probes,
        same_first=same,
        timed=timed,
        index_ms=_quartiles(both[:, 0]),
        plain_ms=_quartiles(both[:, 1]),
        speed_up=_quartiles(both[:, 1] / both[:, 0]),
        add_s=round(add_s, 2),
        codes_s=round(codes_s, 2),
        slowest_removal_ms=round(max(removals) * 1000, 3),
        bytes_a_row=DIMENSIONS * 4 + DIMENSIONS // 4,
    )


def people(count: int, dice: np.random.Generator) -> Vectors:
    """(count * ROWS_EACH, 128) unit vectors: the rows of one person after the other."""
    common = _unit(dice.standard_normal((1, DIMENSIONS), dtype=np.float32))
    own = _unit(dice.standard_normal((count, DIMENSIONS), dtype=np.float32))
    centres = _unit(STRANGERS_COSINE**0.5 * common + (1 - STRANGERS_COSINE) ** 0.5 * own)
    each = np.repeat(centres, ROWS_EACH, axis=0)
    noise = _unit(dice.standard_normal(each.shape, dtype=np.float32))
    return _unit(OWN_COSINE**0.5 * each + (1 - OWN_COSINE) ** 0.5 * noise)


def probes_of(vectors: Vectors, count: int, dice: np.random.Generator) -> Iterator[Embedding]:
    """Faces at each of COSINES from a row, one after the other, and as often nobody's (a person who is not there)."""
    nobody = people(max(1, count // ROWS_EACH), dice)
    for number in range(count):
        kind = number % (len(COSINES) + 1)
        if kind == len(COSINES):
            yield nobody[number % len(nobody)]
            continue
        row, noise = vectors[dice.integers(len(vectors))], dice.standard_normal(DIMENSIONS).astype(np.float32)
        aside = noise - (noise @ row) * row
        cosine = COSINES[kind]
        yield cosine * row + np.float32((1 - cosine**2) ** 0.5) * aside / np.linalg.norm(aside)


def brute_force(vectors: Vectors, asked: Vectors) -> list[int]:
    """The row most alike to each face."""
    found: list[int] = []
    for first in range(0, len(asked), _BLOCK):
        found += (asked[first : first + _BLOCK] @ vectors.T).argmax(axis=1).tolist()
    return found


def _both(index: FaceIndex, vectors: Vectors, face: Embedding) -> tuple[float, float]:
    return _seconds(lambda: index.top(face)) * 1000, _seconds(lambda: int((vectors @ face).argmax())) * 1000


def _remove(index: FaceIndex, row: int) -> None:
    index.remove([str(row)])


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _quartiles(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    low, middle, high = np.percentile(values, (25, 50, 75))
    return round(float(low), 3), round(float(middle), 3), round(float(high), 3)


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--timed", type=int, default=300)
    arguments = parser.parse_args()
    json.dump(asdict(measure(arguments.rows, arguments.probes, arguments.timed)), sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
