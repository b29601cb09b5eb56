"""Are the frames a film, taken one after the other by one camera? Rules over times, digests and small copies."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

Look = npt.NDArray[np.float32]
"""A frame reduced to (24, 32, 3), 0 to 255: noise and compression average out, movement and light stay."""
_RUN = 4  # so many frames in a row must come back


@dataclass(frozen=True)
class IntegrityRules:
    """`repeat_rms`: root mean square difference of two looks, in steps of 255. `moving_widths`: how far a head goes
    from one frame to the next, in widths of the face."""

    slowest_ms: int
    fastest_ms: int
    longest_gap_ms: int
    repeat_rms: float
    moving_widths: float


def is_even(times_ms: Sequence[int], rules: IntegrityRules) -> bool:
    """Whether the frames came as a camera's do: at a plausible rate, without a long gap."""
    gaps = [b - a for a, b in itertools.pairwise(times_ms)]
    return rules.fastest_ms <= median(gaps) <= rules.slowest_ms and max(gaps) <= rules.longest_gap_ms


def is_looped(looks: Sequence[Look], moves: Sequence[float], rules: IntegrityRules) -> bool:
    """Whether a movement comes back later to the pixel, also compressed anew or with other noise.

    Sitting still comes back too, and so do the screen's colours on it: a run counts only if the head moves in it.
    moves: from each look to the next, in widths of the face.
    """
    if len(looks) < 2 * _RUN:
        return False
    flat = np.stack([look.reshape(-1) for look in looks]).astype(np.float64)
    power = (flat * flat).mean(axis=1)
    squared = power[:, None] + power[None, :] - 2 * (flat @ flat.T) / flat.shape[1]
    apart = np.sqrt(np.maximum(squared, 0))
    for i in range(len(looks) - 2 * _RUN + 1):
        if max(moves[i : i + _RUN - 1]) < rules.moving_widths:
            continue
        for j in range(i + _RUN, len(looks) - _RUN + 1):
            if max(apart[i + k, j + k] for k in range(_RUN)) <= rules.repeat_rms:
                return True
    return False
