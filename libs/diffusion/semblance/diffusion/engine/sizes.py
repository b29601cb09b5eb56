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

Run = Callable[[int, int], torch.Tensor]
"""One row's prediction, the row so many times in a batch of a size: (times * its lanes, ...)."""


class Sizes:
    """Padded sizes for each batch class. A size is used when a row's bits in it, at every place, are those of the
    largest size, so that a seed gives the same bytes whoever else is drawn."""

    def __init__(self, lanes: tuple[int, ...], recover_after_steps: int) -> None:
        self._lanes = lanes
        self._recover_after = recover_after_steps
        self._proven: OrderedDict[BatchClass, tuple[int, ...]] = OrderedDict()
        self._went_well = 0
        self.allowed = lanes[-1]
        """Lanes of a forward, at most; less than the largest size while memory is short."""

    @property
    def proven(self) -> tuple[tuple[int, ...], ...]:
        """The sizes of every class that was tried, the newest first."""
        return tuple(self._proven.values())[::-1]

    def known(self, batch_class: BatchClass) -> bool:
        """Whether the class was tried."""
        return batch_class in self._proven

    def prove(self, batch_class: BatchClass, run: Run) -> None:
        """Try every size that memory allows: the row alone in the largest, and at every place of each."""
        alone: torch.Tensor | None = None
        same: list[int] = []
        for size in [size for size in reversed(self._lanes) if size <= self.allowed]:
            try:
                if alone is None:
                    alone = run(1, size)
                    same.append(size)
                full = run(size // batch_class.lanes, size)
            except (MemoryError, RuntimeError) as error:
                if not _outgrown(error, size, self._lanes[0]):
                    raise
                same.clear()
                alone = None
                self.allowed = self._next_below(size)
                continue
            equal = all(torch.equal(part, alone) for part in torch.split(full, len(alone)))
            if size not in same and equal:
                same.append(size)
            elif not equal and size in same:
                _log.warning("a row's bits depend on its place in a batch of %d lanes", size)
        self._keep(batch_class, tuple(sorted(same)))

    def forwards(self, batch_class: BatchClass, rows: int) -> list[tuple[int, int]]:
        """How so many rows are computed: (rows, padded size) of each forward."""
        proven = self._proven.get(batch_class) or self._lanes
        fitting = [size for size in proven if size <= self.allowed]
        if not fitting:
            # Memory does not take a proven size: a picture with other bits is better than none.
            fitting = [size for size in self._lanes if size <= self.allowed]
        most = fitting[-1] // batch_class.lanes
        parts = [most] * (rows // most) + ([rows % most] if rows % most else [])
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
            # What was proven against a smaller size than the largest is proven anew.
            for own in [own for own, sizes in self._proven.items() if sizes[-1] < self.allowed]:
                del self._proven[own]

    def _next_below(self, size: int) -> int:
        """Half of it, or the smallest."""
        return max([of for of in self._lanes if of <= size // 2], default=self._lanes[0])

    def _keep(self, batch_class: BatchClass, same: tuple[int, ...]) -> None:
        self._proven[batch_class] = same
        while len(self._proven) > _CLASSES_KEPT:
            self._proven.popitem(last=False)
        _log.info("batch sizes with equal bits: %s of %s", same, self._lanes)


def is_shortage(error: BaseException) -> bool:
    """Whether torch, or Python, says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        said in text for said in ("out of memory", "can't allocate memory", "not enough memory")
    )


def tidy() -> None:
    """Give back what a failed step left in torch's cache."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _outgrown(error: BaseException, size: int, smallest: int) -> bool:
    """A size that memory does not take, and there is a smaller one."""
    if not is_shortage(error) or size == smallest:
        return False
    tidy()
    return True
