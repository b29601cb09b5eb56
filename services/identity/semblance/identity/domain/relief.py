"""Does the screen's light do to a face what nobody does to a picture of one?

Who lays a picture of somebody over a live face, or tints a recording, moves it and sets its brightness and contrast,
channel by channel and frame by frame (colour transfer: Reinhard et al., 2001; the rest of a face swap changes nothing
with the screen). A screen adds light where a face is turned to it. So every frame is explained, as well as can be, as
one and the same picture, moved, with a brightness and a contrast of its own; what is left over and follows the colours
is relief. What chance leaves over is taken off, so that a picture reads as nothing and not as a little.

Not covered: a picture that is lit by a model of the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semblance.identity.domain.illumination import ScreenColour, shown_at

Patch = npt.NDArray[np.float32]
"""A grid that moves with the face, from the forehead to the chin, in linear light, 0 to 1: (GRID, GRID, 3)."""
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

GRID = 12
INNER = (slice(4, 9), slice(4, 8))
"""Rows and columns from the brows to the mouth: what whoever swaps a face must replace to be taken for somebody."""
FRAMES_AT_LEAST = 8
_GAMMA = 2.2
_CLIPPED = 0.9  # linear; a spot that was ever brighter than this cannot show what was added
_FEWEST_SPOTS = 10
_LEAST_SWAY = 0.3  # of a channel's colours over all frames, squared; less, and it was hardly lit or never dark
_FITTED = 0.8
_FITS = 3
_SURE = 0.25  # the largest standard error of a spot, as a share of its answer
_TAIL = 0.06
_NOISE = 1.3
"""How much of what chance explains is taken off; a little more than all, because what moves is not only chance."""


@dataclass(frozen=True)
class Patched:
    """One frame with a frontal face."""

    at_ms: int
    patch: Patch


def relief_beyond_a_picture(frames: Sequence[Patched], colours: Sequence[ScreenColour], lag_ms: int) -> float | None:
    """By which share of itself the face's answer differs from spot to spot, root mean square beyond chance; negative
    where chance explains more than all of it. None where too little of the face can be judged: too dark, too bright,
    too few frames."""
    if len(frames) < FRAMES_AT_LEAST:
        return None
    light = np.stack([f.patch for f in frames]).astype(np.float64)
    shown = np.array([shown_at(colours, f.at_ms - lag_ms).light for f in frames])
    shown = shown - shown.mean(axis=0)
    answers = [a for c in range(3) if (a := _channel(light[..., c], shown[:, c])) is not None]
    if not answers:
        return None
    known = np.sum([a.weight * a.expected**2 for a in answers], axis=0)
    sure = known > 1 / _SURE**2
    if sure.sum() < _FEWEST_SPOTS:
        return None
    rest = np.sum([a.weight * a.rest * a.expected for a in answers], axis=0)[sure] / known[sure]
    return _spread(rest, 1 / np.sqrt(known[sure]))


@dataclass(frozen=True)
class _Answers:
    """Of one channel, by spots: what is left over and follows the colours, what would if all spots answered alike, and
    how far that is known (one over the variance; 0: not at all)."""

    rest: Values
    expected: Values
    weight: Values


def _channel(light: Values, shown: Values) -> _Answers | None:
    """light (frames, GRID, GRID), shown (frames,) with mean 0. None where the channel tells nothing."""
    sway = float(shown @ shown)
    usable = (light.max(axis=0) < _CLIPPED)[INNER].ravel()
    if usable.sum() < _FEWEST_SPOTS or sway < _LEAST_SWAY:
        return None
    seen = np.maximum(light, 0) ** (1 / _GAMMA)
    inner = seen[(slice(None), *INNER)].reshape(len(seen), -1)
    rest = _unexplained(inner, _pictures(seen.mean(axis=0)), usable, shown)
    follows = np.asarray(shown @ rest) / sway
    all_of_it = np.asarray(shown @ (inner - inner.mean(axis=0))) / sway
    usual = float(np.median(all_of_it[usable]))
    if usual <= 0:
        return None
    chance = ((rest - np.outer(shown, follows)) ** 2).sum(axis=0) / (len(shown) - 2) / sway
    variance = np.maximum((chance + np.median(chance[usable])) / 2, 1e-12)  # few frames: half of it is everybody's
    return _Answers(follows, np.maximum(all_of_it - follows, 0.2 * usual), np.where(usable, 1 / variance, 0.0))


def _pictures(mean: Values) -> Values:
    """What a picture can do, by spots of INNER: get brighter, get starker, move across, move down. (spots, 4)."""
    down, across = (np.asarray(part) for part in np.gradient(mean))
    parts = [part[INNER].ravel() for part in (mean, across, down)]
    return np.stack([np.ones_like(parts[0]), *parts], axis=1)


def _unexplained(seen: Values, pictures: Values, usable: Mask, shown: Values) -> Values:
    """Each frame without what pictures explain of it, (frames, spots), about its mean over time. Fitted several times,
    without the fifth of the spots that follow the colours least like the others."""
    fitted = usable
    rest: Values = seen
    for _ in range(_FITS):
        explained = np.linalg.lstsq(pictures[fitted], seen[:, fitted].T, rcond=None)[0]
        rest = seen - (pictures @ explained).T
        rest = rest - rest.mean(axis=0)
        follows = np.asarray(shown @ rest)
        off = np.abs(follows - np.median(follows[usable]))
        fitted = usable & (off <= np.quantile(off[usable], _FITTED))
    return rest


def _spread(rest: Values, error: Values) -> float:
    """Root mean square about the mean, weighted by how well each spot is known, beyond chance; its sign kept."""
    weight = 1 / (error**2 + 0.05**2)
    off = rest - (weight * rest).sum() / weight.sum()
    off = np.clip(off, *np.quantile(off, [_TAIL, 1 - _TAIL]))
    beyond = float((weight * (off**2 - _NOISE * error**2)).sum() / weight.sum())
    return float(np.sign(beyond) * np.sqrt(abs(beyond)))
