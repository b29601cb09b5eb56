"""Adapters as this process's engine wears them: packed, held under their owner's names, and taken away at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from semblance.diffusion import AdapterUnusable
from semblance.diffusion.slots.flat import FlatAdapter, flatten
from semblance.diffusion.slots.layout import Layout
from semblance.faces import Embedding
from semblance.generation.domain.errors import AdapterDamaged, AdapterRevoked
from semblance.generation.domain.withdrawn import Whose, Withdrawal, Withdrawn
from semblance.generation.ports import OpenAdapter
from semblance.kernel.clock import Clock

LEARN_ANEW: Final = "Train it again."
_NAMES_KEPT: Final = 4096  # of adapters that are perhaps still in a slot; slots are fewer


class PortableNeeded(AdapterDamaged):
    """The packed form does not fit this engine, and the portable one did not come with it."""

    code = "portable-adapter-needed"


@dataclass(frozen=True)
class Dressed:
    """An adapter, ready to be worn. reference (D,), unit norm, where the backbone takes one."""

    whose: Whose
    packed: FlatAdapter = field(repr=False)
    reference: Embedding | None = field(repr=False)


@dataclass
class _Held:
    dressed: Dressed
    used_at_s: float


class Wardrobe:
    """The `capacity` last worn, packed for one layout. For several threads."""

    def __init__(self, layout: Layout, withdrawn: Withdrawn, clock: Clock, *, capacity: int, max_idle_s: float) -> None:
        self._layout = layout
        self._clock = clock
        self._capacity = capacity
        self._max_idle_s = max_idle_s
        self._lock = threading.Lock()
        self._held: OrderedDict[Whose, _Held] = OrderedDict()
        self._names: OrderedDict[Whose, None] = OrderedDict()
        self._withdrawn = withdrawn
        self.hits = 0
        self.packed = 0

    def held(self, whose: Whose) -> Dressed | None:
        """The adapter, if it is here. Raises AdapterRevoked."""
        self.require_standing(whose)
        self.drop_idle()
        with self._lock:
            found = self._held.get(whose)
            if found is None:
                return None
            found.used_at_s = self._clock.monotonic_s()
            self.hits += 1
            self._held.move_to_end(whose)
            self._note(whose)
            return found.dressed

    def dress(self, adapter: OpenAdapter) -> Dressed:
        """The adapter, packed and kept. Raises AdapterRevoked, AdapterDamaged."""
        found = self.held(adapter.whose)
        if found is not None:
            return found
        reference = np.frombuffer(adapter.reference, np.float32) if adapter.reference else None
        dressed = Dressed(adapter.whose, self._pack(adapter), reference)
        with self._lock:
            self.packed += 1
            self._held[adapter.whose] = _Held(dressed, self._clock.monotonic_s())
            self._note(adapter.whose)
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        self.require_standing(adapter.whose)
        return dressed

    def note(self, whose: Whose) -> None:
        """The engine may hold it from now on, whichever wardrobe it was dressed in."""
        with self._lock:
            self._note(whose)

    def close(self) -> None:
        """Let go of everything, and keep nothing from now on: no withdrawal finds the way to an engine that is gone."""
        with self._lock:
            self._capacity = 0
            self._held.clear()

    def drop_idle(self) -> None:
        """Let go of what was unused for max_idle_s."""
        since_s = self._clock.monotonic_s() - self._max_idle_s
        with self._lock:
            for whose in [whose for whose, held in self._held.items() if held.used_at_s < since_s]:
                del self._held[whose]

    def __len__(self) -> int:
        return len(self._held)

    def require_standing(self, whose: Whose) -> None:
        """Raise AdapterRevoked, and let go of it, for one that was taken back."""
        if self._withdrawn.covers(whose):
            with self._lock:
                self._held.pop(whose, None)
            raise AdapterRevoked

    def withdraw(self, withdrawal: Withdrawal) -> list[str]:
        """Let go of what it covers, and refuse it from now on; the digests that the engine may still hold, also when it
        is told again."""
        self._withdrawn.add(withdrawal)
        with self._lock:
            covered = [whose for whose in self._names if withdrawal.covers(whose)]
            for whose in covered:
                self._held.pop(whose, None)
        return [whose.digest for whose in covered]

    def _note(self, whose: Whose) -> None:
        self._names[whose] = None
        self._names.move_to_end(whose)
        while len(self._names) > _NAMES_KEPT:
            self._names.popitem(last=False)

    def _pack(self, adapter: OpenAdapter) -> FlatAdapter:
        if adapter.flat:
            try:
                return FlatAdapter.from_bytes(adapter.flat, self._layout, lora_digest=adapter.whose.digest)
            except AdapterUnusable as error:
                if not adapter.lora:
                    raise PortableNeeded("the packed adapter does not fit this engine") from error
        try:
            packed = flatten(adapter.lora, self._layout)
        except AdapterUnusable as error:
            raise AdapterDamaged(error.detail, remedy=LEARN_ANEW) from error
        if packed.digest != adapter.whose.digest:
            raise AdapterDamaged("the adapter is not the one that was trained", remedy=LEARN_ANEW)
        return packed
