"""The rows of a face index: vectors with names and owners, and codes for those that were there when codes were made."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

from semblance.faces.arrays import Embedding

Vectors = npt.NDArray[np.float32]  # (n, dimensions)
Places = npt.NDArray[np.int64]
_TRAINED_ON = 65_536
_PARTS = 2  # numbers that share 4 bits
_SMALLEST = 256

faiss.omp_set_num_threads(1)  # one query uses one core: how many run at once is the service's to say


class Codes:
    """Product-quantised copies of rows that do not change. Source: arXiv:1704.07355 (fast scan), faiss."""

    def __init__(self, vectors: Vectors) -> None:
        """Some 5 s a million rows."""
        dimensions = vectors.shape[1]
        self._codes = faiss.IndexPQFastScan(dimensions, dimensions // _PARTS, 4, faiss.METRIC_INNER_PRODUCT)
        chosen = np.random.default_rng(0).permutation(len(vectors))[:_TRAINED_ON]
        self._codes.train(vectors[np.sort(chosen)])
        self._codes.add(vectors)
        self.count = len(vectors)

    def near(self, face: Embedding, count: int) -> Places:
        """About the `count` rows most alike, in no order."""
        _, found = self._codes.search(face[None], min(count, self.count))
        return np.asarray(found[0][found[0] >= 0], dtype=np.int64)


class IndexRows:
    """Not safe to share between threads by itself."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.vectors: Vectors = np.zeros((_SMALLEST, dimensions), np.float32)
        self.owner_of: Places = np.zeros(_SMALLEST, np.int64)
        self.alive: npt.NDArray[np.bool_] = np.zeros(_SMALLEST, np.bool_)
        self.used = 0
        self.names: list[str] = []
        self.where: dict[str, int] = {}
        self.owners: list[str] = []
        self.codes: Codes | None = None
        self.dead_codes = 0
        self._number_of: dict[str, int] = {}
        self._places_of: dict[int, set[int]] = {}

    @classmethod
    def coded(cls, names: Sequence[str], owners: Sequence[str], vectors: Vectors, *, codes: bool) -> IndexRows:
        """Rows in this order, with codes or without."""
        made = cls(vectors.shape[1])
        made._resize(max(_SMALLEST, len(names) + len(names) // 8))
        for name, owner, vector in zip(names, owners, vectors, strict=True):
            made.put(name, owner, vector)
        made.codes = Codes(vectors) if codes else None
        return made

    @property
    def coded_count(self) -> int:
        """How many rows, from the first, have a code."""
        return self.codes.count if self.codes else 0

    def put(self, name: str, owner: str, vector: Embedding) -> None:
        """Add a row, or put another in its place."""
        self.drop(name)
        if self.used == len(self.vectors):
            self._resize(2 * self.used)
        number = self._number_of.setdefault(owner, len(self.owners))
        if number == len(self.owners):
            self.owners.append(owner)
        at = self.used
        self.vectors[at], self.owner_of[at], self.alive[at] = vector, number, True
        self.names.append(name)
        self.where[name] = at
        self._places_of.setdefault(number, set()).add(at)
        self.used += 1

    def drop(self, name: str) -> None:
        """Forget a row: its numbers are overwritten now, its code when codes are made anew."""
        at = self.where.pop(name, None)
        if at is None:
            return
        self.alive[at], self.vectors[at] = False, 0
        self._places_of[int(self.owner_of[at])].discard(at)
        self.dead_codes += at < self.coded_count

    def living(self) -> Places:
        """Places of all rows that were not dropped."""
        return np.flatnonzero(self.alive[: self.used])

    def places_of(self, owner: str) -> Places:
        """Places of an owner's rows."""
        return np.array(sorted(self._places_of.get(self._number_of.get(owner, -1), ())), dtype=np.int64)

    def living_owners(self) -> set[str]:
        """Whoever has a row."""
        return {self.owners[number] for number, places in self._places_of.items() if places}

    def owner_at(self, place: int) -> str:
        """Whose row it is."""
        return self.owners[int(self.owner_of[place])]

    def wanted(self, places: Places, left_out: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Which of these places hold living rows of nobody who is left out."""
        keep = self.alive[places]
        numbers = [self._number_of[owner] for owner in left_out if owner in self._number_of]
        return keep & ~np.isin(self.owner_of[places], numbers) if numbers else keep

    def _resize(self, size: int) -> None:
        vectors = np.zeros((size, self.dimensions), np.float32)
        vectors[: self.used] = self.vectors[: self.used]
        self.vectors[:] = 0
        self.vectors = vectors
        self.owner_of = np.resize(self.owner_of, size)
        self.alive = np.concatenate([self.alive[: self.used], np.zeros(size - self.used, np.bool_)])
