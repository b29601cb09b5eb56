"""Which of several pictures is kept: a face alone before anything else, then its likeness to the person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

from semblance.faces import Embedding, FaceEngine, RgbU8, similarity


@dataclass(frozen=True)
class Candidate:
    """picture (S, S, 3) RGB, enlarged. likeness: -1 without a face."""

    picture: RgbU8 = field(repr=False)
    alone: bool
    likeness: float

    @property
    def rank(self) -> tuple[bool, float]:
        """What pictures are compared by; the first of equals is kept."""
        return self.alone, self.likeness


class Judge:
    """Looks at pictures as they will be published: enlarged."""

    def __init__(self, faces: FaceEngine, upscale_to_px: int) -> None:
        self._faces = faces
        self._upscale_to_px = upscale_to_px

    def best(self, pictures: Iterable[RgbU8], reference: Embedding | None) -> Candidate:
        """Of one picture or more. Without a reference the face that is most surely one counts."""
        return max((self._judged(picture, reference) for picture in pictures), key=lambda candidate: candidate.rank)

    def _judged(self, picture: RgbU8, reference: Embedding | None) -> Candidate:
        enlarged = upscale(picture, self._upscale_to_px)
        faces = self._faces.detect(enlarged)
        if not faces:
            return Candidate(enlarged, False, -1.0)
        if reference is None:
            return Candidate(enlarged, len(faces) == 1, faces[0].score_0_1)
        return Candidate(enlarged, len(faces) == 1, similarity(self._faces.embed(enlarged, faces[0]), reference))


def upscale(picture: RgbU8, edge_px: int) -> RgbU8:
    """Lanczos up to `edge_px`; a picture that is already as large is left as it is."""
    if picture.shape[0] >= edge_px:
        return picture
    return np.asarray(cv2.resize(picture, (edge_px, edge_px), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def png(picture: RgbU8) -> bytes:
    """The picture (H, W, 3) RGB as PNG bytes."""
    encoded, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise ValueError("the picture does not encode as PNG")
    return bytes(data.tobytes())
