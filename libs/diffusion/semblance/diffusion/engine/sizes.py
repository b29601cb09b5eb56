"""Which padded sizes give the same bits, and how large a batch memory allows just now."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import torch

from semblance.diffusion.engine.batch import BatchClass

_log: Final = logging.getLogger(__name__)
_CLASSES_KEPT: Final = 256
_NO_WAY: Final = "cudnn_status_not_supported"
_SHORTAGES: Final = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    # What CUDA's libraries say when their workspace finds no room (cuDNN 9 has other names than 8 had), and cuDNN where
    # no way to compute fits. Source: PyTorch's aten/src/ATen/cuda/Exceptions.cpp; cudnn_graph.h; of the last,
    # accelerate's should_reduce_batch_size.
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "cudnn_status_internal_error_device_allocation_failed",
    "cudnn_status_internal_error_host_allocation_failed",
    _NO_WAY,
)

Run = Callable[[int, int], torch.Tensor | None]
"""One row's prediction, the row so many times in a batch of a size: (times * its lanes, ...). None when it was called
off meanwhile: what it wore may have been wiped under it."""


class Sizes:
    """Padded sizes for each batch class. Sizes in which a row has the same bits, at every place, go together; the most
    that go together are used and no others, so that a seed gives the same bytes whoever else is drawn."""

    def __init__(self, lanes: tuple[int, ...], recover_after_steps: int) -> None:
        self._lanes = lanes
        self._recover_after = recover_after_steps
        self._proven: OrderedDict[BatchClass, tuple[int, ...]] = OrderedDict()
        self._partly: set[BatchClass] = set()
        self._went_well = 0
        self.allowed = lanes[-1]
        """Lanes of a forward, at most; less than the largest size while memory is short."""

    @property
    def proven(self) -> tuple[tuple[int, ...], ...]:
        """The sizes of every class that was tried, the last drawn first."""
        return tuple(self._proven.values())[::-1]

    def known(self, batch_class: BatchClass) -> bool:
        """Whether the class was tried."""
        return batch_class in self._proven

    def prove(self, batch_class: BatchClass, run: Run) -> None:
        """Try every size that memory allows, with the row at every place, and in the largest that is kept alone.

        A row whose numbers are not finite, or that was called off, proves nothing, and the class stays unknown.
        """
        groups: list[tuple[torch.Tensor, list[int]]] = []
        for size in reversed(self._lanes):
            if size > self.allowed:
                continue
            try:
                full = run(size // batch_class.lanes, size)
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error) or size == self._lanes[0]:
                    raise
                tidy()
                self.allowed = self._next_below(size)
                continue
            if full is None or not bool(torch.isfinite(full).all()):
                return
            _group(groups, full.view(-1, batch_class.lanes, *full.shape[1:]), size)
        # The first of the most: among equals the one with the largest size.
        one, same = max(groups, key=lambda group: len(group[1]), default=(None, []))
        alone = None if one is None else run(1, same[0])
        if one is not None and alone is None:
            return
        if one is None or alone is None or not torch.equal(alone, one):
            _log.warning("a row's bits depend on its place in the batch, or on who else is in it")
            same = []
        self._keep(batch_class, tuple(sorted(same)))

    def forwards(self, batch_class: BatchClass, rows: int) -> list[tuple[int, int]]:
        """How so many rows are computed: (rows, padded size) of each forward."""
        proven = self._proven.get(batch_class) or self._lanes
        if batch_class in self._proven:
            self._proven.move_to_end(batch_class)  # the class that was longest not drawn is forgotten first
        fitting = [size for size in proven if size <= self.allowed]
        if not fitting:
            # Memory does not take a proven size: a picture with other bits is better than none.
            fitting = [size for size in self._lanes if size <= self.allowed]
        most = fitting[-1] // batch_class.lanes
        # As few as can be, and as even: 8 and 8 lanes cost less than 12 and 4.
        count = -(-rows // most)
        parts = [rows // count + (index < rows % count) for index in range(count)]
        return [(part, next(size for size in fitting if size >= part * batch_class.lanes)) for part in parts]

    def shrink(self) -> bool:
        """Memory was short: half the lanes from now on. False when a forward is at its smallest."""
        self._went_well = 0
        if self.allowed == self._lanes[0]:
            return False
        self.allowed = self._next_below(self.allowed)
        _log.warning("out of memory: batches have at most %d lanes for now", self.allowed)
        return True

    def went_well(self) -> None:
        """A step was taken; after enough of them the batch may grow again."""
        self._went_well += 1
        if self.allowed == self._lanes[-1] or self._went_well < self._recover_after:
            return
        self._went_well = 0
        self.allowed = next(size for size in self._lanes if size > self.allowed)
        _log.info("batches may have %d lanes again", self.allowed)
        if self.allowed == self._lanes[-1]:
            # What was tried while memory was short is tried anew.
            for own in self._partly:
                self._proven.pop(own, None)
            self._partly.clear()

    def _next_below(self, size: int) -> int:
        """Half of it, or the smallest."""
        return max([of for of in self._lanes if of <= size // 2], default=self._lanes[0])

    def _keep(self, batch_class: BatchClass, same: tuple[int, ...]) -> None:
        self._proven[batch_class] = same
        if self.allowed < self._lanes[-1]:
            self._partly.add(batch_class)
        while len(self._proven) > _CLASSES_KEPT:
            oldest, _sizes = self._proven.popitem(last=False)
            self._partly.discard(oldest)
        _log.info("batch sizes with equal bits: %s of %s", same, self._lanes)


def is_shortage(error: BaseException) -> bool:
    """Whether torch, or Python, says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    short = isinstance(error, RuntimeError) and any(said in text for said in _SHORTAGES)
    if short and _NO_WAY in text:
        # It may be just that, at any size: whoever is told of a shortage only would look for memory.
        _log.warning("taken for a shortage of memory, and perhaps not computed here at all: %s", _NO_WAY)
    return short


def tidy() -> None:
    """Give back what a failed step left in torch's cache."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _group(groups: list[tuple[torch.Tensor, list[int]]], rows: torch.Tensor, size: int) -> None:
    """Put a size with those of equal bits; nowhere, when the row's copies differ."""
    if any(not torch.equal(row, rows[0]) for row in rows):
        return
    for one, sizes in groups:
        if torch.equal(one, rows[0]):
            sizes.append(size)
            return
    groups.append((rows[0], [size]))
