"""The stub is refused where it is not allowed, is loud where it is, and is withdrawn from like any engine."""

import io
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semblance.faces import SFACE, Box, Embedding, Face, RgbU8, unit
from semblance.generation.domain.errors import AdapterRevoked
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Whose, Withdrawal
from semblance.generation.ports import OpenAdapter, Renderer
from semblance.generation.settings import GenerationSettings
from semblance.generation.testing.stub_sampler import DIGEST, StubRefused, StubSampler
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

WORDS = Words("a photo of me", "")
RED, BLUE = unit(np.array([1, 0, 0], np.float32)), unit(np.array([0, 0, 1], np.float32))
WHOSE = Whose(AdapterId("a"), SubjectId("s"), ConsentId("c"), "d")
ADAPTER = OpenAdapter(WHOSE, b"", b"", RED.tobytes(), "")


class ColourFaces:
    """A face in every picture that is not white; who somebody is, is the picture's colour."""

    model = SFACE

    def detect(self, image: RgbU8) -> list[Face]:
        return [] if image.min() == 255 else [Face(Box(0, 0, 1, 1), np.zeros((5, 2), np.float32), 1.0)]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        del face
        return unit(image.reshape(-1, 3).mean(axis=0).astype(np.float32))


FACES = ColourFaces()


@pytest.fixture
def settings(tmp_path: Path) -> GenerationSettings:
    Image.new("RGB", (48, 32), "blue").save(tmp_path / "1.png")
    Image.new("RGB", (24, 16), "red").save(tmp_path / "2.png")
    return GenerationSettings(engine="stub", stub_allowed=True, stub_dir=tmp_path)


def order(seed: int) -> Order:
    return Order(seed, None, None, None)


def test_it_is_refused_unless_it_is_allowed(settings: GenerationSettings) -> None:
    with pytest.raises(StubRefused, match="load tests only"):
        StubSampler.of(settings.model_copy(update={"stub_allowed": False}), FACES)


def test_it_is_not_allowed_by_default() -> None:
    assert GenerationSettings.model_fields["stub_allowed"].default is False
    assert GenerationSettings.model_fields["engine"].default == "local"


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"kafka_bootstrap_servers": "127.0.0.1:9092,kafka-0.kafka:9092"},
        {"s3_endpoint": "minio:9000"},
        {"safety_address": "10.0.0.7:50055"},
        {"training_address": "semblance-training:50053"},
    ],
)
def test_it_is_refused_where_anything_is_not_on_the_loopback(
    settings: GenerationSettings, elsewhere: dict[str, str]
) -> None:
    with pytest.raises(StubRefused, match="is elsewhere"):
        StubSampler.of(settings.model_copy(update=elsewhere), FACES)


@pytest.mark.parametrize("left", [{}, {"1.jpg": b"x"}, {"1.png": b"no picture"}])
def test_without_a_picture_it_does_not_start(
    settings: GenerationSettings, tmp_path: Path, left: dict[str, bytes]
) -> None:
    for path in tmp_path.glob("*.png"):
        path.unlink()
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(StubRefused):
        StubSampler.of(settings, FACES)


def test_a_picture_without_a_face_is_no_portrait(settings: GenerationSettings, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "white").save(tmp_path / "3.png")
    with pytest.raises(StubRefused, match="shows 0 faces"):
        StubSampler.of(settings, FACES)


def test_everybody_gets_their_own_portrait(settings: GenerationSettings) -> None:
    stub = StubSampler.of(settings, FACES)
    hers = stub.draw(WORDS, order(7), ADAPTER, lambda _step, _of: None)
    his = stub.draw(WORDS, order(7), replace(ADAPTER, reference=BLUE.tobytes()), lambda _step, _of: None)
    assert (hers.width_px, his.width_px) == (24, 48)
    with pytest.raises(StubRefused, match="no reference"):
        stub.draw(WORDS, order(7), replace(ADAPTER, reference=b""), lambda _step, _of: None)


def test_the_file_holds_pixels_and_nothing_else(settings: GenerationSettings) -> None:
    """Safety refuses any other part, whatever it says."""
    png = StubSampler.of(settings, FACES).draw(WORDS, order(7), ADAPTER, lambda _step, _of: None).png
    at, names = 8, []
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        names.append(png[at + 4 : at + 8])
        at += size + 12
    assert names == [b"IHDR", b"IDAT", b"IEND"]


def test_it_says_what_it_is_at_its_start_and_with_every_picture(
    settings: GenerationSettings, caplog: pytest.LogCaptureFixture
) -> None:
    stub = StubSampler.of(settings, FACES)
    drawing = stub.draw(WORDS, order(1), ADAPTER, lambda _step, _of: None)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL, logging.WARNING]
    assert drawing.backbone_digest == DIGEST


def test_a_picture_is_whole_its_size_is_its_own_and_a_seed_has_bytes_of_its_own(settings: GenerationSettings) -> None:
    stub: Renderer = StubSampler.of(settings, FACES)
    steps: list[tuple[int, int]] = []
    first = stub.draw(WORDS, order(1), ADAPTER, lambda step, of: steps.append((step, of)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert first == stub.draw(WORDS, order(1), ADAPTER, lambda _step, _of: None)
    assert first.png != stub.draw(WORDS, order(2), ADAPTER, lambda _step, _of: None).png
    with Image.open(io.BytesIO(first.png)) as picture:
        picture.load()
        assert picture.size == (first.width_px, first.height_px) == (24, 16)


def test_a_withdrawal_stops_it_in_the_middle_and_for_good(settings: GenerationSettings) -> None:
    stub = StubSampler.of(settings, FACES)

    def withdraw(step: int, _of: int) -> None:
        if step == 2:
            stub.revoke(Withdrawal(consent_id=ConsentId("c")))

    with pytest.raises(AdapterRevoked):
        stub.draw(WORDS, order(1), ADAPTER, withdraw)
    with pytest.raises(AdapterRevoked):
        stub.draw(WORDS, order(2), ADAPTER, lambda _step, _of: None)
