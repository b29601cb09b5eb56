"""A backbone of any family that is known: from photos to an adapter that generation's engine draws with."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    BackboneUnusable,
    EngineRequest,
    EngineSettings,
    FlatAdapter,
    RenderRequest,
    RequestInvalid,
    StepEngine,
    Worn,
    load_backbone,
    render,
)
from semblance.diffusion.testing_families import write_tiny_flux, write_tiny_sd3, write_tiny_sdxl
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.training.main import trainer_of
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.ports import Photo, Trained
from semblance.training.settings import TrainingSettings

pytestmark = [
    pytest.mark.integration,
    # diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
LANDMARKS = ((24.0, 28.0), (40.0, 28.0), (32.0, 36.0), (26.0, 45.0), (38.0, 45.0))
LEVELS = 1
"""Of 255, at most: float32 sums in another order, rounded to bytes."""
LORA = {"steps": 2, "learning_rate": 0.05, "warmup_steps": 0, "candidates": (0.5, 1.0)}
GUIDED = {"steps": 3, "guidance_scale": 3.0}


class OneFace:
    def detect(self, image: RgbU8) -> list[Face]:
        edge = image.shape[0]
        points = np.asarray(LANDMARKS, np.float32) * (edge / 64)
        return [Face(Box(edge / 4, edge / 4, edge / 2, edge / 2), points, 0.9)]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        return np.eye(1, 128, dtype=np.float32)[0]


def trained_on(directory: Path, ticks: list[tuple[str, int, int]]) -> Trained:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), dtype=np.uint8)
    photos = [Photo(bytes(cv2.imencode(".png", one)[1].tobytes()), LANDMARKS) for one in pixels]
    panel = [np.eye(1, 128, 5, dtype=np.float32)[0]]
    trainer = LoraTrainer(TrainerSettings(directory, 1, 2, LORA, leak_pictures=1), OneFace(), panel)
    return trainer.train(photos, 2, lambda *tick: ticks.append(tick))


def served(directory: Path, flat: bytes, picture: RenderRequest) -> list[NDArray[np.uint8]]:
    engine = StepEngine(load_backbone(directory), EngineSettings(lanes=(2,)))
    try:
        worn = Worn("somebody", FlatAdapter.from_bytes(flat, engine.layout))
        ticket = engine.submit(EngineRequest(picture, (worn,)))
        engine.start()
        return ticket.result(60)
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("write", "sampler"),
    [(write_tiny_sdxl, {**GUIDED, "guidance_rescale": 0.5}), (write_tiny_sd3, GUIDED), (write_tiny_flux, GUIDED)],
)
def test_what_is_judged_is_what_the_engine_serves(
    tmp_path: Path, write: Callable[..., Path], sampler: dict[str, float]
) -> None:
    directory = write(tmp_path / "tiny", sampler=sampler)
    ticks: list[tuple[str, int, int]] = []
    trained = trained_on(directory, ticks)
    assert list(dict.fromkeys(phase for phase, _step, _steps in ticks)) == [
        "preparing",
        "training",
        "weighing",
        "evaluating",
    ]
    judged = [(step, steps) for phase, step, steps in ticks if phase == "evaluating"]
    # Four prompts of the person, twice; four of nobody and four of other words, with and without the LoRA.
    assert (len(judged), judged[-1]) == (24 * 3, (60, 60))
    assert judged == sorted(judged)
    assert (trained.measured.pictures, len(trained.places), trained.reference) == (8, 8, b"")

    backbone, picture = load_backbone(directory), RenderRequest("a photo of sks person", 7, count=2)
    bare, judged_by = (np.stack(render(backbone, picture, Adapter(lora))).astype(int) for lora in (None, trained.lora))
    drawn = np.stack(served(directory, trained.flat, picture)).astype(int)
    assert np.abs(drawn - judged_by).max() <= LEVELS
    assert np.abs(bare - judged_by).max() > 8 * LEVELS
    backbone.require_bare()


@pytest.mark.parametrize(
    ("write", "card", "word"),
    [
        (write_tiny_flux, {"lora": {"prior_pictures": 2}}, "prior pictures"),
        (write_tiny_sd3, {"sampler": {"guidance_rescale": 0.5}}, "guidance_rescale"),
    ],
)
def test_what_a_family_cannot_learn_stops_the_start_and_not_the_judgement(
    tmp_path: Path, write: Callable[..., Path], card: dict[str, object], word: str
) -> None:
    directory = write(tmp_path / "tiny", **card)
    with pytest.raises(BackboneUnusable, match=word):
        trainer_of(TrainingSettings(backbone_dir=directory))
    with pytest.raises(BackboneUnusable, match=word):
        trained_on(directory, [])
    own = json.loads((directory / "semblance.json").read_text(encoding="utf-8"))
    (directory / "semblance.json").write_text(json.dumps({**own, "lora": {}, "sampler": {}}), encoding="utf-8")
    trainer_of(TrainingSettings(backbone_dir=directory)).close()


def test_a_trigger_that_the_judgements_prompts_have_no_room_for_is_refused_before_the_first_step(
    tmp_path: Path,
) -> None:
    directory = write_tiny_sd3(tmp_path / "tiny", t5=False)  # one window of 22 letters
    ticks: list[tuple[str, int, int]] = []
    with pytest.raises(RequestInvalid, match="trigger"):
        trained_on(directory, ticks)
    assert {phase for phase, _step, _steps in ticks} <= {"preparing", "training"}
    assert not [step for phase, step, _steps in ticks if phase == "training" and step > 0]
