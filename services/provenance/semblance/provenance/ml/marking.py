"""Pixels: our own picture is marked, a stranger's is looked at. The only place here that decodes.

A stranger's file is a decoder's worst day, so before one byte of it is decompressed its header has stated a size within
the limit, its container is one of three, and a JPEG has few scans (each may cost as much as a whole picture: a file of
thousands holds a core for minutes). Large JPEGs are decoded at a fraction of their size. Only `at_once` are in memory.
"""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import ExifTags, Image

from semblance.provenance.domain.errors import MarkTooStrong, TooBusyToLook, UnreadablePixels
from semblance.provenance.domain.manifest import Algorithms, Marks
from semblance.provenance.domain.picture import JPEG, PNG, WEBP, Header
from semblance.provenance.ports import Seen
from semblance.watermark import ID_BITS, Fingerprint, Found, RgbU8, Watermark, new_picture_id

_FORMATS = {PNG: ("PNG",), JPEG: ("JPEG",), WEBP: ("WEBP",)}
_JPEG_SCANS_MAX = 100  # libjpeg-turbo's own tools suggest such a limit (-maxscans); cameras write 1, web tools about 10
_SIDE_PX_MAX = 2048  # looked at no larger: watermark and fingerprint survive being halved, memory and time do not grow
_JPEG_SIDE_PX = 1024  # a JPEG of twice this or more is decoded at a half, a quarter or an eighth, which costs less
_SMALLEST_PX = 8  # below it there is nothing to read
_ID_BYTES = ID_BITS // 8
# TIFF 6.0, tag 274: what undoes each orientation.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUICK_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
_FAINT_PSNR_DB = 35.0  # a mark below it would be seen; the watermark itself aims at 38 and more


@dataclass(frozen=True)
class LookLimits:
    """`pixels` as the header states them; `at_once` pictures of strangers in memory, others wait `wait_s`."""

    pixels: int
    at_once: int
    wait_s: float


class MarkedPixels:
    """See ports.Pixels."""

    def __init__(self, watermark: Watermark, fingerprint: Fingerprint, limits: LookLimits) -> None:
        self._watermark = watermark
        self._fingerprint = fingerprint
        self._limits = limits
        self._free = threading.BoundedSemaphore(limits.at_once)

    @property
    def algorithms(self) -> Algorithms:
        """As they are signed."""
        return Algorithms(self._watermark.algorithm, self._fingerprint.algorithm)

    def mark(self, png: bytes) -> tuple[bytes, Marks]:
        """See ports.Pixels."""
        with _opened(png, PNG) as picture:
            image = np.asarray(picture.convert("RGB"))
        if min(image.shape[:2]) < self._watermark.min_side_px:
            return png, Marks(self.algorithms, None, self._fingerprint.fingerprint(image))
        picture_id = new_picture_id()
        marked = self._watermark.mark(image, picture_id)
        _require_faint(image, marked)
        fingerprint = self._fingerprint.fingerprint(marked)
        return _png(marked), Marks(self.algorithms, picture_id.to_bytes(_ID_BYTES), fingerprint)

    def look(self, data: bytes, header: Header) -> Seen:
        """See ports.Pixels."""
        if header.width_px * header.height_px > self._limits.pixels:
            raise UnreadablePixels(f"pictures of more than {self._limits.pixels} pixels are not decoded")
        if min(header.width_px, header.height_px) < _SMALLEST_PX:
            raise UnreadablePixels(f"pictures smaller than {_SMALLEST_PX} pixels are not looked at")
        if header.media_type == JPEG and data.count(b"\xff\xda") > _JPEG_SCANS_MAX:
            raise UnreadablePixels(f"JPEGs of more than {_JPEG_SCANS_MAX} scans are not decoded")
        with self._a_place():
            image = _decode(data, header)
            found = self._watermark.read(image)
            return Seen(
                fingerprint=self._fingerprint.fingerprint(_as_marked(image, found)),
                watermark=found.picture_id.to_bytes(_ID_BYTES) if found else None,
                watermark_confidence_0_1=found.confidence_0_1 if found else 0.0,
            )

    @contextmanager
    def _a_place(self) -> Iterator[None]:
        if not self._free.acquire(timeout=self._limits.wait_s):
            raise TooBusyToLook
        try:
            yield
        finally:
            self._free.release()


def _as_marked(image: RgbU8, found: Found | None) -> RgbU8:
    """As it was when it was marked, if the mark tells: a mirrored copy has another fingerprint, and is the same."""
    if found is None:
        return image
    turned = np.rot90(image, found.quarter_turns)
    return turned[:, ::-1] if found.mirrored else turned


def _require_faint(image: RgbU8, marked: RgbU8) -> None:
    """The filter looked at `image`: what is published may differ from it by a faint pattern and by nothing else."""
    error = np.mean(np.square(image.astype(np.float32) - marked))
    if marked.shape != image.shape or error > 255.0**2 / 10 ** (_FAINT_PSNR_DB / 10):
        raise MarkTooStrong(_FAINT_PSNR_DB)


def _decode(data: bytes, header: Header) -> RgbU8:
    with _opened(data, header.media_type) as picture:
        if picture.size != (header.width_px, header.height_px):  # a second header, which the decoder would follow
            raise UnreadablePixels("the picture states two sizes")
        if header.media_type == JPEG:
            share = min(1.0, _JPEG_SIDE_PX / max(picture.size))
            picture.draft("RGB", (max(1, int(picture.width * share)), max(1, int(picture.height * share))))
        upright = _upright(picture).convert("RGB")
        if max(upright.size) > _SIDE_PX_MAX:
            upright.thumbnail((_SIDE_PX_MAX, _SIDE_PX_MAX), Image.Resampling.BOX)
        return np.asarray(upright)


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as its EXIF says; one that is broken, in whatever way, says nothing."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
        turn = _TURNS.get(orientation) if isinstance(orientation, int) else None
    except (OSError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, struct.error):
        turn = None
    return picture if turn is None else picture.transpose(turn)


@contextmanager
def _opened(data: bytes, media_type: str) -> Iterator[Image.Image]:
    """Pillow raises whatever its plugins meet in a broken file: to a caller each is a picture that cannot be read."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS[media_type]) as picture:
            yield picture
    except (OSError, SyntaxError, ValueError, ArithmeticError, EOFError, IndexError, Image.DecompressionBombError) as e:
        raise UnreadablePixels from e


def _png(image: RgbU8) -> bytes:
    """A seventh of the time that Pillow's own choice takes, for a tenth (256 px) to a quarter (1024 px) more bytes."""
    encoded, data = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), _QUICK_PNG)
    assert encoded, "three planes of bytes always encode"
    return bytes(data.tobytes())
