"""Only a PNG that every reader reads alike is looked at."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from semblance.safety.domain.errors import UnreadablePicture
from semblance.safety.ml.decoding import PictureLimits, decode, encode

LIMITS = PictureLimits()
PIXELS = np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8)


def saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def read(png: bytes, width_px: int = 32, height_px: int = 24, limits: PictureLimits = LIMITS) -> np.ndarray:
    return decode(png, width_px=width_px, height_px=height_px, limits=limits)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def with_chunk(png: bytes, name: bytes, data: bytes, before: bytes = b"IDAT") -> bytes:
    at = png.index(before) - 4
    return png[:at] + chunk(name, data) + png[at:]


def claiming(width_px: int, height_px: int) -> bytes:
    """A few bytes that say they are a picture of this size."""
    header = struct.pack(">II5B", width_px, height_px, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_what_generation_writes_is_read_as_every_other_library_reads_it() -> None:
    written = cv2.imencode(".png", cv2.cvtColor(PIXELS, cv2.COLOR_RGB2BGR))[1].tobytes()
    for png in (written, encode(PIXELS)):
        theirs = cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGR2RGB)
        assert (read(png) == PIXELS).all()
        assert (theirs == PIXELS).all()


def hidden_in_transparency() -> bytes:
    layers = np.dstack([PIXELS, np.zeros((24, 32), np.uint8)])
    return saved(Image.fromarray(layers, "RGBA"))


def two_frames() -> bytes:
    frames = [Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1].copy())]
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def turned_by_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(Image.fromarray(PIXELS), exif=exif.tobytes())


def with_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "hello")
    return saved(Image.fromarray(PIXELS), pnginfo=text)


TRICKS = {
    "transparency": hidden_in_transparency(),
    "palette": saved(Image.fromarray(PIXELS).convert("P")),
    "palette with transparency": saved(Image.fromarray(PIXELS).convert("P"), transparency=0),
    "one colour transparent": saved(Image.fromarray(PIXELS), transparency=(0, 0, 0)),
    "grey": saved(Image.fromarray(PIXELS).convert("L")),
    "grey and transparency": saved(Image.fromarray(PIXELS).convert("LA")),
    "16 bits": saved(Image.fromarray(np.zeros((24, 32), np.uint16))),
    "1 bit": saved(Image.fromarray(PIXELS).convert("1")),
    "colour profile": saved(Image.fromarray(PIXELS), icc_profile=bytes(200)),
    "gamma": with_chunk(encode(PIXELS), b"gAMA", struct.pack(">I", 220_000)),
    "orientation": turned_by_exif(),
    "two frames": two_frames(),
    "text": with_text(),
    "bytes after the end": encode(PIXELS) + b"more",
    "a second picture after the end": encode(PIXELS) * 2,
    "a second header": with_chunk(encode(PIXELS), b"IHDR", encode(PIXELS)[16:29]),
    "interlaced": encode(PIXELS).replace(
        encode(PIXELS)[12:33],
        b"IHDR" + (h := struct.pack(">II5B", 32, 24, 8, 2, 0, 0, 1)) + struct.pack(">I", zlib.crc32(b"IHDR" + h)),
    ),
    "a wrong checksum": encode(PIXELS)[:-8] + b"IEND" + bytes(4),
    "cut off": encode(PIXELS)[:200],
    "nothing": b"",
    "no PNG": b"GIF89a" + bytes(40),
    "too little data": claiming(32, 24),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_a_reader_may_read_otherwise_is_not_read_at_all(trick: str) -> None:
    with pytest.raises(UnreadablePicture):
        read(TRICKS[trick])


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (4097, 16), (100_000, 100_000), (0, 0)])
def test_sizes_are_refused_before_anything_is_inflated(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadablePicture, match="sides"):
        read(claiming(*size), *size)


def test_a_picture_of_another_size_than_announced_and_one_of_too_many_bytes_are_refused() -> None:
    with pytest.raises(UnreadablePicture, match="announced"):
        read(encode(PIXELS), 24, 32)
    with pytest.raises(UnreadablePicture, match="too large"):
        read(encode(PIXELS), limits=PictureLimits(size_bytes=100))


def test_8k_is_read_where_an_operator_allows_it() -> None:
    image = np.zeros((64, 7680, 3), np.uint8)
    with pytest.raises(UnreadablePicture):
        read(encode(image), 7680, 64)
    assert read(encode(image), 7680, 64, PictureLimits(longest_side_px=8192)).shape == image.shape


def test_every_changed_byte_is_noticed_or_changes_nothing() -> None:
    png = encode(PIXELS)
    for at in range(0, len(png), 7):
        changed = png[:at] + bytes([png[at] ^ 0x41]) + png[at + 1 :]
        with pytest.raises(UnreadablePicture):
            read(changed)
