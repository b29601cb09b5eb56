"""The slots of one engine: whose adapter lies where, who wears it, and how it is gone at once.

A slot belongs to one digest and one subject for as long as it is filled. It makes room for another when nobody holds
it, the least recently used first. All methods may be called from any thread; the forward passes are the caller's.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import torch
from torch import nn

from semblance.diffusion.errors import AdapterUnusable, BackboneUnusable, RequestInvalid
from semblance.diffusion.slots.attaching import attach, detach
from semblance.diffusion.slots.binding import AttachedTower, Worn
from semblance.diffusion.slots.errors import AdapterWiped, SlotsFull, WornByAnother
from semblance.diffusion.slots.flat import FlatAdapter
from semblance.diffusion.slots.layers import Regions
from semblance.diffusion.slots.layout import Layout, Tower
from semblance.kernel.clock import Clock, SystemClock

MAX_STRENGTH: Final = 2.0


@dataclass(frozen=True, eq=False)
class Held:
    """One reference to a filled slot: its adapter stays there until it is released or wiped."""

    slot: int
    digest: str = field(repr=False)
    subject_id: str = field(repr=False)


@dataclass(frozen=True)
class Use:
    """An adapter on a lane. strength 0 to 2, a factor of what it learnt."""

    held: Held
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise RequestInvalid(f"strength must be 0 to {MAX_STRENGTH:g}")


@dataclass(eq=False)
class _Filled:
    """What is in a slot, and who holds it. left_at_s: when the last who held it gave it back."""

    slot: int
    digest: str
    subject_id: str
    holders: set[Held] = field(default_factory=set)
    left_at_s: float = 0.0


class Slots:
    """`slots` adapters of one layout in memory, and the towers whose lanes wear them."""

    def __init__(
        self,
        towers: Mapping[str, nn.Module],
        layout: Layout,
        slots: int,
        device: torch.device | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Attach to bare towers, which lie on one device and compute in the layout's dtype. device: where they compute,
        if they wait elsewhere until then.

        Raises AdapterStillLoaded for a tower that holds layers of peft's, BackboneTaken for one that holds slots
        already, BackboneUnusable for one that the layout was not made of.
        """
        if slots < 1:
            raise ValueError("an engine has at least one slot")
        self.layout = layout
        self.slots = slots
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._filled: dict[str, _Filled] = {}  # least recently used first
        self._free = list(range(slots - 1, -1, -1))
        self._towers: dict[str, AttachedTower] = {}
        self._unchanged = {prefix for prefix in towers if layout.tower(prefix) is None}
        with torch.inference_mode(False):
            place = device or _device(towers, layout)
            self._table = torch.zeros(slots, layout.floats, dtype=layout.dtype, device=place)
        try:
            for tower in layout.towers:
                self._towers[tower.prefix] = self._attach(tower, towers)
        except Exception:
            self.detach()
            raise

    def __repr__(self) -> str:
        return f"Slots({len(self._filled)} of {self.slots} filled, {self.layout.size_bytes} bytes each)"

    def detach(self) -> None:
        """Give every tower its own layers back, and forget every adapter. Nothing can be bound afterwards."""
        with self._lock:
            self.wipe()
            for attached in self._towers.values():
                attached.show(None, None)
                detach(attached.module, attached.layers)
            self._towers.clear()
            self._free.clear()

    def holds(self, digest: str) -> bool:
        """Whether this adapter is in a slot, worn or not."""
        with self._lock:
            return digest in self._filled

    def acquire(self, flat: FlatAdapter, subject_id: str) -> Held:
        """Hold the adapter in a slot, filling one by a single copy where it is in none.

        Raises SlotsFull, AdapterUnusable for another layout's, WornByAnother when the slot is another subject's.
        """
        if flat.layout != self.layout.key:
            raise AdapterUnusable("the adapter was packed for another engine", remedy="Pack its LoRA file anew.")
        with self._lock:
            filled = self._filled.pop(flat.digest, None)
            if filled is None:
                filled = _Filled(self._room(), flat.digest, subject_id)
                try:
                    with torch.no_grad():
                        self._table[filled.slot].copy_(flat.row)
                except BaseException:
                    self._free.append(filled.slot)
                    raise
            self._filled[flat.digest] = filled
            if filled.subject_id != subject_id:
                raise WornByAnother
            held = Held(filled.slot, flat.digest, subject_id)
            filled.holders.add(held)
            return held

    def release(self, held: Held) -> None:
        """Give a reference back. Again, or after a wipe, it does nothing."""
        with self._lock:
            filled = self._filled.get(held.digest)
            if filled is not None and held in filled.holders:
                filled.holders.discard(held)
                filled.left_at_s = self._clock.monotonic_s()

    def wipe(self, digest: str | None = None, subject_id: str | None = None) -> int:
        """Zero an adapter, a subject's adapters, or all of them, in the slots and on every lane; how many there were.

        Whoever holds one finds it dead at the next binding. A forward pass that runs meanwhile goes on with zeros.
        """
        with self._lock:
            return self._zero(lambda one: digest in (None, one.digest) and subject_id in (None, one.subject_id))

    def wipe_idle(self, idle_s: float) -> int:
        """The same of every adapter that nobody has held for so long; and of what a lane still wears though it has left
        its slot."""
        with self._lock:
            since_s = self._clock.monotonic_s() - idle_s
            kept = {one.digest for one in self._filled.values() if one.holders or one.left_at_s > since_s}
            return self._zero(lambda one: one.digest not in kept)

    def bind(
        self,
        prefix: str,
        lanes: Sequence[Sequence[Use]],
        *,
        places: int | None = None,
        each: int = 1,
        regions: Regions | None = None,
    ) -> None:
        """Let lane i of a tower wear lanes[i], several adding up; an empty one is the bare model, bit for bit.

        places: adapters that a lane has room for, the most that any wears when None; lanes and places are the shape
        that torch.compile sees. each: so many consecutive lanes of the tower's input wear one of `lanes`, from one
        copy. regions: of the input's lanes and places, with the tower's rank. Raises AdapterWiped, WornByAnother.
        """
        with self._lock:
            attached = self._attached(prefix)
            worn = self._worn(lanes, places)
            if attached is None:
                return
            if attached.shared:
                raise RuntimeError(f"{prefix} is bound as one lane just now")
            count = len(worn) // len(lanes)
            if regions is not None and (
                regions.picture.shape[:2] != (len(lanes) * each, count)
                or regions.words.shape[:2] != (len(lanes) * each, count)
                or regions.rank != attached.tower.rank
            ):
                raise ValueError("the regions are those of other lanes")
            binding = attached.binding(len(lanes), count, shared=False)
            binding.fill(attached.table, worn)
            attached.show(binding, regions, each)

    def unbind(self, prefix: str) -> None:
        """Leave the tower bare: its layers are the backbone's own, and no lane of any shape keeps anybody's weights."""
        with self._lock:
            attached = self._attached(prefix)
            if attached is not None:
                if attached.shared:
                    raise RuntimeError(f"{prefix} is bound as one lane just now")
                for binding in attached.bindings.values():
                    binding.clear()
                attached.show(None, None)

    def shed(self, prefix: str) -> None:
        """As `unbind`, and the lanes' buffers are given back too: the next binding of each shape makes new ones."""
        with self._lock:
            self.unbind(prefix)
            attached = self._attached(prefix)
            if attached is not None:
                attached.bindings.clear()

    @contextlib.contextmanager
    def uniform(self, prefix: str, uses: Sequence[Use], *, places: int | None = None) -> Iterator[None]:
        """One lane that every row of the tower's input shares, as for encoding one text. What was bound comes back."""
        with self._lock:
            attached = self._attached(prefix)
            worn = self._worn([uses], places)
            if attached is not None:
                if attached.shared:
                    raise RuntimeError(f"{prefix} is bound as one lane already")
                former = attached.bound, attached.regions, attached.each
                binding = attached.binding(1, len(worn), shared=True)
                binding.fill(attached.table, worn)
                attached.show(binding, None)
                attached.shared = True
        try:
            yield
        finally:
            if attached is not None:
                with self._lock:
                    binding.clear()
                    attached.shared = False
                    attached.show(*former)

    def _zero(self, meant: Callable[[Worn | _Filled], bool]) -> int:
        gone = [filled for filled in self._filled.values() if meant(filled)]
        digests = {filled.digest for filled in gone}
        for filled in gone:
            del self._filled[filled.digest]
            filled.holders.clear()
            with torch.no_grad():
                self._table[filled.slot].zero_()
            self._free.append(filled.slot)
        # A lane may still wear what has left its slot: it was released, and another took its place.
        for attached in self._towers.values():
            for binding in attached.bindings.values():
                digests |= binding.clear(meant)
        if digests and self._table.device.type == "cuda":
            torch.cuda.synchronize(self._table.device)
        return len(digests)

    def _attach(self, tower: Tower, towers: Mapping[str, nn.Module]) -> AttachedTower:
        module = towers[tower.prefix]
        _require_fit(tower, module, self._table)
        layers = attach(module, {layer.name: layer.reads_words for layer in tower.layers})
        return AttachedTower(tower, module, layers, tower.part(self._table))

    def _attached(self, prefix: str) -> AttachedTower | None:
        """None for a tower in which the layout adapts nothing."""
        return None if prefix in self._unchanged else self._towers[prefix]

    def _room(self) -> int:
        """A slot to write to: a free one, or that of the least recently used adapter which nobody holds."""
        if self._free:
            return self._free.pop()
        for digest, filled in self._filled.items():
            if not filled.holders:
                del self._filled[digest]
                return filled.slot
        raise SlotsFull(self.slots)

    def _worn(self, lanes: Sequence[Sequence[Use]], places: int | None) -> list[Worn | None]:
        """Every place of every lane, checked; as many a lane."""
        most = max((len(lane) for lane in lanes), default=0)
        count = max(most, 1) if places is None else places
        if not lanes or count < max(most, 1):
            raise ValueError("there are more adapters on a lane than places, or no lanes")
        return [self._checked(lane[place]) if place < len(lane) else None for lane in lanes for place in range(count)]

    def _checked(self, use: Use) -> Worn:
        held = use.held
        filled = self._filled.get(held.digest)
        if filled is None or held not in filled.holders:
            raise AdapterWiped
        if filled.slot != held.slot or filled.subject_id != held.subject_id or filled.digest != held.digest:
            raise WornByAnother
        return Worn(held.slot, held.digest, held.subject_id, use.strength)


