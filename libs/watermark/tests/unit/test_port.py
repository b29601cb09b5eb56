"""One suite for everything that is a watermark or a fingerprint."""

from __future__ import annotations

import numpy as np
import pytest

from semblance.watermark import (
    ID_BITS,
    Fingerprint,
    InvalidPicture,
    InvalidPictureId,
    IsccFingerprint,
    PictureId,
    PictureTooSmall,
    RgbU8,
    SpreadWatermark,
    Watermark,
    distance,
    iscc_of,
    new_picture_id,
)
from semblance.watermark.testing import FakeFingerprint, FakeWatermark

WATERMARKS: dict[str, Watermark] = {"fake": FakeWatermark(), "spread": SpreadWatermark(bytes(range(32)))}
FINGERPRINTS: dict[str, Fingerprint] = {"fake": FakeFingerprint(), "iscc": IsccFingerprint()}


@pytest.fixture(params=WATERMARKS)
def watermark(request: pytest.FixtureRequest) -> Watermark:
    return WATERMARKS[request.param]


@pytest.fixture(params=FINGERPRINTS)
def fingerprint(request: pytest.FixtureRequest) -> Fingerprint:
    return FINGERPRINTS[request.param]


def picture(height: int, width: int, seed: int = 0) -> RgbU8:
    """Soft blobs with some grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / min(height, width)
    waves = sum(
        rng.normal() * np.sin(rng.uniform(2, 9) * x + rng.uniform(2, 9) * y + rng.uniform(0, 6)) for _ in range(9)
    )
    grey = 120 + 20 * waves[..., None] + rng.normal(0, 3, (height, width, 1)) + np.array([12.0, 0.0, -12.0])
    return np.clip(grey, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("picture_id", [0, 1, (1 << ID_BITS) - 1, 0xC0FFEE123456])
def test_a_marked_picture_tells_its_id(watermark: Watermark, picture_id: int) -> None:
    image = picture(watermark.min_side_px, watermark.min_side_px + 37)
    before = image.copy()
    marked = watermark.mark(image, PictureId(picture_id))
    assert np.array_equal(image, before)
    assert marked.shape == image.shape
    assert marked.dtype == np.uint8
    found = watermark.read(marked)
    assert found is not None
    assert found.picture_id == picture_id
    assert found.algorithm == watermark.algorithm
    assert 0.999 < found.confidence_0_1 <= 1


def test_an_unmarked_picture_tells_nothing(watermark: Watermark) -> None:
    assert watermark.read(picture(300, 260, seed=1)) is None
    assert watermark.read(np.zeros((300, 300, 3), np.uint8)) is None


def test_a_picture_too_small_is_refused_and_reads_as_nothing(watermark: Watermark) -> None:
    small = picture(watermark.min_side_px - 1, 400)
    with pytest.raises(PictureTooSmall, match=str(watermark.min_side_px)):
        watermark.mark(small, new_picture_id())
    assert watermark.read(picture(8, 8)) is None


@pytest.mark.parametrize("picture_id", [-1, 1 << ID_BITS])
def test_an_id_of_another_length_is_refused(watermark: Watermark, picture_id: int) -> None:
    with pytest.raises(InvalidPictureId):
        watermark.mark(picture(watermark.min_side_px, watermark.min_side_px), PictureId(picture_id))


@pytest.mark.parametrize(
    ("shape", "dtype"), [((64, 64), "u1"), ((64, 64, 4), "u1"), ((64, 64, 3), "f4"), ((0, 9, 3), "u1")]
)
def test_what_is_no_picture_is_refused(
    watermark: Watermark, fingerprint: Fingerprint, shape: tuple[int, ...], dtype: str
) -> None:
    image = np.zeros(shape, dtype)
    for call in (watermark.read, fingerprint.fingerprint, lambda it: watermark.mark(it, new_picture_id())):
        with pytest.raises(InvalidPicture):
            call(image)


@pytest.mark.parametrize("side_px", [64, 300])
def test_a_fingerprint_knows_its_own_picture_and_no_other(fingerprint: Fingerprint, side_px: int) -> None:
    one, other = (fingerprint.fingerprint(picture(side_px, side_px, seed)) for seed in (5, 6))
    assert len(one) * 8 == fingerprint.bits
    grainy = np.clip(
        picture(side_px, side_px, 5) + np.random.default_rng(0).normal(0, 2, (side_px, side_px, 3)), 0, 255
    )
    assert distance(one, fingerprint.fingerprint(grainy.astype(np.uint8))) <= fingerprint.max_distance
    assert distance(one, other) > fingerprint.max_distance


def test_fingerprints_of_two_lengths_are_not_compared() -> None:
    with pytest.raises(ValueError, match="two lengths"):
        distance(b"\0", b"\0\0")


def test_an_iscc_is_written_as_other_programs_write_it() -> None:
    """iscc-core 1.5.0 gives this code for these pixels, 32 by 32: nothing is resampled."""
    grey = np.arange(1024, dtype=np.uint32).reshape(32, 32)
    pixels = np.repeat((grey % 256).astype(np.uint8)[..., None], 3, 2)
    fingerprint = IsccFingerprint().fingerprint(pixels)
    assert iscc_of(fingerprint) == "ISCC:EEDYAAAAAAAAAAAAAAAAAAAAAAAAAAEAACAAAAAAAAAAAAAAAAAAAAA"
