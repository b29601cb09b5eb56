"""The faces of a stored JPEG."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from semblance.faces import FaceEngine, InvalidLandmarks, quality
from semblance.ingest.domain.faces import FoundFace, Place

MOST_FACES = 64


class EngineFaceReader:
    """See ports.FaceReader."""

    def __init__(self, engine: FaceEngine) -> None:
        self._engine = engine

    def read(self, jpeg: bytes, check: Callable[[], None]) -> list[FoundFace]:
        """Surest first, MOST_FACES at most."""
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
            image = np.asarray(picture.convert("RGB"))
        found = []
        for face in self._engine.detect(image)[:MOST_FACES]:
            check()
            try:
                measured = quality(image, face)
                embedding = self._engine.embed(image, face)
            except InvalidLandmarks:
                continue  # five points on one line: a pattern that looked like a face
            box, landmarks = face.box, tuple(float(x) for x in face.landmarks.ravel())
            place = Place(box.x_px, box.y_px, box.width_px, box.height_px, landmarks)
            found.append(FoundFace(place, measured.size_px, measured.sharpness, embedding))
        return found
