from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.diffusion.testing import write_tiny_backbone
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.generation.domain.order import Order, Words
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ml.judging import upscale
from semblance.generation.ports import OpenAdapter
from semblance.generation.testing.engines import small, trained

pytestmark = pytest.mark.integration
WORDS, ORDER = Words("smiling", ""), Order(5, 2, None, None)


Make = Callable[..., EngineRenderer]


class Scripted:
    """Gives the n-th picture that it looks at the n-th number of faces and the n-th likeness."""

    def __init__(self, faces: list[int], likeness: list[float]) -> None:
        self._faces = faces
        self._likeness = likeness
        self.looked_at: list[RgbU8] = []

    def detect(self, image: RgbU8) -> list[Face]:
        self.looked_at.append(image)
        points = np.zeros((5, 2), np.float32)
        return [Face(Box(0, 0, 1, 1), points, 0.9)] * self._faces[len(self.looked_at) - 1]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        vector = np.zeros(128, np.float32)
        vector[0] = self._likeness[len(self.looked_at) - 1]
        return vector


@pytest.fixture(scope="module")
def backbone_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_backbone(tmp_path_factory.mktemp("backbone") / "tiny", ip_adapter=True)


@pytest.fixture(scope="module")
def adapter(backbone_dir: Path) -> OpenAdapter:
    return trained(backbone_dir)


@pytest.fixture
def renderer(backbone_dir: Path) -> Iterator[Make]:
    made: list[EngineRenderer] = []

    def make(faces: Scripted, batches: int = 2) -> EngineRenderer:
        made.append(EngineRenderer(small(backbone_dir, batches=batches), faces))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pixels(png: bytes) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def test_the_picture_most_like_the_person_is_kept(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([1, 1], [0.2, 0.6])
    steps: list[tuple[int, int]] = []
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick) if tick[0] else None)
    assert len(faces.looked_at) == 2
    assert np.array_equal(pixels(drawing.png), faces.looked_at[1])
    assert (drawing.width_px, drawing.height_px) == (64, 64)
    assert drawing.likeness == pytest.approx(0.6)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_face_alone_comes_before_likeness(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([2, 1], [0.9, 0.5])
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == pytest.approx(0.5)


def test_another_batch_is_drawn_while_none_is_like_the_person(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([0, 0, 1, 0], [0, 0, 0.3, 0])
    steps: list[tuple[int, int]] = []
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick) if tick[0] else None)
    assert len(faces.looked_at) == 4  # two batches of two, and no third
    assert drawing.likeness == pytest.approx(0.3)
    assert not any(np.array_equal(faces.looked_at[0], later) for later in faces.looked_at[1:])
    assert steps == [(done, 4 if done <= 4 else 8) for done in range(1, 9)]


def test_a_picture_without_a_face_is_still_handed_to_the_filter(renderer: Make, adapter: OpenAdapter) -> None:
    drawing = renderer(Scripted([0] * 4, [0] * 4)).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == -1


def test_a_large_picture_is_not_enlarged() -> None:
    picture = np.zeros((80, 80, 3), np.uint8)
    assert upscale(picture, 64) is picture
    assert upscale(picture, 128).shape == (128, 128, 3)
