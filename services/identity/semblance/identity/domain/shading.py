"""Does the screen's light fall on a face as on something round (relief.py), on the face more than on the room, and on
the body below it?

A picture that is coloured as a whole shows the colours in the room as strongly as on the face; one whose face alone is
coloured does not show them on the neck and the chest, which the screen lights as well.

Not covered: a mask in the round, a sheet bent or dirtied on purpose, and an injected video that is lit by a model of
the face. A real face under light as flat as the screen's own (a lit wall behind the screen) looks flat too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semblance.identity.domain.illumination import (
    Opponents,
    ScreenColour,
    opponents,
    orthonormal,
    shown_at,
    sways,
    without,
)
from semblance.identity.domain.relief import FRAMES_AT_LEAST, Patch, Patched, relief_beyond_a_picture

Spots = npt.NDArray[np.float32]
"""Mean linear light, 0 to 1, of the spots of a grid that moves with the face, or that stays with the room: (n, 3)."""
_FAINTEST = 1e-3
_CLIPPED = 0.9  # linear; a spot that was ever brighter than this cannot show what was added
_FEWEST_SPOTS = 4


@dataclass(frozen=True)
class Shade:
    """One frame with a frontal face: the spots of face and room, and the head's pose. body: the spots below the chin;
    None where too little is seen. patch: the face, finer."""

    at_ms: int
    face: Spots
    room: Spots
    yaw_deg: float = 0.0
    lowered_widths: float = 0.0
    body: Spots | None = None
    patch: Patch | None = None


@dataclass(frozen=True)
class Shading:
    """relief: by which share of itself the face's answer differs from spot to spot, beyond what a picture's could; None
    where that cannot be told.
    room_share: the room's median answer as a share of the face's; 0 where the room is too bright to tell. body_share:
    the same of neck and chest; 1 where these are too bright to tell, None where too little of them is seen.
    """

    relief: float | None = None
    room_share: float = 0.0
    body_share: float | None = None


@dataclass(frozen=True)
class ShadingRules:
    """`relief`: the least relief of a face; `room_share`: the most that the room may follow, as a share of the face;
    `body_share`: the least that neck and chest must."""

    relief: float
    room_share: float
    body_share: float


def shading(frames: Sequence[Shade], colours: Sequence[ScreenColour], lag_ms: int) -> Shading:
    """How the light of `colours`, seen `lag_ms` late, falls. At least eight frames, or it is Shading()."""
    if len(frames) < FRAMES_AT_LEAST:
        return Shading()
    poses = _poses(frames)
    shown = without(poses, np.array([sways(shown_at(colours, f.at_ms - lag_ms)) for f in frames]))
    face = _answers(np.stack([f.face for f in frames]), shown, poses)
    usual = float(np.median(face))
    if usual <= _FAINTEST:
        return Shading()
    patches = [Patched(f.at_ms, f.patch) for f in frames if f.patch is not None]
    room = _share(np.stack([f.room for f in frames]), shown, poses, usual)
    return Shading(
        relief=relief_beyond_a_picture(patches, colours, lag_ms),
        room_share=0.0 if room is None else room,
        body_share=_body_share(frames, shown, usual),
    )


def _body_share(frames: Sequence[Shade], shown: Opponents, usual: float) -> float | None:
    """Over the frames that show enough of it; the same poses come off."""
    seen = [(k, frame.body) for k, frame in enumerate(frames) if frame.body is not None]
    if len(seen) < FRAMES_AT_LEAST:
        return None
    few = [frames[k] for k, _ in seen]
    poses = _poses(few)
    share = _share(np.stack([body for _, body in seen]), without(poses, shown[[k for k, _ in seen]]), poses, usual)
    return 1.0 if share is None else share


def _share(spots: Spots, shown: Opponents, poses: Opponents, usual: float) -> float | None:
    """The spots' median answer as a share of the face's; None where they are too bright to tell."""
    spots = spots[:, spots.max(axis=(0, 2)) < _CLIPPED]
    if spots.shape[1] < _FEWEST_SPOTS:
        return None
    return float(np.median(_answers(spots, shown, poses))) / usual


def _poses(frames: Sequence[Shade]) -> Opponents:
    return orthonormal([[1.0, f.yaw_deg / 30, (f.yaw_deg / 30) ** 2, f.lowered_widths] for f in frames])


def _answers(spots: Spots, shown: Opponents, poses: Opponents) -> npt.NDArray[np.float64]:
    """How strongly each spot follows the colours, pose apart. spots (frames, n, 3); returns (n,)."""
    seen = opponents(spots)
    moved = np.einsum("fp,pnc->fnc", poses, np.einsum("fp,fnc->pnc", poses, seen))
    return np.asarray((shown[:, None, :] * (seen - moved)).sum(axis=(0, 2)) / max(float((shown**2).sum()), 1e-9))
