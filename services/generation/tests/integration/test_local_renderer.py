from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.diffusion import TrainingPicture, load_backbone, train_lora
from semblance.diffusion.testing import RESOLUTION_PX, write_tiny_backbone
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.generation.domain.errors import AdapterDamaged
from semblance.generation.domain.order import Order, Words
from semblance.generation.ml.renderer import LocalRenderer, RendererSettings, upscale
from semblance.generation.ports import OpenAdapter

pytestmark = pytest.mark.integration
WORDS, ORDER = Words("smiling", ""), Order(5, 2, None, None)


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
    backbone = load_backbone(backbone_dir)
    reference = np.zeros(128, np.float32)
    reference[0] = 1
    picture = np.random.default_rng(0).integers(0, 256, (RESOLUTION_PX, RESOLUTION_PX, 3), dtype=np.uint8)
    lora = train_lora(
        backbone,
        [TrainingPicture(picture, backbone.config.caption)],
        backbone.config.lora,
        reference=reference,
        progress=lambda _done, _of: None,
        cancelled=lambda: False,
    )
    return OpenAdapter(lora, reference.tobytes(), backbone.digest)


def renderer(backbone_dir: Path, faces: Scripted, batches: int = 2) -> LocalRenderer:
    settings = RendererSettings(
        backbone_dir, torch_threads=1, best_of=2, batches=batches, good_enough=0.4, upscale_to_px=64
    )
    return LocalRenderer(settings, faces)


def pixels(png: bytes) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def test_the_picture_most_like_the_person_is_kept(backbone_dir: Path, adapter: OpenAdapter) -> None:
    faces = Scripted([1, 1], [0.2, 0.6])
    steps: list[tuple[int, int]] = []
    drawing = renderer(backbone_dir, faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick))
    assert len(faces.looked_at) == 2
    assert np.array_equal(pixels(drawing.png), faces.looked_at[1])
    assert (drawing.width_px, drawing.height_px) == (64, 64)
    assert drawing.likeness == pytest.approx(0.6)
    assert steps == [(1, 2), (2, 2)]


def test_a_face_alone_comes_before_likeness(backbone_dir: Path, adapter: OpenAdapter) -> None:
    faces = Scripted([2, 1], [0.9, 0.5])
    drawing = renderer(backbone_dir, faces).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == pytest.approx(0.5)


def test_another_batch_is_drawn_while_none_is_like_the_person(backbone_dir: Path, adapter: OpenAdapter) -> None:
    faces = Scripted([0, 0, 1, 0], [0, 0, 0.3, 0])
    steps: list[tuple[int, int]] = []
    drawing = renderer(backbone_dir, faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick))
    assert len(faces.looked_at) == 4  # two batches of two, and no third
    assert drawing.likeness == pytest.approx(0.3)
    assert not any(np.array_equal(faces.looked_at[0], later) for later in faces.looked_at[1:])
    assert steps == [(1, 2), (2, 2), (3, 4), (4, 4)]


def test_a_picture_without_a_face_is_still_handed_to_the_filter(backbone_dir: Path, adapter: OpenAdapter) -> None:
    drawing = renderer(backbone_dir, Scripted([0] * 4, [0] * 4)).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == -1


def test_the_same_request_gives_the_same_bytes(backbone_dir: Path, adapter: OpenAdapter) -> None:
    first = renderer(backbone_dir, Scripted([1, 1], [0.5, 0.6])).draw(WORDS, ORDER, adapter, lambda *_: None)
    second = renderer(backbone_dir, Scripted([1, 1], [0.5, 0.6])).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert first.png == second.png
    assert repr(first).count("PNG") == 0


def test_one_engine_draws_for_two_people_without_mixing_them(backbone_dir: Path, adapter: OpenAdapter) -> None:
    engine = renderer(backbone_dir, Scripted([1] * 12, [0.5] * 12))
    nobody = OpenAdapter(adapter.lora, np.eye(1, 128, 3, dtype=np.float32).tobytes(), adapter.backbone_digest)
    first = engine.draw(WORDS, ORDER, adapter, lambda *_: None)
    other = engine.draw(WORDS, Order(6, 2, None, None), nobody, lambda *_: None)
    again = engine.draw(WORDS, ORDER, adapter, lambda *_: None)
    assert first.png == again.png != other.png


def test_an_adapter_of_another_backbone_is_refused(backbone_dir: Path, adapter: OpenAdapter) -> None:
    other = OpenAdapter(adapter.lora, adapter.reference, "0" * 64)
    with pytest.raises(AdapterDamaged, match="another backbone"):
        renderer(backbone_dir, Scripted([], [])).draw(WORDS, ORDER, other, lambda *_: None)


def test_what_stops_the_drawing_passes_through(backbone_dir: Path, adapter: OpenAdapter) -> None:
    class Withdrawn(Exception):
        pass

    def withdraw(_step: int, _steps: int) -> None:
        raise Withdrawn

    engine = renderer(backbone_dir, Scripted([1] * 2, [0.5] * 2))
    with pytest.raises(Withdrawn):
        engine.draw(WORDS, ORDER, adapter, withdraw)
    assert engine.draw(WORDS, ORDER, adapter, lambda *_: None).png


def test_a_large_picture_is_not_enlarged() -> None:
    picture = np.zeros((80, 80, 3), np.uint8)
    assert upscale(picture, 64) is picture
    assert upscale(picture, 128).shape == (128, 128, 3)
