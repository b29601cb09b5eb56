"""What a picture's first bytes say, without decoding it: a decoder is no place for a stranger's bytes.

Sources: PNG (W3C) 11.2.1, JPEG (ITU-T T.81) B.2.2, WebP container (RFC 9649).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from semblance.provenance.domain.errors import PictureTooLarge, UnsupportedPicture

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_MARKERS_MAX = 10_000  # before a JPEG's size: 20 MB of the largest segments are 320; a stranger may send millions


@dataclass(frozen=True)
class Header:
    """Type and size as the file states them."""

    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True)
class Limits:
    """What this service looks at."""

    max_bytes: int
    max_pixels: int

    def check_bytes(self, size_bytes: int) -> None:
        """Raises PictureTooLarge."""
        if size_bytes > self.max_bytes:
            raise PictureTooLarge(f"a picture may have {self.max_bytes} bytes")

    def check(self, data: bytes) -> Header:
        """The header of a picture within the limits. Raises PictureTooLarge, UnsupportedPicture."""
        self.check_bytes(len(data))
        header = read_header(data)
        if header.width_px * header.height_px > self.max_pixels:
            raise PictureTooLarge(f"a picture may have {self.max_pixels} pixels")
        return header


def read_header(data: bytes) -> Header:
    """Type by content, never by what the sender says. Raises UnsupportedPicture."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            return Header(PNG, *struct.unpack_from(">II", data, 16))
        if data.startswith(b"\xff\xd8\xff"):
            return Header(JPEG, *_jpeg_size(data))
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return Header(WEBP, *_webp_size(data))
    except (struct.error, IndexError) as error:
        raise UnsupportedPicture("the picture ends within its header") from error
    raise UnsupportedPicture


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MARKERS_MAX):
        if data[at] != 0xFF:
            raise UnsupportedPicture("the JPEG's markers are broken")
        marker = data[at + 1]
        if marker in _START_OF_FRAME:
            height_px, width_px = struct.unpack_from(">HH", data, at + 5)
            return width_px, height_px
        if marker == 0xFF or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
        else:
            at += 2 + max(2, *struct.unpack_from(">H", data, at + 2))
    raise UnsupportedPicture("the JPEG has too many markers before its size")


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(_exactly(data, 24, 3), "little"), 1 + int.from_bytes(_exactly(data, 27, 3), "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width_px, height_px = struct.unpack_from("<HH", data, 26)
        return width_px & 0x3FFF, height_px & 0x3FFF
    raise UnsupportedPicture("the WebP's first chunk is unknown")


def _exactly(data: bytes, start: int, count: int) -> bytes:
    part = data[start : start + count]
    if len(part) != count:
        raise IndexError
    return part
