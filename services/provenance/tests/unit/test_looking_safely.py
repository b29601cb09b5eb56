"""Strangers' pictures: bounded before a byte is decompressed."""

from __future__ import annotations

import io
import struct
import threading
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from semblance.kernel.ids import ImageId, SubjectId
from semblance.provenance.domain.embedded import manifest_store
from semblance.provenance.domain.errors import MarkTooStrong, TooBusyToLook, UnreadablePixels, UnsupportedPicture
from semblance.provenance.domain.picture import read_header
from semblance.provenance.handlers import asking, looking
from semblance.provenance.ml.marking import LookLimits, MarkedPixels
from semblance.watermark import IsccFingerprint, SpreadWatermark, distance
from semblance.watermark.testing import FakeFingerprint, FakeWatermark


def pixels(**limits: float) -> MarkedPixels:
    made = LookLimits(**{"pixels": 1_000_000, "at_once": 1, "wait_s": 0.05, **limits})  # type: ignore[arg-type]
    return MarkedPixels(FakeWatermark(), FakeFingerprint(), made)


def encoded(kind: str, size: tuple[int, int] = (64, 64), mode: str = "RGB", **options: object) -> bytes:
    output = io.BytesIO()
    Image.radial_gradient("L").resize(size).convert(mode).save(output, kind, **options)
    return output.getvalue()


def look(data: bytes, **limits: float):
    return pixels(**limits).look(data, read_header(data))


def png(width: int, height: int, idat: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "P"), ("PNG", "I;16"), ("PNG", "1"), ("JPEG", "L"),
     ("JPEG", "CMYK"), ("JPEG", "RGB"), ("WEBP", "RGB"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_every_kind_of_picture_is_looked_at(kind: str, mode: str) -> None:
    seen = look(encoded(kind, mode=mode))
    assert len(seen.fingerprint) == 8


def test_a_size_beyond_the_limit_is_refused_by_its_header() -> None:
    bomb = png(30_000, 30_000, zlib.compress(bytes(200_000), 9))
    with pytest.raises(UnreadablePixels, match="pixels"):
        look(bomb)


def test_data_that_decompresses_to_far_more_than_the_header_says_costs_the_header_only() -> None:
    bomb = png(64, 64, zlib.compress(bytes(300_000_000), 9))
    assert len(bomb) < 400_000
    assert look(bomb).watermark is None


def test_a_second_header_cannot_state_a_larger_size() -> None:
    small, large = png(64, 64, b""), png(9000, 9000, zlib.compress(bytes(300_000), 9))
    with pytest.raises(UnreadablePixels, match="two sizes"):
        look(small[:33] + large[8:])
    frame = b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 9000, 9000) + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    data = encoded("JPEG")
    at = data.index(b"\xff\xc0")
    length = 2 + int.from_bytes(data[at + 2 : at + 4])
    with pytest.raises(UnreadablePixels):
        look(data[: at + length] + frame + data[at + length :])


@pytest.mark.parametrize("filler", [b"\xff\xff", b"\xff\xd0", b"\xff\xe0\x00\x02"])
def test_a_jpeg_of_markers_and_nothing_else_costs_no_time(filler: bytes) -> None:
    with pytest.raises(UnsupportedPicture, match="markers"):
        read_header(b"\xff\xd8" + filler * 1_000_000)


