"""Looking at a picture: every face with its embedding, uncovered bodies, and faces made unrecognisable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from semblance.faces import Box, Face, FaceEngine, InvalidLandmarks, RgbU8
from semblance.safety.domain.verdict import NudePart
from semblance.safety.ml.decoding import PictureLimits, decode, encode
from semblance.safety.ml.halves import HalfFace
from semblance.safety.ml.looking import FaceLooker
from semblance.safety.ml.nudity import NudityDetector
from semblance.safety.ml.views import resized
from semblance.safety.ports import BoxPx, FoundFace

_COARSEST = 6  # blocks across a blurred face


class PictureEyes:
    """One decoding, one look for faces, one for bodies. `thorough`: every look that there is, always."""

    def __init__(
        self,
        looker: FaceLooker,
        engine: FaceEngine,
        nudity: NudityDetector,
        *,
        limits: PictureLimits | None = None,
        thorough: bool = False,
    ) -> None:
        self._looker = looker
        self._engine = engine
        self._nudity = nudity
        self._limits = limits or PictureLimits()
        self._thorough = thorough

    def open(self, png: bytes, *, width_px: int, height_px: int) -> RgbU8:
        """The picture's pixels. Raises UnreadablePicture."""
        return decode(png, width_px=width_px, height_px=height_px, limits=self._limits)

    def faces(self, image: RgbU8, go_on: Callable[[], None] = lambda: None) -> list[FoundFace]:
        """Every face once, boxes in the picture's pixels. Raises TooManyPlaces, Unavailable."""
        found = self._looker.faces(image, thorough=self._thorough, go_on=go_on)
        return [self._embedded(image, face) for face in found]

    def nude_parts(self, image: RgbU8) -> list[NudePart]:
        """Uncovered parts of bodies, boxes in the picture's pixels."""
        scale = max(1.0, 320 / max(image.shape[:2]))
        return self._nudity.detect(resized(image, scale), scale)

    def blur(self, image: RgbU8, boxes: Sequence[BoxPx]) -> tuple[RgbU8, bytes]:
        """A copy with these faces in a few blocks of colour, and its PNG. What is left of a face is its colour."""
        copy = image.copy()
        for box in boxes:
            _blur(copy, box)
        return copy, encode(copy)

    def _embedded(self, image: RgbU8, face: Face) -> FoundFace:
        box = face.box
        corners = (round(box.x_px, 1), round(box.y_px, 1), round(box.width_px, 1), round(box.height_px, 1))
        try:
            shown, there = (face.completed, face.there) if isinstance(face, HalfFace) else (image, face)
            return FoundFace(corners, face.score_0_1, self._engine.embed(shown, there))
        except InvalidLandmarks:
            # A face all the same, that nobody can be told from: like nobody, so it is not the subject's either.
            return FoundFace(corners, face.score_0_1, None)


def _blur(image: RgbU8, box: BoxPx) -> None:
    """Changes `image`: the box with a fifth more around it becomes a few blocks, softened."""
    grown = Box(box[0] - box[2] * 0.2, box[1] - box[3] * 0.2, box[2] * 1.4, box[3] * 1.4)
    left, top = max(0, round(grown.x_px)), max(0, round(grown.y_px))
    part = image[top : round(grown.y_px + grown.height_px), left : round(grown.x_px + grown.width_px)]
    if not part.size:
        return
    height, width = part.shape[:2]
    coarse = cv2.resize(part, (min(_COARSEST, width), min(_COARSEST, height)), interpolation=cv2.INTER_AREA)
    part[:] = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
