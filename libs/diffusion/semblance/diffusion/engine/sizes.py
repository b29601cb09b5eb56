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


class Sizes:
    """Padded sizes for each batch class. A size is used when a row's bits in it are those of the largest size, so that
    a seed gives the same bytes whoever else is drawn."""

    def __init__(self, lanes: tuple[int, ...], recover_after_steps: int) -> None:
        self._lanes = lanes
        self._recover_after = recover_after_steps
        self._proven: OrderedDict[BatchClass, tuple[int, ...]] = OrderedDict()
        self._since_shortage = 0
        self.allowed = lanes[-1]
        """Lanes of a forward, at most; less than the largest size while memory is short."""

    @property
    def proven(self) -> tuple[tuple[int, ...], ...]:
        """The sizes of every class that was tried, the last first."""
        return tuple(reversed(self._proven.values()))

    def known(self, batch_class: BatchClass) -> bool:
        """Whether the class was tried."""
        return batch_class in self._proven

    def prove(self, batch_class: BatchClass, run: Callable[[int], torch.Tensor]) -> None:
        """run(size): a row's prediction in a batch of that size. Sizes that memory does not take are left out."""
        results: dict[int, torch.Tensor] = {}
        for size in reversed(self._lanes):
            try:
                results[size] = run(size)
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error):
                    raise
                tidy()
        if not results:
            return
        largest = max(results)
        same = tuple(size for size in sorted(results) if torch.equal(results[size], results[largest]))
        self._proven[batch_class] = same
        while len(self._proven) > _CLASSES_KEPT:
            self._proven.popitem(last=False)
        self.allowed = min(self.allowed, largest)
        _log.info("batch sizes with equal bits: %s of %s", same, self._lanes)

    def forwards(self, batch_class: BatchClass, rows: int) -> list[tuple[int, int]]:
        """How so many rows are computed: (rows, padded size) of each forward."""
        proven = self._proven.get(batch_class) or self._lanes
        fitting = [size for size in proven if size <= self.allowed and size >= batch_class.lanes]
        if not fitting:
            # Memory does not take a proven size: a picture with other bits is better than none.
            fitting = [max((size for size in self._lanes if size <= self.allowed), default=self._lanes[0])]
        most = fitting[-1] // batch_class.lanes
        parts = [most] * (rows // most) + ([rows % most] if rows % most else [])
        return [(part, next(size for size in fitting if size >= part * batch_class.lanes)) for part in parts]

    def shrink(self) -> bool:
        """Memory was short: half the lanes from now on. False when a forward is at its smallest."""
        self._since_shortage = 0
        smaller = [size for size in self._lanes if size <= self.allowed // 2]
        if not smaller:
            return False
        self.allowed = smaller[-1]
        _log.warning("out of memory: batches have at most %d lanes for now", self.allowed)
        return True

    def went_well(self) -> None:
        """A step was taken; after enough of them the batch may grow again."""
        self._since_shortage += 1
        if self.allowed < self._lanes[-1] and self._since_shortage >= self._recover_after:
            self._since_shortage = 0
            self.allowed = next(size for size in self._lanes if size > self.allowed)
            _log.info("batches may have %d lanes again", self.allowed)


def is_shortage(error: BaseException) -> bool:
    """Whether torch, or Python, says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        said in text for said in ("out of memory", "can't allocate memory", "not enough memory")
    )


def tidy() -> None:
    """Give back what the failed step left in torch's cache."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