def _device(towers: Mapping[str, nn.Module], layout: Layout) -> torch.device:
    """Where the towers are. Raises BackboneUnusable when they are in several places."""
    devices = {
        parameter.device for tower in layout.towers for parameter in _module(towers, tower).parameters(recurse=True)
    }
    if len(devices) != 1:
        raise BackboneUnusable("the towers lie on several devices", remedy="Move them to one before attaching slots.")
    return devices.pop()


def _module(towers: Mapping[str, nn.Module], tower: Tower) -> nn.Module:
    if tower.prefix not in towers:
        raise BackboneUnusable(f"there is no {tower.prefix} here, and the layout has one")
    return towers[tower.prefix]


def _require_fit(tower: Tower, module: nn.Module, table: torch.Tensor) -> None:
    """Raise BackboneUnusable when a layer is missing, or has another shape or dtype than the layout."""
    for layer in tower.layers:
        try:
            part = module.get_submodule(layer.name)
        except AttributeError as error:
            raise BackboneUnusable(f"there is no layer {layer.name} here, and the layout has one") from error
        weight = getattr(part, "weight", None)
        if not isinstance(weight, torch.Tensor):
            continue  # `attach` says what it is
        if tuple(weight.shape) != (layer.up, *layer.down) or weight.dtype != table.dtype:
            raise BackboneUnusable(f"{layer.name} has another shape or dtype than the layout's")
