"""Everything the use cases reach outside themselves for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from semblance.gateway.domain.errors import Busy, TooManyWaits
from semblance.gateway.ports import (
    Audit,
    Consents,
    Generation,
    Identity,
    Ingest,
    Passwords,
    Pause,
    Pepper,
    Provenance,
    Register,
    Resolution,
    Reviews,
    Sharings,
    Store,
    Takedowns,
    Training,
)
from semblance.kernel.clock import Clock


class Waits:
    """Calls that hold a worker thread while a picture is made: `at_once`, far below the pool's 40 threads, and
    `of_one` of them one person's, or whoever asks most would keep all others out."""

    def __init__(self, at_once: int = 8, of_one: int = 2) -> None:
        self._at_once = at_once
        self._of_one = of_one
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, subject_id: str) -> Iterator[None]:
        """A place for as long as the block lasts. Raises Busy, TooManyWaits."""
        with self._lock:
            if self._waiting[subject_id] >= self._of_one:
                raise TooManyWaits(self._of_one)
            if self._waiting.total() >= self._at_once:
                raise Busy
            self._waiting[subject_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= Counter([subject_id])  # and who waits for nothing is not remembered


@dataclass(frozen=True)
class Gate:
    """The ports of one gateway process."""

    store: Store
    identity: Identity
    register: Register
    reviews: Reviews
    sharing: Sharings
    ingest: Ingest
    training: Training
    generation: Generation
    provenance: Provenance
    resolution: Resolution
    takedowns: Takedowns
    audit: Audit
    consents: Consents
    passwords: Passwords
    pepper: Pepper
    clock: Clock
    pause: Pause
    waits: Waits = field(default_factory=Waits)
