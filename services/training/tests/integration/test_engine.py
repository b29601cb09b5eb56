from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.diffusion import load_backbone
from semblance.diffusion.testing import write_tiny_backbone
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.ports import Photo

pytestmark = pytest.mark.integration
LANDMARKS = ((24.0, 28.0), (40.0, 28.0), (32.0, 36.0), (26.0, 45.0), (38.0, 45.0))


class OneFace:
    """A face in the middle of every picture, and one person wherever it looks."""

    def __init__(self) -> None:
        self.looked_at_px: list[int] = []

    def detect(self, image: RgbU8) -> list[Face]:
        edge = image.shape[0]
        self.looked_at_px.append(edge)
        points = np.asarray(LANDMARKS, np.float32) * (edge / 64)
        return [Face(Box(edge / 4, edge / 4, edge / 2, edge / 2), points, 0.9)]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        vector = np.zeros(128, np.float32)
        vector[0] = 1
        return vector


def photos(count: int) -> list[Photo]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
    return [Photo(bytes(cv2.imencode(".png", picture)[1].tobytes()), LANDMARKS) for picture in pictures]


@pytest.mark.parametrize("ip_adapter", [False, True])
def test_the_engine_learns_and_measures(tmp_path: Path, ip_adapter: bool) -> None:
    directory = write_tiny_backbone(tmp_path / "tiny", ip_adapter=ip_adapter)
    faces = OneFace()
    settings = TrainerSettings(directory, torch_threads=1, pictures_per_prompt=1, lora={"steps": 2})
    phases: list[tuple[str, int, int]] = []
    trainer = LoraTrainer(settings, faces, panel())
    trained = trainer.train(photos(5), 2, lambda *tick: phases.append(tick))
    assert [p for i, p in enumerate(x[0] for x in phases) if i == 0 or phases[i - 1][0] != p] == [
        "preparing",
        "training",
        "evaluating",
    ]
    assert ("training", 2, 2) in phases
    # Four prompts of the person; four of nobody and four of somebody else, also without the LoRA; three steps each.
    assert [(step, steps) for phase, step, steps in phases if phase == "evaluating"] == [(k, 60) for k in range(1, 61)]
    assert len(trained.lora) > 1000
    assert len(trained.reference) == (128 * 4 if ip_adapter else 0)
    assert trained.measured.own == pytest.approx(1.0)
    assert trained.measured.strangers < 0.5
    assert (trained.measured.pictures, trained.measured.detected) == (4, 4)
    assert 256 in faces.looked_at_px  # small pictures are enlarged before a face is looked for
    assert trained.backbone_digest == load_backbone(directory).digest
    assert len(trained.places) == 16
    assert all(place.with_lora == pytest.approx(1.0) for place in trained.places)
    assert [place.asked is not None for place in trained.places] == [False] * 8 + [ip_adapter] * 8
    assert len(trained.own) == len(trained.faces) == 4
    assert repr(trained).count("b'") == 0
    assert repr(trained).count("array") == 0


def test_the_bare_backbone_is_drawn_once_a_process_and_never_for_an_adapter_of_zeros(tmp_path: Path) -> None:
    directory = write_tiny_backbone(tmp_path / "tiny", ip_adapter=True)
    trainer = LoraTrainer(TrainerSettings(directory, 1, 1, {"steps": 2}), OneFace(), panel())
    first, again = [], []
    trainer.train(photos(5), 2, lambda *tick: first.append(tick))
    repeated = trainer.train(photos(5), 2, lambda *tick: again.append(tick))
    assert (first[-1], again[-1]) == (("evaluating", 60, 60), ("evaluating", 36, 36))
    assert len(repeated.places) == 16
    idle = TrainerSettings(directory, 1, 1, {"steps": 2, "strengths": (0.0,)})
    weakened = []
    trained = LoraTrainer(idle, OneFace(), panel()).train(photos(5), 2, lambda *tick: weakened.append(tick))
    assert weakened[-1] == ("evaluating", 36, 36)  # its own pictures and the bare ones
    assert all(place.with_lora == place.bare for place in trained.places)


def test_strengths_are_weighed_by_the_learnt_photos_before_the_held_out_ones_judge(tmp_path: Path) -> None:
    directory = write_tiny_backbone(tmp_path / "tiny", ip_adapter=True)
    settings = TrainerSettings(directory, 1, 1, {"steps": 2, "strengths": (1.0, 0.0)})
    phases: list[tuple[str, int, int]] = []
    trained = LoraTrainer(settings, OneFace(), panel()).train(photos(5), 2, lambda *tick: phases.append(tick))
    weighing = [(step, steps) for phase, step, steps in phases if phase == "weighing"]
    assert weighing == [(k, 24) for k in range(1, 25)]
    assert phases.index(("weighing", 24, 24)) < phases.index(("evaluating", 1, 60))
    assert trained.lora


def test_what_stops_the_training_passes_through(tmp_path: Path) -> None:
    class Withdrawn(Exception):
        pass

    def withdraw(phase: str, _step: int, _steps: int) -> None:
        if phase == "training":
            raise Withdrawn

    settings = TrainerSettings(write_tiny_backbone(tmp_path / "tiny", ip_adapter=True), 1, 1, {"steps": 2})
    trainer = LoraTrainer(settings, OneFace(), panel())
    with pytest.raises(Withdrawn):
        trainer.train(photos(5), 2, withdraw)
    assert trainer.train(photos(5), 2, lambda *_: None).lora
