"""Comparing faces by their embeddings, vectors of unit length of one recogniser; the score is the cosine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semblance.identity.domain.errors import InvalidEmbedding, OtherFaceModel
from semblance.identity.domain.recogniser import SFACE, Recogniser

Embedding = npt.NDArray[np.float32]
MAX_FACES = 64
MAX_ALSO_DEPICTED = 16
_ONE_IN = 8


@dataclass(frozen=True)
class MatchRules:
    """Cosines at or above which two faces are one person's; settings.py says how they were measured."""

    match: float
    enrolled_elsewhere: float
    protected: float
    same_photographed: float
    same_face: float
    turned_same_face: float
    templates: int
    compared_frames: int
    compared_per_movement: int


@dataclass(frozen=True)
class Scores:
    """Best cosine with the person's own templates, with anybody else's, and with the entries of the protected register
    that are in effect for this person; -1 where there are none."""

    own: float
    other: float
    protected: float = -1.0


def parse_embedding(values: Sequence[float], made_by: str = "", ours: Recogniser = SFACE) -> Embedding:
    """A checked, renormalised embedding. made_by: the model that it is marked with; none means SFace.

    Raises OtherFaceModel, InvalidEmbedding.
    """
    if (made_by or SFACE.id) != ours.id:
        raise OtherFaceModel(made_by or SFACE.id, ours.id)
    vector = np.asarray(values, dtype=np.float32)
    if vector.shape != (ours.dimensions,) or not np.isfinite(vector).all():
        raise InvalidEmbedding(f"a face embedding is {ours.dimensions} finite numbers")
    norm = float(np.linalg.norm(vector))
    if not 0.99 <= norm <= 1.01:
        raise InvalidEmbedding("a face embedding has unit length")
    return np.asarray(vector / norm, dtype=np.float32)


def is_protected(scores: Scores, rules: MatchRules) -> bool:
    """Whether a face is on the register and not explained better by the person's own templates."""
    return scores.protected >= rules.protected and scores.protected > scores.own


def least_alike(faces: Sequence[Embedding]) -> float:
    """The lowest cosine between any two of the faces (a mean would hide a swap halfway)."""
    stacked = np.stack(faces)
    return float((stacked @ stacked.T).min())


def but_one(faces: Sequence[Embedding]) -> tuple[int, ...]:
    """Which faces are the most alike with at most one in eight left out: a blink, or landmarks gone astray, spoils a
    frame. What is left out must not be enrolled, so a frame of somebody else gains nothing."""
    everyone = tuple(range(len(faces)))
    if len(faces) < _ONE_IN:
        return everyone
    choices = [everyone[:i] + everyone[i + 1 :] for i in everyone]
    return max(choices, key=lambda kept: least_alike([faces[i] for i in kept]))


def lowest_to_reference(references: Sequence[Embedding], movements: Sequence[Sequence[Embedding]]) -> float:
    """The worst movement's cosine with the mean of the references, a movement's being its median (the lower of two);
    1 when there are none. Who moves in place of somebody else does so in most of a movement's frames."""
    mean = np.mean(np.stack(references), axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    scores = [np.sort(np.stack(faces) @ mean) for faces in movements if len(faces)]
    return min((float(s[(len(s) - 1) // 2]) for s in scores), default=1.0)


def farthest_like(
    references: Sequence[Embedding], faces: Sequence[Embedding], yaw_deg: Sequence[float], at_least: float
) -> Embedding | None:
    """Of one turn's faces the one turned farthest that has this cosine with the mean of the references; None if none
    has, so that no frame of somebody else is enrolled."""
    mean = np.mean(np.stack(references), axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    alike = [(abs(yaw), face) for yaw, face in zip(yaw_deg, faces, strict=True) if float(face @ mean) >= at_least]
    return max(alike, key=lambda one: one[0])[1] if alike else None
