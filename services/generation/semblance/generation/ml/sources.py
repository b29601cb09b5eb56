"""Where an edit begins: a published picture at the backbone's size, and the part of it that is drawn anew."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from semblance.diffusion.engine.editing import face_mask, feathered
from semblance.diffusion.engine.request import Start
from semblance.faces import Face, FaceEngine, RgbU8
from semblance.generation.domain.edit import Beginning, Kept
from semblance.generation.domain.errors import NoFaceInSource, SourceUnusable


class Sources:
    """Reads pictures of at most so many pixels, and finds the faces in them."""

    def __init__(self, faces: FaceEngine, max_pixels: int) -> None:
        self._faces = faces
        self._max_pixels = max_pixels

    def start(self, begin: Beginning, size: tuple[int, int], people: int = 1) -> Start:
        """For a picture of this size (height, width) that shows so many people, each of whose faces is told from what
        is around it where a part is kept. Raises SourceUnusable, NoFaceInSource."""
        picture = self._decoded(begin.picture)
        changes = begin.changes
        mask = None if changes.kept is Kept.NOTHING else self._mask(picture, size, changes.kept, people)
        return Start(_resized(picture, size), changes.strength, mask)

    def _decoded(self, data: bytes) -> RgbU8:
        """(H, W, 3) RGB. The size is read off the header before anything is unpacked."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
                    if opened.width * opened.height > self._max_pixels:
                        raise SourceUnusable(f"a picture to edit has at most {self._max_pixels} pixels")
                    return np.asarray(opened.convert("RGB"), np.uint8)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as error:
            raise SourceUnusable("the picture to edit cannot be read") from error

    def _mask(self, picture: RgbU8, size: tuple[int, int], kept: Kept, people: int) -> NDArray[np.uint8]:
        """(H, W), white where it is drawn anew, black where it is kept, with a soft rim between the two."""
        faces = self._faces.detect(picture)
        if len(faces) < people:
            raise NoFaceInSource(people)
        shown = _shown(faces, picture.shape, size)
        return feathered(255 - shown if kept is Kept.FACE else shown)


def _shown(faces: Sequence[Face], shape: tuple[int, ...], size: tuple[int, int]) -> NDArray[np.uint8]:
    """White over every face, at this size."""
    scale = np.array([size[1] / shape[1], size[0] / shape[0]], np.float32)
    masks = [face_mask((face.landmarks * scale).astype(np.float32), *size) for face in faces]
    return np.asarray(np.maximum.reduce(masks), np.uint8)


def _resized(picture: RgbU8, size: tuple[int, int]) -> RgbU8:
    """Averaged down, Lanczos up."""
    if picture.shape[:2] == size:
        return picture
    way = cv2.INTER_AREA if picture.shape[0] >= size[0] else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=way), np.uint8)
