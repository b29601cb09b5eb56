"""The real face and nudity models over synthetic people: every face is found, also small ones, and found once."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import nudenet.nudenet
import numpy as np
import pytest
from PIL import Image

from semblance.safety.domain.errors import UnreadablePicture
from semblance.safety.main import eyes_of
from semblance.safety.ml import nudity
from semblance.safety.ml.eyes import PictureEyes
from semblance.safety.settings import SafetySettings
from semblance.synthetic_people import bundled

MODELS = Path(__file__).parents[4] / ".cache" / "models"


@pytest.fixture(scope="module")
def eyes() -> PictureEyes:
    return eyes_of(SafetySettings(models_dir=MODELS))


def photo(name: str, number: int = 0, size_px: int = 512, kind: str = "portrait") -> np.ndarray:
    path = bundled.person_photos(name, (kind,))[number].path
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    return cv2.resize(image, (size_px, size_px * image.shape[0] // image.shape[1]), interpolation=cv2.INTER_AREA)


def png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def look(eyes: PictureEyes, image: np.ndarray) -> list:
    return eyes.faces(eyes.open(png(image), width_px=image.shape[1], height_px=image.shape[0]))


@pytest.mark.parametrize("size_px", [64, 128, 512])
@pytest.mark.parametrize("name", ["ana", "dan"])
def test_a_portrait_has_one_face_and_it_is_the_persons(eyes: PictureEyes, name: str, size_px: int) -> None:
    (found,) = look(eyes, photo(name, 0, size_px))
    (again,) = look(eyes, photo(name, 1, 512))
    (other,) = look(eyes, photo("bo", 0, 512))
    assert found.embedding @ again.embedding > 0.6 > found.embedding @ other.embedding


@pytest.mark.parametrize("size_px", [128, 384, 768])
def test_a_group_has_three(eyes: PictureEyes, size_px: int) -> None:
    assert len(look(eyes, photo("ana", 0, size_px, "group"))) == 3


@pytest.mark.parametrize(("size_px", "small_px"), [(512, 128), (512, 32), (64, 24), (64, 16)])
def test_a_small_face_in_a_corner_is_seen(eyes: PictureEyes, size_px: int, small_px: int) -> None:
    image = photo("ana", 0, size_px)
    image[-small_px:, -small_px:] = photo("bo", 1, small_px)
    found = look(eyes, image)
    assert len(found) == 2
    x, y, width, height = found[1].box_px
    assert x + width / 2 > size_px - small_px
    assert y + height / 2 > size_px - small_px


def test_noise_has_none(eyes: PictureEyes) -> None:
    rng = np.random.default_rng(0)
    for _ in range(3):
        coarse = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        assert look(eyes, cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC)) == []


def test_clothed_portraits_are_not_nude(eyes: PictureEyes) -> None:
    for name in bundled.people():
        for number in range(3):
            parts = eyes.nude_parts(photo(name, number, 128))
            assert all(part.score_0_1 < SafetySettings().nudity_score_0_1 for part in parts)


def test_bodies_are_found_as_nudenets_own_reader_finds_them() -> None:
    """Every label, not only the uncovered ones; the network's answers come from the same file."""
    names, theirs = vars(nudenet.nudenet)["__labels"], nudenet.NudeDetector()
    assert all(names[label] == name for label, name in nudity.UNCOVERED.items())
    for number, (name, size_px) in enumerate([("ana", 320), ("bo", 512), ("cleo", 400), ("dan", 700)]):
        image = np.ascontiguousarray(photo(name, number, size_px)[: size_px - 60 * number])
        shown = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        answer = theirs.onnx_session.run(None, {theirs.input_name: nudenet.nudenet._read_image(shown)[0]})
        assert (nudity.seen(image) == nudenet.nudenet._read_image(shown)[0]).all()
        ours = [(names[label], score, list(box)) for label, score, box in nudity.parts(answer[0][0].T, image)]
        assert ours == [(part["class"], part["score"], part["box"]) for part in theirs.detect(shown)]
        assert ours


def test_bytes_that_are_not_the_announced_png_are_unreadable(eyes: PictureEyes) -> None:
    image = photo("ana", 0, 64)
    jpeg = io.BytesIO()
    Image.fromarray(image).save(jpeg, "JPEG")
    for data, width_px in [(png(image), 65), (jpeg.getvalue(), 64), (png(image)[:200], 64), (b"", 64)]:
        with pytest.raises(UnreadablePicture):
            eyes.open(data, width_px=width_px, height_px=64)
