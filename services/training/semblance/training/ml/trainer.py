"""The engine: learns a LoRA, draws with it, and measures whether it is like photos that it has not seen."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch

from semblance.diffusion import (
    Adapter,
    Backbone,
    at_best_strength,
    draw_photos,
    load_backbone,
    lora_settings,
    train_lora,
    training_picture,
)
from semblance.faces import Embedding, FaceEngine, RgbU8, unit
from semblance.training.domain.likeness import Measured
from semblance.training.ml.crops import OwnFace, own_face
from semblance.training.ml.strangers import strangers_to
from semblance.training.ports import OnStep, Photo, Trained

_DETECTION_PX: Final = 256
"""Small pictures are enlarged to this edge before faces are looked for, as the finished ones are."""


@dataclass(frozen=True)
class TrainerSettings:
    """lora: fields of LoraSettings that replace the backbone's own."""

    backbone_dir: Path
    torch_threads: int
    pictures_per_prompt: int
    lora: dict[str, Any]


class LoraTrainer:
    """Loads the backbone when first asked: a process that only answers calls never holds it."""

    def __init__(self, settings: TrainerSettings, faces: FaceEngine, strangers: list[Embedding]) -> None:
        self._settings = settings
        self._faces = faces
        self._strangers = strangers
        self._backbone: Backbone | None = None
        self._loading = threading.Lock()

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep) -> Trained:
        """Learn from all but the last `held_out` photos, judge by those. What on_step raises passes through."""
        backbone = self._load()
        config = backbone.config
        framing = np.asarray(config.framing, np.float32)
        own: list[OwnFace] = []
        for index, photo in enumerate(photos):
            on_step("preparing", index, len(photos))
            own.append(own_face(photo, self._faces, framing, config.resolution_px))
        learnt, seen = own[:-held_out], own[-held_out:]
        reference = (
            None if backbone.reference_size is None else unit(np.mean([face.embedding for face in learnt], axis=0))
        )
        settings = lora_settings(config.lora, **self._settings.lora)
        lora = train_lora(
            backbone,
            [training_picture(face.crop, config) for face in learnt],
            settings,
            reference=reference,
            progress=lambda step, steps: on_step("training", step, steps),
            cancelled=lambda: False,
        )
        adapter = Adapter(lora, reference)
        if reference is not None:  # without one, less of the adapter is less of the person
            adapter = at_best_strength(
                backbone,
                adapter,
                settings.strengths,
                functools.partial(self._alike, reference=reference),
                on_step=lambda step, steps: on_step("weighing", step, steps),
            )
        assert adapter.lora is not None
        measured = self._measure(adapter, [face.embedding for face in seen], on_step)
        return Trained(adapter.lora, b"" if reference is None else reference.tobytes(), backbone.digest, measured)

    def _measure(self, adapter: Adapter, seen: list[Embedding], on_step: OnStep) -> Measured:
        """Mean cosines of drawn pictures with the held-out photos and with strangers."""
        made = draw_photos(
            self._load(),
            adapter,
            self._settings.pictures_per_prompt,
            on_step=lambda step, steps: on_step("evaluating", step, steps),
        )
        found = [embedding for picture in made if (embedding := self._embed(picture)) is not None]
        others = strangers_to(self._strangers, unit(np.mean(seen, axis=0)))
        return Measured(
            own=_mean_cosine(found, seen, len(made)),
            strangers=_mean_cosine(found, others, len(made)),
            pictures=len(made),
            detected=len(found),
        )

    def _alike(self, pictures: Sequence[RgbU8], reference: Embedding) -> float:
        """Mean cosine with the reference; a picture without a face counts as 0."""
        found = [embedding for picture in pictures if (embedding := self._embed(picture)) is not None]
        return _mean_cosine(found, [reference], len(pictures))

    def _embed(self, picture: RgbU8) -> Embedding | None:
        if picture.shape[0] < _DETECTION_PX:
            picture = np.asarray(
                cv2.resize(picture, (_DETECTION_PX, _DETECTION_PX), interpolation=cv2.INTER_LANCZOS4), np.uint8
            )
        found = self._faces.detect(picture)
        return self._faces.embed(picture, found[0]) if found else None

    def _load(self) -> Backbone:
        with self._loading:
            if self._backbone is None:
                torch.set_num_threads(self._settings.torch_threads)
                self._backbone = load_backbone(self._settings.backbone_dir)
            return self._backbone


def _mean_cosine(drawn: list[Embedding], known: list[Embedding], pictures: int) -> float:
    """Over all pairs; a picture without a face counts as 0."""
    if not drawn or not known:
        return 0.0
    return float(np.sum(np.stack(drawn) @ np.stack(known).T) / (pictures * len(known)))
