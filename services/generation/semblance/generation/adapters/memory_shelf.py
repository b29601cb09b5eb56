"""Opened adapters in this process's memory, at most so many, each dropped the moment it may not be used."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from opentelemetry import metrics

from semblance.generation.domain.errors import AdapterDamaged
from semblance.generation.domain.withdrawn import Whose
from semblance.generation.ports import AdapterFacts, OpenAdapter
from semblance.kernel.clock import Clock
from semblance.kernel.errors import NotFound
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

_loads = metrics.get_meter("semblance.generation").create_counter(
    "semblance.adapters.loads", description="Adapters asked for, by where they were: memory or store."
)


class SealedReader(Protocol):
    """The bucket of adapters: this service only reads it."""

    def get(self, subject_id: str, key: str) -> bytes: ...


@dataclass(frozen=True)
class _Held:
    facts: AdapterFacts
    adapter: OpenAdapter
    used_at_s: float


_TOLD_AGAIN_S = 600.0  # how long an erasure, which its withdrawals go before, may be on its way
_TOLD_AGAIN_PEOPLE = 1000


class MemoryShelf:
    """By the LoRA's digest; the longest unused makes room."""

    def __init__(self, sealed: SealedReader, clock: Clock, *, capacity: int, max_idle_s: float) -> None:
        self._sealed = sealed
        self._clock = clock
        self._capacity = capacity
        self._max_idle_s = max_idle_s
        self._lock = threading.Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._dropped: OrderedDict[str, dict[str, float]] = OrderedDict()

    def load(self, facts: AdapterFacts) -> OpenAdapter:
        """The adapter, opened. Raises AdapterDamaged, NotFound, Gone, Unavailable."""
        self.drop_idle()
        now_s = self._clock.monotonic_s()
        with self._lock:
            held = self._held.pop(facts.lora_sha256, None)
            if held is not None and held.facts == facts:
                self._held[facts.lora_sha256] = _Held(facts, held.adapter, now_s)
                _loads.add(1, {"from": "memory"})
                return held.adapter
        adapter = self._open(facts)
        _loads.add(1, {"from": "store"})
        with self._lock:
            self._held[facts.lora_sha256] = _Held(facts, adapter, now_s)
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        return adapter

    def drop_idle(self) -> int:
        """Let go of what was unused for max_idle_s; how many were dropped."""
        since_s = self._clock.monotonic_s() - self._max_idle_s
        with self._lock:
            return self._drop_where(lambda held: held.used_at_s < since_s)

    def drop(self, adapter_id: AdapterId) -> int:
        """How many were dropped."""
        with self._lock:
            return self._drop_for_good(lambda held: held.facts.id == adapter_id)

    def drop_consent(self, consent_id: ConsentId) -> int:
        """How many were dropped."""
        with self._lock:
            return self._drop_for_good(lambda held: held.facts.consent_id == consent_id)

    def drop_subject(self, subject_id: SubjectId) -> list[str]:
        """The adapters that were dropped, now or a moment ago: the person's consents end before the erasure comes."""
        with self._lock:
            self._drop_for_good(lambda held: held.facts.subject_id == subject_id)
            since_s = self._clock.monotonic_s() - _TOLD_AGAIN_S
            return sorted(name for name, at_s in self._dropped.pop(subject_id, {}).items() if at_s >= since_s)

    def __len__(self) -> int:
        return len(self._held)

    def _open(self, facts: AdapterFacts) -> OpenAdapter:
        lora = self._sealed.get(facts.subject_id, facts.lora_key)
        if hashlib.sha256(lora).hexdigest() != facts.lora_sha256:
            raise AdapterDamaged("the stored adapter is not the one that was trained")
        reference = self._sealed.get(facts.subject_id, facts.reference_key) if facts.reference_key else b""
        whose = Whose(facts.id, facts.subject_id, facts.consent_id, facts.lora_sha256)
        return OpenAdapter(whose, lora, self._flat(facts), reference, facts.backbone_digest)

    def _flat(self, facts: AdapterFacts) -> bytes:
        """What training packed; without it the engine packs the LoRA itself."""
        if not facts.flat_key:
            return b""
        try:
            return self._sealed.get(facts.subject_id, facts.flat_key)
        except NotFound:
            return b""

    def _drop_for_good(self, condition: Callable[[_Held], bool]) -> int:
        """Drop, and remember the ids for a while: an erasure that follows tells what was in memory."""
        for held in self._held.values():
            if condition(held):
                mine = self._dropped.setdefault(held.facts.subject_id, {})
                mine[str(held.facts.id)] = self._clock.monotonic_s()
        while len(self._dropped) > _TOLD_AGAIN_PEOPLE:
            self._dropped.popitem(last=False)
        return self._drop_where(condition)

    def _drop_where(self, condition: Callable[[_Held], bool]) -> int:
        dropped = [digest for digest, held in self._held.items() if condition(held)]
        for digest in dropped:
            del self._held[digest]
        return len(dropped)
