from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from semblance.watermark import InvalidWatermarkKey, PictureId, RgbU8, SpreadWatermark
from semblance.watermark.lines import lines_of, tile_offset

KEY = bytes(range(32))
ID = PictureId(0x1234_5678_9ABC)
WATERMARK = SpreadWatermark(KEY)


def picture(side_px: int, seed: int = 0) -> RgbU8:
    """A soft ground, hard-edged discs, grain."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(
        rng.uniform(40, 215, (5, 5, 3)).astype(np.float32), (side_px, side_px), interpolation=cv2.INTER_CUBIC
    )
    for x, y, r in rng.random((12, 3)):
        colour = [float(c) for c in rng.uniform(20, 235, 3)]
        centre = (int(x * side_px), int(y * side_px))
        cv2.circle(image, centre, int((0.02 + 0.1 * r) * side_px), colour, -1, cv2.LINE_AA)
    return np.clip(image + rng.normal(0, 1.5, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def marked() -> RgbU8:
    return WATERMARK.mark(picture(512), ID)


def jpeg(image: RgbU8, quality: int) -> RgbU8:
    coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def resized(image: RgbU8, share: float) -> RgbU8:
    return np.asarray(cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def cropped(image: RgbU8, share: float) -> RgbU8:
    height, width = (round(n * share) for n in image.shape[:2])
    return image[17 : 17 + height, 41 : 41 + width]


def turned(image: RgbU8, degrees: float) -> RgbU8:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


DISTORTIONS: dict[str, Callable[[RgbU8], RgbU8]] = {
    "jpeg 70": lambda it: jpeg(it, 70),
    "half size": lambda it: resized(it, 0.5),
    "half size, jpeg 70": lambda it: jpeg(resized(it, 0.5), 70),
    "four fifths": lambda it: cropped(it, 0.8),
    "four fifths, half size, jpeg 70": lambda it: jpeg(resized(cropped(it, 0.8), 0.5), 70),
    "mirror": lambda it: it[:, ::-1],
    "quarter turn": np.rot90,
    "a little askew": lambda it: turned(it, 1.3),
    "within a larger picture": lambda it: np.pad(it, ((60, 60), (90, 90), (0, 0)), constant_values=240),
    "darker, less contrast": lambda it: (it * 0.7 + 10).astype(np.uint8),
    "grey": lambda it: np.repeat(cv2.cvtColor(it, cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
}


@pytest.mark.parametrize("name", DISTORTIONS)
def test_a_mark_survives(marked: RgbU8, name: str) -> None:
    found = WATERMARK.read(np.ascontiguousarray(DISTORTIONS[name](marked)))
    assert found is not None
    assert found.picture_id == ID


def test_what_was_done_to_a_picture_is_told(marked: RgbU8) -> None:
    found = WATERMARK.read(np.ascontiguousarray(cropped(marked, 0.8)[:, ::-1]))
    assert found is not None
    assert found.mirrored
    assert found.scale == pytest.approx(0.8, abs=0.005)


def test_a_mark_is_quiet(marked: RgbU8) -> None:
    assert cv2.PSNR(marked, picture(512)) > 38.4


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_colour_can_be_marked(level: int) -> None:
    marked = WATERMARK.mark(np.full((300, 420, 3), level, np.uint8), ID)
    found = WATERMARK.read(jpeg(marked, 70))
    assert found is not None
    assert found.picture_id == ID


def test_another_key_reads_nothing(marked: RgbU8) -> None:
    assert SpreadWatermark(KEY[::-1]).read(marked) is None


def test_a_short_key_is_refused() -> None:
    with pytest.raises(InvalidWatermarkKey, match="32 bytes"):
        SpreadWatermark(b"short")


def test_every_picture_has_its_tiles_elsewhere_and_every_key_its_own_lines() -> None:
    assert tile_offset(KEY, PictureId(1)) != tile_offset(KEY, PictureId(2))
    assert not np.array_equal(lines_of(KEY).pilots, lines_of(KEY[::-1]).pilots)


def test_the_mean_of_many_marks_shows_no_mark() -> None:
    """Without moving tiles, pilots would add up: an outsider could cut them out of every picture."""
    grey = np.full((256, 256, 3), 128, np.uint8)
    marks = [WATERMARK.mark(grey, PictureId(n)).astype(np.float32) - grey for n in range(24)]
    assert np.mean(marks, 0).std() < 0.3 * np.std(marks)


@pytest.mark.parametrize("seed", range(4))
def test_unmarked_pictures_tell_nothing(seed: int) -> None:
    assert WATERMARK.read(picture(400, seed)) is None
