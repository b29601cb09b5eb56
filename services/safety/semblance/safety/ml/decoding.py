"""Bytes to pixels: one kind of PNG only, the kind that generation writes, which every reader reads alike.

A picture that decodes in two ways is two pictures: the one that was looked at and the one that is seen. So nothing may
be in the file that a reader may or may not honour: no transparency, palette, colour profile, gamma, orientation, second
frame, text or trailing bytes. The pixels are what is looked at, and the same bytes are what is signed.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from semblance.faces import RgbU8
from semblance.safety.domain.errors import UnreadablePicture

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">II5B")
_PLAIN_RGB = (8, 2, 0, 0, 0)  # bits, colour type, compression, filter, interlace
_ALLOWED = (b"IHDR", b"IDAT", b"IEND")


@dataclass(frozen=True)
class PictureLimits:
    """What is decoded at all; a picture's size is read before any of it is inflated."""

    smallest_side_px: int = 8
    longest_side_px: int = 4096
    size_bytes: int = 64 * 1024 * 1024


def decode(png: bytes, *, width_px: int, height_px: int, limits: PictureLimits) -> RgbU8:
    """The pixels of a plain PNG of the announced size, (H, W, 3). Raises UnreadablePicture."""
    size = _header(png, limits)
    if size != (width_px, height_px):
        raise UnreadablePicture("its size is not the one announced")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
                if image.mode != "RGB" or image.size != size:
                    raise UnreadablePicture("it is no plain RGB picture")
                return np.asarray(image, dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Warning) as e:
        raise UnreadablePicture("it is no PNG") from e


def encode(image: RgbU8) -> bytes:
    """A PNG that `decode` takes."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _header(png: bytes, limits: PictureLimits) -> tuple[int, int]:
    """Width and height, once the file's structure is found to be plain. Raises UnreadablePicture."""
    if len(png) > limits.size_bytes:
        raise UnreadablePicture("it is too large")
    if not png.startswith(_SIGNATURE):
        raise UnreadablePicture("it is no PNG")
    names = _chunks(png)
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or names.count(b"IHDR") + names.count(b"IEND") != 2:
        raise UnreadablePicture("its parts are not in order")
    width, height, *kind = _HEADER.unpack_from(png, 16)
    if tuple(kind) != _PLAIN_RGB:
        raise UnreadablePicture("only plain 8-bit RGB is read: no palette, transparency, grey, 16 bits or interlacing")
    if not limits.smallest_side_px <= min(width, height) <= max(width, height) <= limits.longest_side_px:
        raise UnreadablePicture(f"its sides must be {limits.smallest_side_px} to {limits.longest_side_px} px")
    return width, height


def _chunks(png: bytes) -> list[bytes]:
    """The names of the file's parts, each with the right checksum, to the last byte. Raises UnreadablePicture."""
    at, names = len(_SIGNATURE), []
    while at < len(png):
        if at + 12 > len(png):
            raise UnreadablePicture("it ends early")
        length, name = struct.unpack_from(">I4s", png, at)
        end = at + 12 + length
        if name not in _ALLOWED or (name == b"IHDR" and length != _HEADER.size) or end > len(png):
            raise UnreadablePicture("it holds more than pixels")
        if zlib.crc32(memoryview(png)[at + 4 : end - 4]) != struct.unpack_from(">I", png, end - 4)[0]:
            raise UnreadablePicture("a part of it is damaged")
        names.append(name)
        at = end
    return names
