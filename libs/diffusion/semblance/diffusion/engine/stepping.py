"""One step of one class's rows, whatever memory allows."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from semblance.diffusion.engine.batch import Forward, Row
from semblance.diffusion.engine.sizes import Sizes, is_shortage, tidy
from semblance.diffusion.engine.stats import Meter


class Stepping:
    """Predicts for rows in the fewest padded forwards."""

    def __init__(self, forward: Forward, sizes: Sizes, meter: Meter) -> None:
        self._forward = forward
        self._sizes = sizes
        self._meter = meter

    def predicted(self, rows: Sequence[Row]) -> tuple[torch.Tensor, int] | None:
        """Guided predictions (N, ...) and the lanes it took; None when not even the smallest forward fits into memory.

        No row is changed before all of them are predicted, so a step that ran out of memory is taken anew in smaller
        forwards as if it had never been. Raises AdapterWiped.
        """
        while True:
            try:
                return self._in_parts(rows)
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error):
                    raise
            # Out of the handler: the error's frames hold the failed step's tensors.
            self._meter.shortages += 1
            self._forward.shed()
            tidy()
            if not self._sizes.shrink():
                return None

    def prove(self, row: Row) -> None:
        """Find the sizes with equal bits for the row's class, once. One whose request ends meanwhile finds nothing."""

        def run(times: int, size: int) -> torch.Tensor | None:
            predicted = self._forward.raw([row] * times, size).detach().cpu()
            return None if row.job.ticket.over else predicted

        if not self._sizes.known(row.batch_class):
            self._sizes.prove(row.batch_class, run)

    def _in_parts(self, rows: Sequence[Row]) -> tuple[torch.Tensor, int]:
        own = rows[0].batch_class
        for row in rows:
            self.prove(row)  # the first one whose numbers are finite, and who stays
        parts: list[torch.Tensor] = []
        computed = done = 0
        for count, size in self._sizes.forwards(own, len(rows)):
            parts.append(self._forward.guided(rows[done : done + count], size))
            done += count
            computed += size
        return torch.cat(parts), computed
