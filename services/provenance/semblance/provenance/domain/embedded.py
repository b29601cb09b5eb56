"""The manifest store as it lies in a signed picture: what is kept must be what was signed, byte for byte.

Sources: C2PA 2.2 appendix A.3 (PNG caBX, JPEG APP11 after ISO 19566-5 annex D, RIFF chunk C2PA).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from semblance.provenance.domain.errors import UnsupportedPicture
from semblance.provenance.domain.picture import JPEG, PNG, WEBP

_BOX_HEADER_BYTES = 8  # LBox and TBox, repeated in every JPEG segment of one box
_APP11, _START_OF_SCAN = 0xEB, 0xDA
# Reading a manifest of 1,000 assertions took half a second, of 4,000 nearly four (one run beside other work): it grows
# faster than they do. A picture that thirty others went into has some hundreds.
_PARTS_MAX = 2_000
_COMPRESSED = b"c2cm\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71"  # UUID of C2PA's box for those
_SEGMENT_HEADER_BYTES = 8  # "JP", the box's number, the segment's number


def can_be_read(data: bytes, media_type: str) -> bool:
    """Whether a stranger's manifest store has so few parts that reading it takes no more than a moment.

    Boxes and references are counted wherever they stand; in a JPEG also the segments, between which a box's name may be
    cut in two. What is compressed cannot be counted, and is not read.
    """
    segments = data.count(bytes([0xFF, _APP11])) if media_type == JPEG else 0
    if data.count(b"jumb") + data.count(b"self#jumbf") + segments > _PARTS_MAX:
        return False
    return _COMPRESSED not in data and not (segments and _COMPRESSED in b"".join(_edges(data)))


def _edges(data: bytes) -> Iterator[bytes]:
    """Of each of a JPEG's APP11 segments the first and the last bytes: what was cut in two is whole in them again."""
    marker, length = bytes([0xFF, _APP11]), len(_COMPRESSED)
    at = data.find(marker)
    while at >= 0:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        content = data[at + 4 + _SEGMENT_HEADER_BYTES + _BOX_HEADER_BYTES : end]
        yield content if len(content) <= 2 * length else content[:length] + content[-length:]
        at = data.find(marker, at + 4)


def manifest_store(data: bytes, media_type: str) -> bytes:
    """The JUMBF bytes of a picture that was signed here. Raises UnsupportedPicture where there are none."""
    parts = {PNG: _png, JPEG: _jpeg, WEBP: _webp}[media_type](data)
    store = b"".join(parts)
    if not store:
        raise UnsupportedPicture("the picture holds no manifest")
    return store


def _png(data: bytes) -> Iterator[bytes]:
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"caBX":
            yield data[at + 8 : at + 8 + length]
        at += length + 12


def _jpeg(data: bytes) -> Iterator[bytes]:
    at, first = 2, True
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _START_OF_SCAN:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        segment = data[at + 4 : at + 2 + length]
        if marker == _APP11 and segment[:2] == b"JP":
            yield segment[_SEGMENT_HEADER_BYTES + (0 if first else _BOX_HEADER_BYTES) :]
            first = False
        at += 2 + length


def _webp(data: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"C2PA":
            yield data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
