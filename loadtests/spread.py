"""How far a number of one run may be from what another run would show: 95 % intervals without a model of the times.

A percentile: the two order statistics between which it lies; with few values one end is open. A share: Clopper and
Pearson's interval. Both count values as if each came alone; values that come together make them wider than said. A
count is exact. Sources: David and Nagaraja, Order Statistics, 2003, 7.1; Clopper and Pearson, Biometrika 26, 1934.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr, betaincinv

EXACT = "exact"
_TAIL = 0.025


def of_percentile(values: Sequence[float], q: float) -> str:
    """ "0.31 to 0.42", in the values' unit; "" without a value."""
    ordered, n = sorted(values), len(values)
    if not n:
        return ""
    below = bdtr(np.arange(n), n, q / 100)  # of so many values or fewer below the percentile
    low, high = int(np.sum(below <= _TAIL)) - 1, int(np.searchsorted(below, 1 - _TAIL))
    least = f"{ordered[low]:.4g}" if low >= 0 else f"less than {ordered[0]:.4g}"
    return f"{least} to {f'{ordered[high]:.4g}' if high < n else f'more than {ordered[-1]:.4g}'}"


def of_share(hits: int, n: int) -> str:
    """Of `n` tries; "" without one."""
    if not n:
        return ""
    low = betaincinv(hits, n - hits + 1, _TAIL) if hits else 0.0
    high = betaincinv(hits + 1, n - hits, 1 - _TAIL) if hits < n else 1.0
    return f"{low:.5g} to {high:.5g}"


def over(values: Sequence[float], what: str) -> str:
    """The least and the most of several, and of how many what; "" without one."""
    return f"{min(values):.4g} to {max(values):.4g} over {len(values)} {what}" if values else ""
