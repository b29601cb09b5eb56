"""Untrusted image files become safe JPEGs: checked by their header first, decoded, turned upright, brought to sRGB,
and encoded anew without any metadata. Only this module reads what a stranger sent.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from semblance.ingest.domain.errors import Busy, UnusableFile
from semblance.ingest.domain.photo import Picture

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")  # a JPEG with several pictures in it opens as "MPO"
_FIRST_FRAME_IS_THE_PHOTO = frozenset({"JPEG", "MPO"})  # phones append previews and gain maps to a plain JPEG
_SMALLEST_SIDE_PX = 32
_LARGEST_STORED_SIDE_PX = 4096
_JPEG_QUALITY = 95
_DHASH_SIDE = 16
_BROKEN = UnusableFile("truncated", "the file is damaged or incomplete", "Export the photo again and upload that.")

Image.init()
pillow_heif.register_heif_opener()


class PillowCodec:
    """At most `at_once` pictures are decoded at a time, as each may need several bytes a pixel."""

    def __init__(self, *, max_pixels: int, at_once: int = 2, wait_s: float = 20.0) -> None:
        self._max_pixels = max_pixels
        self._free = threading.BoundedSemaphore(at_once)
        self._wait_s = wait_s

    def normalise(self, data: bytes) -> Picture:
        """A JPEG of at most 4096 px a side, sRGB, upright, without metadata. Raises UnusableFile, Busy."""
        if not self._free.acquire(timeout=self._wait_s):
            raise Busy
        try:
            with _wrapped(self._max_pixels), _opened(data) as image:
                self._require_fit(image)
                return _encode(_upright_rgb(image))
        finally:
            self._free.release()

    def _require_fit(self, image: Image.Image) -> None:
        width, height = image.size
        if width * height > self._max_pixels:
            raise _too_many_pixels(self._max_pixels)
        if min(width, height) < _SMALLEST_SIDE_PX:
            raise UnusableFile(
                "image-too-small", f"a side is shorter than {_SMALLEST_SIDE_PX} px", "Upload a larger photo."
            )
        if getattr(image, "n_frames", 1) > 1 and image.format not in _FIRST_FRAME_IS_THE_PHOTO:
            raise UnusableFile("animated", "the file holds more than one picture", "Upload a single still photo.")


def _opened(data: bytes) -> Image.Image:
    """The image, of which only the header has been read."""
    try:
        return Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as e:
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            raise UnusableFile("unsupported-format", "GIF pictures are not taken") from e
        if data[:2] == b"\xff\xd8" or data[:8] == b"\x89PNG\r\n\x1a\n":
            raise _BROKEN from e
        raise UnusableFile("unsupported-format", "the file is no picture of a kind that is taken") from e


@contextmanager
def _wrapped(max_pixels: int) -> Iterator[None]:
    try:
        # Our own limit is stricter than Pillow's, which warns; where warnings are errors it would arrive as one.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    except UnusableFile:
        raise
    except Image.DecompressionBombError as e:
        raise _too_many_pixels(max_pixels) from e
    except Exception as e:  # decoders of hostile bytes raise anything: OSError, SyntaxError, struct.error, IndexError
        raise _BROKEN from e


def _too_many_pixels(max_pixels: int) -> UnusableFile:
    megapixels = max_pixels // 1_000_000
    return UnusableFile(
        "too-many-pixels", f"the picture has more than {megapixels} megapixels", "Upload a smaller version."
    )


def _upright_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image.load()
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((_LARGEST_STORED_SIDE_PX, _LARGEST_STORED_SIDE_PX), Image.Resampling.LANCZOS)
    if upright.mode.startswith("I;16") or upright.mode == "I":
        upright = Image.fromarray((np.asarray(upright, dtype=np.uint32) >> 8).astype(np.uint8))
    if upright.mode in {"P", "PA"}:
        upright = upright.convert("RGBA")
    if upright.mode in {"LA", "RGBA", "La", "RGBa"}:
        opaque = Image.new("RGBA", upright.size, "white")
        opaque.alpha_composite(upright.convert("RGBA"))
        upright = opaque.convert("RGB")
    return _to_srgb(upright, profile)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours by the embedded profile where it fits the picture; a profile that does not is passed over."""
    if profile and image.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            assert converted is not None, "only in-place conversion returns nothing"
            return converted
        except (ImageCms.PyCMSError, OSError):  # the pixels were read before: only the profile can be at fault
            return image.convert("RGB")
    return image.convert("RGB")


def _encode(image: Image.Image) -> Picture:
    clean = Image.fromarray(np.asarray(image))  # nothing but pixels comes along
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return Picture(out.getvalue(), clean.width, clean.height, _dhash(clean))


def _dhash(image: Image.Image) -> str:
    """256 bits: whether each of 17 x 16 mean brightnesses is less than its right neighbour.

    Source: the difference hash, N. Krawetz, "Kind of Like That" (2013), here 16 x 16.
    """
    grey = np.asarray(image.convert("L").resize((_DHASH_SIDE + 1, _DHASH_SIDE), Image.Resampling.BOX), dtype=np.int16)
    bits = np.packbits((grey[:, :-1] < grey[:, 1:]).ravel())
    return bits.tobytes().hex()
