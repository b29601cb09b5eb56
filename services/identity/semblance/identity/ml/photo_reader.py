"""Photos for the protected register: measured in memory, dropped when the call ends."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from semblance.faces import Face, FaceEngine, InvalidLandmarks, RgbU8, quality
from semblance.identity.domain.errors import InvalidProtection
from semblance.identity.domain.matching import Embedding, least_alike
from semblance.kernel.errors import QuotaExceeded

_FORMATS = ("JPEG", "PNG", "WEBP")
_LARGEST_SIDE_PX = 1280  # a face that fills a tenth of it is still found
_BYSTANDER_SHARE = 0.25  # as in captures: a face a quarter as wide as the nearest one is somebody standing behind


@dataclass(frozen=True)
class PhotoRules:
    """max_pixels: by the header, before decoding. min_face_px: the box's shorter side in a picture of at most 1280 px.
    same_person: lowest cosine between two photos."""

    max_pixels: int
    min_face_px: float
    min_sharpness: float
    same_person: float


class FacePhotoReader:
    """Finds faces with one engine and compares them with another; so many calls at a time."""

    def __init__(
        self, detector: FaceEngine, matcher: FaceEngine, rules: PhotoRules, *, at_once: int, wait_s: float
    ) -> None:
        self._detector = detector
        self._matcher = matcher
        self._rules = rules
        self._slots = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def read(self, photos: Sequence[bytes]) -> list[Embedding]:
        """The one clear face of each photo. Raises InvalidProtection, QuotaExceeded."""
        if not self._slots.acquire(timeout=self._wait_s):
            raise QuotaExceeded("too many photos are being measured", retry_after_s=10, code="busy")
        try:
            faces = [self._face(photo) for photo in photos]
        finally:
            self._slots.release()
        if least_alike(faces) < self._rules.same_person:
            raise _refused("not-one-person", "the photos do not show one person", "Send photos of one person only.")
        return faces

    def _face(self, photo: bytes) -> Embedding:
        image = _decode(photo, self._rules.max_pixels)
        face = _only(self._detector.detect(image))
        try:
            measured = quality(image, face)
            if measured.size_px < self._rules.min_face_px:
                raise _refused("face-too-small", "a face is too small", "Send photos with a larger face.")
            if measured.sharpness < self._rules.min_sharpness:
                raise _refused("too-blurry", "a face is too blurry", "Send sharper photos.")
            return self._matcher.embed(image, face)
        except InvalidLandmarks as e:
            raise _refused("no-face", "no face was found in a photo", "Send photos with one clear face each.") from e


def _only(faces: Sequence[Face]) -> Face:
    if not faces:
        raise _refused("no-face", "no face was found in a photo", "Send photos with one clear face each.")
    widest = max(face.box.width_px for face in faces)
    near = [face for face in faces if face.box.width_px >= _BYSTANDER_SHARE * widest]
    if len(near) > 1:
        raise _refused("several-faces", "a photo shows several faces", "Send photos with one clear face each.")
    return near[0]


def _decode(photo: bytes, max_pixels: int) -> RgbU8:
    """Upright RGB of at most 1280 px a side. Raises InvalidProtection for anything that is no such picture."""
    try:
        # Our own limit is stricter than Pillow's, which warns.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(photo), formats=_FORMATS) as image:
                if image.width * image.height > max_pixels:
                    raise _refused("too-many-pixels", f"a photo has more than {max_pixels} pixels", "Send it smaller.")
                image.draft("RGB", (_LARGEST_SIDE_PX, _LARGEST_SIDE_PX))
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((_LARGEST_SIDE_PX, _LARGEST_SIDE_PX))
                return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except InvalidProtection:
        raise
    except Exception as e:  # decoders of hostile bytes raise anything: OSError, SyntaxError, struct.error, IndexError
        raise _refused("unreadable-photo", "a photo is no readable JPEG, PNG or WebP", "Send another photo.") from e


def _refused(code: str, detail: str, remedy: str) -> InvalidProtection:
    return InvalidProtection(detail, remedy=remedy, code=code)
