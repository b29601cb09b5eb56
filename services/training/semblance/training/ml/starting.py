"""The trainer as settings name it, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semblance.faces import SFACE, FaceEngine, OpenCvFaceEngine, model_named
from semblance.faces.choice import load_engine
from semblance.training.ml.strangers import panel
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings


@dataclass(frozen=True)
class TrainerOptions:
    """What one trainer is made of; it holds no key and no credentials. face_model: identity's."""

    trainer: TrainerSettings
    models_dir: Path
    face_model: str


def started(options: TrainerOptions) -> LoraTrainer:
    """Face models are loaded, the backbone when it is first asked. Raises FaceModelMissing."""
    faces = OpenCvFaceEngine(options.models_dir)
    return LoraTrainer(options.trainer, faces, panel(), recogniser_of(options, faces))


def recogniser_of(options: TrainerOptions, faces: FaceEngine) -> FaceEngine:
    """The engine whose numbers identity compares: the backbone's own where that is SFace. Raises FaceModelMissing."""
    model = model_named(options.face_model)
    return faces if model == SFACE else load_engine(model, options.models_dir)
