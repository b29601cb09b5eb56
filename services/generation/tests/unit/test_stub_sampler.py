"""The stub is refused where it is not allowed, is loud where it is, and is withdrawn from like any engine."""

import io
import logging
from pathlib import Path

import pytest
from PIL import Image

from semblance.generation.domain.errors import AdapterRevoked
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Whose, Withdrawal
from semblance.generation.ports import OpenAdapter, Renderer
from semblance.generation.settings import GenerationSettings
from semblance.generation.testing.stub_sampler import DIGEST, StubRefused, StubSampler
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

WORDS = Words("a photo of me", "")
ADAPTER = OpenAdapter(Whose(AdapterId("a"), SubjectId("s"), ConsentId("c"), "d"), b"", b"", b"", "")


@pytest.fixture
def settings(tmp_path: Path) -> GenerationSettings:
    Image.new("RGB", (48, 32), "teal").save(tmp_path / "1.png")
    given = {"engine": "stub", "stub_allowed": True, "stub_dir": tmp_path}
    return GenerationSettings.model_construct(**given)


def order(seed: int) -> Order:
    return Order(seed, None, None, None)


def test_it_is_refused_unless_it_is_allowed(settings: GenerationSettings) -> None:
    with pytest.raises(StubRefused, match="load tests only"):
        StubSampler.of(settings.model_copy(update={"stub_allowed": False}))


def test_it_is_not_allowed_by_default() -> None:
    assert GenerationSettings.model_fields["stub_allowed"].default is False
    assert GenerationSettings.model_fields["engine"].default == "local"


@pytest.mark.parametrize("name", ["none.png", "1.jpg"])
def test_without_a_picture_it_does_not_start(settings: GenerationSettings, tmp_path: Path, name: str) -> None:
    (tmp_path / "1.png").rename(tmp_path / "other")
    (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(StubRefused):
        StubSampler.of(settings)


def test_it_says_what_it_is_at_its_start_and_with_every_picture(
    settings: GenerationSettings, caplog: pytest.LogCaptureFixture
) -> None:
    stub = StubSampler.of(settings)
    drawing = stub.draw(WORDS, order(1), ADAPTER, lambda _step, _of: None)
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL, logging.WARNING]
    assert drawing.backbone_digest == DIGEST


def test_a_picture_is_whole_its_size_is_its_own_and_a_seed_has_bytes_of_its_own(settings: GenerationSettings) -> None:
    stub: Renderer = StubSampler.of(settings)
    steps: list[tuple[int, int]] = []
    first = stub.draw(WORDS, order(1), ADAPTER, lambda step, of: steps.append((step, of)))
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert first == stub.draw(WORDS, order(1), ADAPTER, lambda _step, _of: None)
    assert first.png != stub.draw(WORDS, order(2), ADAPTER, lambda _step, _of: None).png
    with Image.open(io.BytesIO(first.png)) as picture:
        picture.load()
        assert picture.size == (first.width_px, first.height_px) == (48, 32)


def test_a_withdrawal_stops_it_in_the_middle_and_for_good(settings: GenerationSettings) -> None:
    stub = StubSampler.of(settings)

    def withdraw(step: int, _of: int) -> None:
        if step == 2:
            stub.revoke(Withdrawal(consent_id=ConsentId("c")))

    with pytest.raises(AdapterRevoked):
        stub.draw(WORDS, order(1), ADAPTER, withdraw)
    with pytest.raises(AdapterRevoked):
        stub.draw(WORDS, order(2), ADAPTER, lambda _step, _of: None)
