"""Frames as pixels for the length of one try: decoded, measured, embedded, dropped."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from semblance.faces import Face, FaceEngine, RgbU8, pitch_ratio, yaw_deg
from semblance.identity.domain.capture import MAX_SIDE_PX, MIN_SIDE_PX
from semblance.identity.domain.errors import InvalidCapture
from semblance.identity.domain.liveness import Reading
from semblance.identity.domain.matching import Embedding
from semblance.identity.ports import Frame
from semblance.kernel.errors import QuotaExceeded

_BYSTANDER_SHARE = 0.25  # a face a quarter as wide as the nearest one is somebody standing behind


class FaceCapture:
    """A decoded capture. Nothing of it outlives the object."""

    def __init__(
        self, images: Sequence[RgbU8], faces: Sequence[Face | None], readings: Sequence[Reading], engine: FaceEngine
    ) -> None:
        self._images = images
        self._faces = faces
        self._engine = engine
        self.readings = readings

    def embeddings(self, indices: Sequence[int]) -> list[Embedding]:
        """Embeddings of the one face in each of these frames."""
        found = []
        for i in indices:
            face = self._faces[i]
            assert face is not None, "only frames with one face are compared"
            found.append(self._engine.embed(self._images[i], face))
        return found


class FaceCaptureReader:
    """Reads captures with one engine to find faces and one to compare them; so many at a time."""

    def __init__(self, detector: FaceEngine, matcher: FaceEngine, *, at_once: int, wait_s: float) -> None:
        self._detector = detector
        self._matcher = matcher
        self._slots = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def read(self, frames: Sequence[Frame]) -> FaceCapture:
        """Raises InvalidCapture, QuotaExceeded."""
        if not self._slots.acquire(timeout=self._wait_s):
            raise QuotaExceeded("too many captures are being checked", retry_after_s=10, code="busy")
        try:
            images = [_decode(frame.jpeg) for frame in frames]
            found = [_significant(self._detector.detect(image)) for image in images]
        finally:
            self._slots.release()
        readings = [_measure(f.at_ms, i, faces) for f, i, faces in zip(frames, images, found, strict=True)]
        faces = [faces[0] if len(faces) == 1 else None for faces in found]
        return FaceCapture(images, faces, readings, self._matcher)


def _decode(jpeg: bytes) -> RgbU8:
    """The frame's pixels. Raises InvalidCapture for anything but a JPEG within the size limits."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
                if max(image.size) > MAX_SIDE_PX or min(image.size) < MIN_SIDE_PX:
                    raise InvalidCapture(f"a frame's sides are {MIN_SIDE_PX} to {MAX_SIDE_PX} px")
                return np.asarray(image.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombWarning) as e:
        raise InvalidCapture("a frame is not a readable JPEG") from e


def _significant(faces: Sequence[Face]) -> list[Face]:
    """The nearest face first, without specks far behind."""
    by_width = sorted(faces, key=lambda f: f.box.width_px, reverse=True)
    return [f for f in by_width if f.box.width_px >= _BYSTANDER_SHARE * by_width[0].box.width_px]


def _measure(at_ms: int, image: RgbU8, faces: Sequence[Face]) -> Reading:
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    if not faces:
        return Reading(at_ms=at_ms, digest=digest, faces=0)
    face = faces[0]
    return Reading(
        at_ms=at_ms,
        digest=digest,
        faces=len(faces),
        yaw_deg=yaw_deg(face.landmarks),
        pitch_ratio=pitch_ratio(face.landmarks),
        face_width_px=face.box.width_px,
        eyes_x_px=float(face.landmarks[:2, 0].mean()),
        eyes_y_px=float(face.landmarks[:2, 1].mean()),
    )