def test_a_jpeg_of_a_thousand_scans_is_not_decoded() -> None:
    data = encoded("JPEG", progressive=True)
    end = data.rindex(b"\xff\xd9")
    scan = data[data.rindex(b"\xff\xda") : end]
    with pytest.raises(UnreadablePixels, match="scans"):
        look(data[:end] + scan * 1000 + data[end:])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_file_cut_or_broken_anywhere_is_unreadable_or_seen_and_nothing_else(kind: str) -> None:
    whole = encoded(kind)
    for at in range(40, len(whole), max(1, len(whole) // 40)):
        broken = bytearray(whole)
        broken[at] ^= 0xFF
        for data in (whole[:at], bytes(broken)):
            try:
                header = read_header(data)
            except UnsupportedPicture:
                continue
            try:
                pixels().look(data, header)
            except UnreadablePixels:
                continue


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_looked_at_as_its_exif_turns_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    turned = Image.radial_gradient("L").resize((96, 64)).convert("RGB")
    turned.paste((255, 0, 0), (0, 0, 20, 10))
    output = io.BytesIO()
    turned.save(output, "PNG", exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(output.getvalue())))
    assert look(output.getvalue()).fingerprint == FakeFingerprint().fingerprint(np.asarray(upright))


def test_a_broken_exif_says_nothing_and_breaks_nothing() -> None:
    """A description that is a fraction: the library reads it, and breaks when it writes it again."""
    description = struct.pack("<HHII", ExifTags.Base.ImageDescription, 10, 1, 38)
    entry = description + struct.pack("<HHIHH", ExifTags.Base.Orientation, 3, 1, 6, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 2) + entry + struct.pack("<I", 0) + struct.pack("<ii", 1, 2)
    data = encoded("PNG", (96, 64))
    chunk = struct.pack(">I", len(tiff)) + b"eXIf" + tiff
    broken = data[:33] + chunk + struct.pack(">I", zlib.crc32(b"eXIf" + tiff)) + data[33:]
    with pytest.raises(AttributeError):
        ImageOps.exif_transpose(Image.open(io.BytesIO(broken)))
    assert look(broken).fingerprint


def test_only_so_many_are_in_memory_at_once() -> None:
    inside, leave = threading.Event(), threading.Event()

    class Slow(FakeWatermark):
        def read(self, image):
            inside.set()
            assert leave.wait(60)
            return super().read(image)

    data = encoded("PNG")
    looks = MarkedPixels(Slow(), FakeFingerprint(), LookLimits(10_000, 1, 0.05))
    first = threading.Thread(target=looks.look, args=(data, read_header(data)))
    first.start()
    assert inside.wait(60)
    with pytest.raises(TooBusyToLook):
        looks.look(data, read_header(data))
    leave.set()
    first.join(60)
    assert looks.look(data, read_header(data)).fingerprint


def test_a_picture_that_cannot_be_decoded_is_still_answered(house) -> None:
    cut = encoded("PNG")[:200]
    found = looking.verify(cut, house.ports)
    assert not found.made_here
    assert found.not_looked
    tiny = looking.verify(encoded("PNG", (4, 4)), house.ports)
    assert "smaller" in tiny.not_looked


def test_our_credentials_around_pixels_that_nobody_looked_at_prove_nothing(house) -> None:
    allowed = house.publish()
    _, data = asking.content(SubjectId(allowed.subject_id), ImageId(allowed.image_id), house.ports)
    store = manifest_store(data, "image/png")
    chunk = len(store).to_bytes(4) + b"caBX" + store + zlib.crc32(b"caBX" + store).to_bytes(4)
    tiny = encoded("PNG", (4, 4))
    found = looking.verify(tiny[:33] + chunk + tiny[33:], house.ports)
    assert found.match is not None
    assert found.match.by.value == "manifest"
    assert found.unsure
    assert found.not_looked


def test_a_large_jpeg_is_looked_at_small() -> None:
    seen: list[tuple[int, ...]] = []

    class Watching(FakeWatermark):
        def read(self, image):
            seen.append(image.shape)

    data = encoded("JPEG", (5000, 3000))
    MarkedPixels(Watching(), FakeFingerprint(), LookLimits(20_000_000, 1, 1)).look(data, read_header(data))
    assert max(seen[0]) <= 2048


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_marked_picture_that_was_mirrored_or_turned_still_looks_like_itself(
    mirrored: bool, quarter_turns: int
) -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:256, :300] / 256
    waves = sum(rng.normal() * np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y) for _ in range(9))
    grain = rng.normal(0, 3, (256, 300, 3))
    output = io.BytesIO()
    Image.fromarray(np.clip(120 + 20 * waves[..., None] + grain, 0, 255).astype(np.uint8)).save(output, "PNG")
    looks = MarkedPixels(SpreadWatermark(bytes(32)), IsccFingerprint(), LookLimits(1_000_000, 1, 1))
    marked, marks = looks.mark(output.getvalue())
    pixels = np.asarray(Image.open(io.BytesIO(marked)))
    copy = io.BytesIO()
    Image.fromarray(np.rot90(pixels[:, ::-1] if mirrored else pixels, quarter_turns)).save(copy, "JPEG", quality=80)
    seen = looks.look(copy.getvalue(), read_header(copy.getvalue()))
    assert seen.watermark == marks.watermark
    assert distance(seen.fingerprint, marks.fingerprint) <= IsccFingerprint.max_distance


def test_a_mark_that_would_be_seen_is_never_published() -> None:
    class Loud(FakeWatermark):
        def mark(self, image, picture_id):
            return 255 - image

    looks = MarkedPixels(Loud(), FakeFingerprint(), LookLimits(10_000, 1, 1))
    with pytest.raises(MarkTooStrong):
        looks.mark(encoded("PNG"))


def test_a_picture_too_small_for_a_mark_keeps_its_very_bytes() -> None:
    png = encoded("PNG", (32, 32))
    same, marks = pixels().mark(png)
    assert same == png
    assert marks.watermark is None
    assert len(marks.soft_bindings()) == 1
