"""Good files become clean JPEGs; every kind of bad file is refused by name. All files are made here."""

from __future__ import annotations

import io
import struct
import threading
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from semblance.ingest.adapters.picture_codec import PillowCodec
from semblance.ingest.domain.errors import Busy, UnusableFile
from semblance.ingest.domain.photo import Picture, bits_apart

CODEC = PillowCodec(max_pixels=50_000_000)


def _scene(width: int = 320, height: int = 240, seed: int = 1) -> Image.Image:
    """A smooth picture with a red left, a blue right and a bright top."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * (1 - x / width), 128 * (1 - y / height), 255 * (x / width)], axis=-1)
    bumps = np.random.default_rng(seed).normal(0, 40, (9, 12))
    bumps = np.asarray(Image.fromarray(bumps.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(pixels + bumps[..., None], 0, 255).astype(np.uint8))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def _pixels(picture: Picture) -> np.ndarray:
    with Image.open(io.BytesIO(picture.jpeg)) as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        assert image.size == (picture.width_px, picture.height_px)
        return np.asarray(image).astype(int)


def _refusal(data: bytes) -> str:
    with pytest.raises(UnusableFile) as caught:
        CODEC.normalise(data)
    assert caught.value.remedy
    return caught.value.code


def _huge_png(width: int, height: int) -> bytes:
    """A PNG header that promises width x height pixels, and nothing that keeps the promise."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(5000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {"quality": 92}), ("PNG", {}), ("WEBP", {"quality": 92}), ("HEIF", {})]
)
def test_the_four_kinds_are_taken(kind: str, options: dict[str, object]) -> None:
    scene = _scene()
    picture = CODEC.normalise(_saved(scene, kind, **options))
    assert (picture.width_px, picture.height_px) == (320, 240)
    assert np.abs(_pixels(picture) - np.asarray(scene).astype(int)).mean() < 8


def test_gps_and_every_other_metadata_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825).update({1: "N", 2: (IFDRational(52), IFDRational(31), IFDRational(12))})
    data = _saved(_scene(), "JPEG", exif=exif, comment=b"at home", dpi=(300, 300))
    with Image.open(io.BytesIO(data)) as before:
        assert before.getexif().get_ifd(0x8825)
    picture = CODEC.normalise(data)
    with Image.open(io.BytesIO(picture.jpeg)) as after:
        assert not after.getexif()
        assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for secret in (b"a camera", b"at home", b"Exif", b"http"):
        assert secret not in picture.jpeg


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_rotation_is_applied(turn: int) -> None:
    upright = _scene()
    undo = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[turn]
    stored = upright if undo is None else upright.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = turn
    picture = CODEC.normalise(_saved(stored, "JPEG", quality=95, exif=exif))
    assert (picture.width_px, picture.height_px) == (320, 240)
    assert np.abs(_pixels(picture) - np.asarray(upright).astype(int)).mean() < 4


def test_cmyk_grey_palette_and_transparent_pictures_become_rgb() -> None:
    scene = _scene()
    cmyk = CODEC.normalise(_saved(scene.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(_pixels(cmyk) - np.asarray(scene).astype(int)).mean() < 8
    grey = _pixels(CODEC.normalise(_saved(scene.convert("L"), "PNG")))
    assert (grey.max(axis=-1) - grey.min(axis=-1)).max() <= 4
    palette = CODEC.normalise(_saved(scene.quantize(64), "PNG"))
    assert np.abs(_pixels(palette) - np.asarray(scene).astype(int)).mean() < 16
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    assert _pixels(CODEC.normalise(_saved(clear, "PNG"))).min() > 250


def test_sixteen_bits_a_channel_are_scaled_not_cut() -> None:
    ramp = np.linspace(0, 65535, 128 * 128).reshape(128, 128).astype(np.uint16)
    pixels = _pixels(CODEC.normalise(_saved(Image.fromarray(ramp), "PNG")))
    assert np.abs(pixels[..., 0] - (ramp >> 8)).mean() < 2


def test_another_colour_space_is_brought_to_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    wrong = CODEC.normalise(_saved(_scene(), "JPEG", icc_profile=profile.tobytes()))
    assert wrong.width_px == 320  # a profile that does not fit is passed over
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = CODEC.normalise(_saved(_scene(), "JPEG", quality=95, icc_profile=srgb))
    assert np.abs(_pixels(same) - np.asarray(_scene()).astype(int)).mean() < 4
    assert b"ICC_PROFILE" not in same.jpeg
    broken = CODEC.normalise(_saved(_scene(), "JPEG", icc_profile=b"not a profile"))
    assert broken.width_px == 320


def test_large_pictures_are_stored_smaller() -> None:
    picture = CODEC.normalise(_saved(_scene(5000, 1000), "JPEG"))
    assert (picture.width_px, picture.height_px) == (4096, 819)


def test_a_phones_two_part_jpeg_is_its_first_picture() -> None:
    data = _saved(_scene(), "MPO", save_all=True, append_images=[_scene(160, 120)])
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 2
    assert CODEC.normalise(data).width_px == 320


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "HEIF"])
def test_moving_pictures_are_refused(kind: str) -> None:
    frames = [_scene(seed=1), _scene(seed=2)]
    assert _refusal(_saved(frames[0], kind, save_all=True, append_images=frames[1:])) == "animated"


