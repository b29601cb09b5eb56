"""1:N search over unit embeddings: what a brute-force search puts first, at a tenth of its cost.

Few rows are compared one by one. Many are coded by product quantisation (4 bits for two numbers, 32 bytes of 512), the
codes scanned with SIMD shuffles, and the best candidates compared exactly with the rows as they are. IVF and HNSW lost
true neighbours when tried, and a neighbour lost here is a face let through.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from semblance.faces.arrays import Embedding
from semblance.faces.index_rows import IndexRows, Places

PLAIN_BELOW = 50_000
"""Rows below which comparing all of them costs some 2 ms and a code would save little."""
_CANDIDATES = 2048
"""Measured on a million rows: 64 lose up to 5 of 100 neighbours at cosines of 0.4, 1,024 two of 10,000, 2,048 none of
10,000, ten times faster than brute force."""
_WIDER = 16


@dataclass(frozen=True)
class Hit:
    """A row: its name, its owner and the cosine with the face asked for."""

    name: str
    owner: str
    score: float


class FaceIndex:
    """Safe to search while it changes: a removed row is gone from the next search on. Its numbers are overwritten at
    once, its code by the next `tidy`. 512 bytes a row of 128 numbers, and 32 more for a code."""

    def __init__(self, dimensions: int, *, plain_below: int = PLAIN_BELOW) -> None:
        self.dimensions = dimensions
        self._plain_below = plain_below
        self._lock = threading.Lock()
        self._tidying = threading.Lock()
        self._rows = IndexRows(dimensions)
        self._changed: set[str] | None = None  # names touched while codes are made

    def __len__(self) -> int:
        return len(self._rows.where)

    def names(self) -> set[str]:
        """Of all rows."""
        with self._lock:
            return set(self._rows.where)

    def owners(self) -> set[str]:
        """Whoever has a row."""
        with self._lock:
            return self._rows.living_owners()

    def has_owner(self, owner: str) -> bool:
        """Whether they have a row."""
        with self._lock:
            return len(self._rows.places_of(owner)) > 0

    @property
    def untidy(self) -> bool:
        """Whether `tidy` would make the codes anew."""
        with self._lock:
            return self._untidy()

    @property
    def never_coded(self) -> bool:
        """Whether there are no codes yet."""
        return self._rows.codes is None

    def add(self, rows: Iterable[tuple[str, str, Embedding]]) -> None:
        """(name, owner, unit vector) of each row; a name that is there is replaced. Raises ValueError, having added
        nothing, for another shape and for numbers that are not finite."""
        given = list(rows)
        if any(vector.shape != (self.dimensions,) or not np.isfinite(vector).all() for _, _, vector in given):
            raise ValueError(f"a row of this index is {self.dimensions} finite numbers")
        with self._lock:
            for name, owner, vector in given:
                self._rows.put(name, owner, vector)
            self._note(name for name, _, _ in given)

    def remove(self, names: Iterable[str]) -> None:
        """Names that are not there are passed over."""
        given = list(names)
        with self._lock:
            for name in given:
                self._rows.drop(name)
            self._note(given)

    def remove_owners(self, owners: Iterable[str]) -> None:
        """Every row of theirs."""
        given = list(owners)
        with self._lock:
            names = [self._rows.names[i] for owner in given for i in self._rows.places_of(owner)]
        self.remove(names)

    def top(self, face: Embedding, count: int = 1, *, without: Sequence[str] = ()) -> list[Hit]:
        """Up to `count` rows most alike, likest first; none of the owners in `without`."""
        with self._lock:
            places, scores = self._likely(face, count, without)
            first = np.argsort(-scores, kind="stable")[:count]
            return [self._hit(int(places[i]), float(scores[i])) for i in first]

    def at_least(self, face: Embedding, score: float, *, without: Sequence[str] = ()) -> list[Hit]:
        """All rows that reach `score`, likest first."""
        count = _CANDIDATES
        while True:
            found = self.top(face, count, without=without)
            if len(found) < count or found[-1].score < score:
                return [hit for hit in found if hit.score >= score]
            count *= _WIDER

    def of_owner(self, face: Embedding, owner: str) -> float | None:
        """The best cosine with this owner's rows; None if they have none."""
        with self._lock:
            places = self._rows.places_of(owner)
            return float((self._rows.vectors[places] @ face).max()) if len(places) else None

    def tidy(self) -> bool:
        """Make the codes anew if some are of removed rows, or a tenth of the rows have none. Returns whether it did.
        Searches and changes go on meanwhile."""
        with self._tidying:
            with self._lock:
                if not self._untidy():
                    return False
                rows, kept = self._rows, self._rows.living()
                names = [rows.names[i] for i in kept]
                owners = [rows.owner_at(i) for i in kept]
                vectors = rows.vectors[kept]
                self._changed = set()
            made = IndexRows.coded(names, owners, vectors, codes=len(names) >= self._plain_below)
            vectors[:] = 0
            with self._lock:
                self._catch_up(made, self._changed)
                self._rows.vectors[:] = 0
                self._rows, self._changed = made, None
            return True

    def _untidy(self) -> bool:
        rows = self._rows
        without_code = len(rows.where) - (rows.coded_count - rows.dead_codes)
        many = len(rows.where) >= self._plain_below
        return rows.dead_codes > 0 or (many and without_code > max(self._plain_below // 2, rows.coded_count // 10))

    def _catch_up(self, made: IndexRows, changed: Iterable[str]) -> None:
        for name in changed:
            made.drop(name)
            at = self._rows.where.get(name)
            if at is not None:
                made.put(name, self._rows.owner_at(at), self._rows.vectors[at])

    def _note(self, names: Iterable[str]) -> None:
        if self._changed is not None:
            self._changed.update(names)

    def _likely(self, face: Embedding, count: int, without: Sequence[str]) -> tuple[Places, Embedding]:
        """Rows among which the best `count` are, with their cosines: all of them, or those that codes put first and
        those without a code."""
        codes, wide = self._rows.codes, max(_CANDIDATES, count * 4)
        while codes is not None and wide < codes.count:
            near = codes.near(face, wide)
            near = near[self._rows.wanted(near, without)]
            if len(near) >= max(count, wide // 2):
                near_scores = self._rows.vectors[near] @ face
                rest, rest_scores = self._all_from(codes.count, face, without)
                return np.concatenate([near, rest]), np.concatenate([near_scores, rest_scores])
            wide *= _WIDER  # most are removed or left out: look further
        return self._all_from(0, face, without)

    def _all_from(self, first: int, face: Embedding, without: Sequence[str]) -> tuple[Places, Embedding]:
        places = np.arange(first, self._rows.used)
        wanted = self._rows.wanted(places, without)
        scores = self._rows.vectors[first : self._rows.used] @ face
        return places[wanted], scores[wanted]

    def _hit(self, place: int, score: float) -> Hit:
        return Hit(self._rows.names[place], self._rows.owner_at(place), min(1.0, max(-1.0, score)))
