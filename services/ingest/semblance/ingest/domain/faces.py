"""Faces found in a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from semblance.kernel.ids import PhotoId

Embedding = npt.NDArray[np.float32]  # (d,) of unit length, d the face model's


@dataclass(frozen=True)
class Place:
    """Where a face is, in pixels of the stored picture; landmarks x0, y0, ... x4, y4 in YuNet's order."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    landmarks_px: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A face as the recogniser sees it."""

    place: Place
    size_px: float
    sharpness: float
    embedding: Embedding


@dataclass(frozen=True)
class Match:
    """What identity says about one face. Scores are cosines and never leave this service. protected: it is on the
    protected register, and no more like the subject than like it."""

    own: bool
    own_score: float
    protected: bool = False


class Answer(NamedTuple):
    """A match for each face in order, and whether the subject is enrolled; opt_in_again: only by another face model."""

    matches: Sequence[Match]
    enrolled: bool
    opt_in_again: bool = False


@dataclass(frozen=True)
class StoredFace:
    """A face of an accepted photo; its embedding is sealed with the library owner's key, whoever's face it is, and
    was made by `face_model`."""

    id: str
    photo_id: PhotoId
    place: Place
    own: bool
    sealed_embedding: bytes
    face_model: str
