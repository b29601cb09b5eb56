"""The kept fingerprints in memory, compared with all of them at once: exact, and a million take some milliseconds.

Every question first reads what was kept and what was erased since the last one, so several processes agree without
talking to each other. The first reading takes seconds where millions are kept, so it begins with the process; a
question that comes before it is done waits for it, but not for long.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np
import numpy.typing as npt

from semblance.kernel.errors import Unavailable
from semblance.provenance.domain.errors import FingerprintsLoading
from semblance.provenance.domain.manifest import Near
from semblance.provenance.ports import FingerprintRow, Manifests, Store
from semblance.watermark import Fingerprint, distance

_log = logging.getLogger(__name__)
_AT_ONCE = 10_000
# Numbers are given before they are committed: one that is a little lower may appear after one that was read.
_LATE = 200
_WORD_BYTES = 8


class FingerprintIndex:
    """See ports.Fingerprints. `reads` opens the rows; `wait_s`: how long a question waits for another's reading."""

    def __init__(
        self, fingerprint: Fingerprint, reads: Callable[[], AbstractContextManager[Store]], *, wait_s: float = 5.0
    ) -> None:
        self._wait_s = wait_s
        self._algorithm = fingerprint.algorithm
        self._max_distance = fingerprint.max_distance
        self.bits = fingerprint.bits
        self._reads = reads
        self._lock = threading.Lock()
        self._words_each = -(-fingerprint.bits // (8 * _WORD_BYTES))
        self._numbers: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._words: npt.NDArray[np.uint64] = np.empty((0, self._words_each), np.uint64)
        self._gone_seen = 0

    def load_in_background(self) -> None:
        """See ports.Fingerprints. What goes wrong is the next question's to meet again."""
        threading.Thread(target=self._load, name="fingerprints", daemon=True).start()

    def _load(self) -> None:
        began = time.monotonic()
        try:
            count = len(self._fresh()[0])
        except Unavailable as error:
            _log.warning("fingerprints were not loaded", extra={"error_code": error.code})
            return
        _log.info("fingerprints are loaded", extra={"count": count, "seconds": round(time.monotonic() - began, 1)})

    def agree(self, one: bytes, other: bytes) -> bool:
        """See ports.Fingerprints; values of another algorithm's length never do."""
        return len(one) == len(other) and distance(one, other) <= self._max_distance

    def likeness_0_1(self, one: bytes, other: bytes) -> float:
        """See ports.Fingerprints; values of another algorithm's length have none."""
        return 1 - distance(one, other) / self.bits if len(one) * 8 == len(other) * 8 == self.bits else 0.0

    def near(self, fingerprint: bytes, limit: int) -> Sequence[Near]:
        """See ports.Fingerprints."""
        if len(fingerprint) * 8 != self.bits:
            return []
        numbers, words = self._fresh()
        if not len(numbers):
            return []
        asked = self._packed([fingerprint])[0]
        distances = np.zeros(len(numbers), np.uint16)
        for column, word in enumerate(asked):  # by columns: no array of all words is made
            distances += np.bitwise_count(words[:, column] ^ word)
        close = np.flatnonzero(distances <= self._max_distance)
        best = close[np.argsort(distances[close], kind="stable")][:limit]
        return [Near(int(numbers[at]), int(distances[at])) for at in best]

    def _fresh(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """Numbers and words as of now. The arrays are replaced, never changed, so that a search may go on in them."""
        if not self._lock.acquire(timeout=self._wait_s):
            raise FingerprintsLoading
        try:
            with self._reads() as store:
                self._add(store.manifests)
                self._drop(store.manifests)
            return self._numbers, self._words
        finally:
            self._lock.release()

    def _add(self, manifests: Manifests) -> None:
        after = max(0, int(self._numbers[-1]) - _LATE) if len(self._numbers) else 0
        known = set(self._numbers[self._numbers > after].tolist())
        new: list[FingerprintRow] = []
        while rows := manifests.fingerprints(self._algorithm, after=after, limit=_AT_ONCE):
            after = rows[-1].number
            new += [row for row in rows if row.number not in known]
        if new:
            self._numbers = np.concatenate([self._numbers, np.array([row.number for row in new], np.int64)])
            self._words = np.concatenate([self._words, self._packed([row.fingerprint for row in new])])
        if len(self._numbers) > 1 and self._numbers[-1] < self._numbers.max():
            order = np.argsort(self._numbers)
            self._numbers, self._words = self._numbers[order], self._words[order]

    def _drop(self, manifests: Manifests) -> None:
        gone = manifests.gone(after=self._gone_seen)
        if gone:
            self._gone_seen = gone[-1][0]
            stay = ~np.isin(self._numbers, np.array([number for _, number in gone], np.int64))
            self._numbers, self._words = self._numbers[stay], self._words[stay]

    def _packed(self, fingerprints: Sequence[bytes]) -> npt.NDArray[np.uint64]:
        """(N, words) with zeros behind the last bit."""
        width = self._words_each * _WORD_BYTES
        return np.frombuffer(b"".join(f.ljust(width, b"\0") for f in fingerprints), np.uint64).reshape(
            -1, self._words_each
        )
