"""Does an adapter repeat its training photos? Distances of small pictures, against those between real photos."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Photos = NDArray[np.uint8]
_EDGE_PX, _COPY = 16, 0.5


@dataclass(frozen=True)
class Copies:
    """Ratios: distance to the nearest learnt photo over the median distance of the person's *other* photos to theirs.
    1: as far as a new photo would be; copied: share below 0.5. background: the same outside the head."""

    nearest_ratio_median: float
    nearest_ratio_p5: float
    copied: float
    background_ratio_median: float
    background_copied: float


def copies(people: list[tuple[Photos, Photos, Photos]]) -> Copies:
    """(learnt, other, drawn) of each person, every one (n, 64, 64, 3)."""
    outside = _outside_the_head()
    whole = np.concatenate([_ratios(*person, np.ones_like(outside)) for person in people])
    background = np.concatenate([_ratios(*person, outside) for person in people])
    return Copies(
        round(float(np.median(whole)), 3),
        round(float(np.percentile(whole, 5)), 3),
        round(float((whole < _COPY).mean()), 4),
        round(float(np.median(background)), 3),
        round(float((background < _COPY).mean()), 4),
    )


def _outside_the_head() -> NDArray[np.bool_]:
    """(16, 16): the upper corners, where the framing never puts hair."""
    y, x = np.mgrid[0:_EDGE_PX, 0:_EDGE_PX] + 0.5
    return np.asarray((np.abs(x - _EDGE_PX / 2) > _EDGE_PX * 0.34) & (y < _EDGE_PX * 0.7))


def _ratios(learnt: Photos, other: Photos, drawn: Photos, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    # Mirror images count as well: training shows both.
    known = np.concatenate([_small(learnt, where), _small(learnt[:, :, ::-1], where)])
    usual = float(np.median(_nearest(_small(other, where), known)))
    return np.asarray(_nearest(_small(drawn, where), known) / max(usual, 1e-6), np.float64)


def _small(photos: Photos, where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(n, m) 0-1 of a 16 px copy: what is left is the layout, not the grain."""
    small = [cv2.resize(p, (_EDGE_PX, _EDGE_PX), interpolation=cv2.INTER_AREA)[where].ravel() for p in photos]
    return np.asarray(np.stack(small) / 255, np.float32)


def _nearest(some: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean squared difference of each row to the nearest known one (n,)."""
    return np.asarray(np.sqrt(((some[:, None] - known[None]) ** 2).mean(2)).min(1), np.float64)