def test_a_gif_is_refused_moving_or_not() -> None:
    frames = [_scene(seed=1).quantize(16), _scene(seed=2).quantize(16)]
    assert _refusal(_saved(frames[0], "GIF")) == "unsupported-format"
    assert _refusal(_saved(frames[0], "GIF", save_all=True, append_images=frames[1:])) == "unsupported-format"


@pytest.mark.parametrize("side", [30_000, 12_000, 7_100])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    data = _huge_png(side, side)
    assert len(data) < 6000
    assert _refusal(data) == "too-many-pixels"


def test_a_header_that_promises_more_than_follows_is_damaged() -> None:
    assert _refusal(_huge_png(1000, 1000)) == "truncated"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_half_a_file_is_refused(kind: str, share: float) -> None:
    data = _saved(_scene(), kind)
    assert _refusal(data[: int(len(data) * share)]) in {"truncated", "unsupported-format"}


def test_archives_text_and_noise_are_no_pictures() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("holiday.jpg", _saved(_scene(), "JPEG"))
    for data in (packed.getvalue(), b"GIF or so", b"<svg xmlns='http://www.w3.org/2000/svg'/>", bytes(range(256)) * 40):
        assert _refusal(data) == "unsupported-format"
    for kind in ("TIFF", "BMP"):
        assert _refusal(_saved(_scene(), kind)) == "unsupported-format"
    assert _refusal(b"\xff\xd8\xff\xe0 not really") == "truncated"


def test_specks_are_refused() -> None:
    assert _refusal(_saved(_scene(31, 400), "PNG")) == "image-too-small"


def test_random_damage_never_escapes_as_anything_else() -> None:
    rng = np.random.default_rng(11)
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        whole = np.frombuffer(_saved(_scene(64, 64), kind), dtype=np.uint8)
        for _ in range(40):
            data = whole.copy()
            data[rng.integers(0, len(data), 8)] = rng.integers(0, 256, 8)
            with suppress(UnusableFile):
                CODEC.normalise(data.tobytes())


def test_the_perceptual_hash_sees_through_encoding_and_not_through_content() -> None:
    scene = _scene(800, 600)
    first = CODEC.normalise(_saved(scene, "PNG")).dhash
    again = CODEC.normalise(_saved(scene.resize((640, 480)), "JPEG", quality=60)).dhash
    other = CODEC.normalise(_saved(_scene(800, 600, seed=2), "PNG")).dhash
    assert len(first) == 64
    assert bits_apart(first, again) <= 12
    assert bits_apart(first, other) > 40


def test_too_many_at_once_are_told_to_come_back() -> None:
    codec = PillowCodec(max_pixels=50_000_000, at_once=1, wait_s=0.05)
    data = _saved(_scene(3000, 3000), "PNG")
    outcomes: list[str] = []

    def work() -> None:
        try:
            codec.normalise(data)
            outcomes.append("done")
        except Busy:
            outcomes.append("busy")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) == {"done", "busy"}
    assert CODEC.normalise(_saved(_scene(), "PNG")).width_px == 320


def test_a_heic_from_a_phone_is_turned_upright_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = _scene().transpose(Image.Transpose.ROTATE_90)
    heif = pillow_heif.from_pillow(stored)
    out = io.BytesIO()
    heif.save(out, exif=exif.tobytes(), quality=90)
    picture = CODEC.normalise(out.getvalue())
    assert (picture.width_px, picture.height_px) == (320, 240)
