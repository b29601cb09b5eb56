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
    LoraSettings,
    at_best_strength,
    draw_photos,
    load_backbone,
    lora_settings,
    train_lora,
    training_picture,
)
from semblance.faces import Embedding, FaceEngine, RgbU8, unit
from semblance.training.domain.leak import OwnPicture
from semblance.training.domain.likeness import Measured
from semblance.training.ml.crops import OwnFace, own_face
from semblance.training.ml.leaks import PROMPTS, LeakGate
from semblance.training.ml.progress import Progress
from semblance.training.ml.strangers import strangers_to
from semblance.training.ports import OnStep, Photo, Trained

_DETECTION_PX: Final = 256
"""Small pictures are enlarged to this edge before faces are looked for, as the finished ones are."""


@dataclass(frozen=True)
class TrainerSettings:
    """lora: fields of LoraSettings that replace the backbone's own. leak_pictures: of every prompt that the person
    should not be in, and of each of leak_others people who are asked for in the person's place."""

    backbone_dir: Path
    torch_threads: int
    pictures_per_prompt: int
    lora: dict[str, Any]
    leak_pictures: int = 2
    leak_others: int = 4


class LoraTrainer:
    """Loads the backbone when first asked: a process that only answers calls never holds it.

    faces: the engine whose numbers the backbone was trained on. recogniser: the engine of identity's numbers.
    """

    def __init__(
        self,
        settings: TrainerSettings,
        faces: FaceEngine,
        strangers: list[Embedding],
        recogniser: FaceEngine | None = None,
    ) -> None:
        self._settings = settings
        self._faces = faces
        self._recogniser = recogniser or faces
        self._strangers = strangers
        self._gate = LeakGate(self._embed_all, strangers, each=settings.leak_pictures, others=settings.leak_others)
        self._backbone: Backbone | None = None
        self._loading = threading.Lock()

    def train(self, photos: Sequence[Photo], held_out: int, on_step: OnStep) -> Trained:
        """Learn from all but the last `held_out` photos, judge by those. What on_step raises passes through."""
        own = self.own_faces(photos, on_step)
        learnt, seen = own[:-held_out], own[-held_out:]
        return self.judge(self.learn(learnt, on_step), learnt, seen, on_step)

    def own_faces(self, photos: Sequence[Photo], on_step: OnStep) -> list[OwnFace]:
        """The person's face of every photo, cut for the backbone."""
        config = self.backbone().config
        framing = np.asarray(config.framing, np.float32)
        own: list[OwnFace] = []
        for index, photo in enumerate(photos):
            on_step("preparing", index, len(photos))
            own.append(own_face(photo, self._faces, framing, config.resolution_px))
        return own

    def learn(self, learnt: Sequence[OwnFace], on_step: OnStep) -> Adapter:
        """A LoRA and the reference, at the strength that is most like what was learnt."""
        backbone, reference, settings = self.backbone(), self.reference_of(learnt), self.lora_settings()
        lora = train_lora(
            backbone,
            [training_picture(face.crop, backbone.config) for face in learnt],
            settings,
            reference=reference,
            progress=lambda step, steps: on_step("training", step, steps),
            cancelled=lambda: False,
        )
        adapter = Adapter(lora, reference)
        if reference is None:  # without one, less of the adapter is less of the person
            return adapter
        return at_best_strength(
            backbone,
            adapter,
            settings.strengths,
            functools.partial(self._alike, reference=reference),
            on_step=lambda step, steps: on_step("weighing", step, steps),
        )

    def reference_of(self, learnt: Sequence[OwnFace]) -> Embedding | None:
        """Mean embedding (D,), unit norm; None for a backbone that takes none."""
        if self.backbone().reference_size is None:
            return None
        return unit(np.mean([face.embedding for face in learnt], axis=0))

    def lora_settings(self) -> LoraSettings:
        """The backbone's own, with what the operator replaced."""
        return lora_settings(self.backbone().config.lora, **self._settings.lora)

    def judge(self, adapter: Adapter, learnt: Sequence[OwnFace], seen: Sequence[OwnFace], on_step: OnStep) -> Trained:
        """Draw the person where they are asked for, and look for them where they are not."""
        assert adapter.lora is not None
        backbone = self.backbone()
        person = unit(np.mean([face.embedding for face in (*learnt, *seen)], axis=0))
        prompts = PROMPTS + self._gate.prompts(adapter, person, backbone)
        progress = Progress(lambda step, steps: on_step("evaluating", step, steps), prompts)
        made = draw_photos(backbone, adapter, self._settings.pictures_per_prompt, on_step=progress.over(PROMPTS))
        found = [embedding for picture in made if (embedding := self._embed(picture)) is not None]
        others = strangers_to(self._strangers, person)
        return Trained(
            lora=adapter.lora,
            reference=b"" if adapter.reference is None else adapter.reference.tobytes(),
            backbone_digest=backbone.digest,
            measured=self._measure(found, [face.embedding for face in seen], len(made)),
            places=self._gate.places(adapter, person, backbone, progress),
            own=tuple(OwnPicture(float(face @ person), _nearest(face, others)) for face in found),
            faces=tuple(found if self._recogniser is self._faces else self._recognised(made)),
        )

    def _measure(self, found: list[Embedding], seen: list[Embedding], made: int) -> Measured:
        """Mean cosines of drawn pictures with the held-out photos and with strangers."""
        others = strangers_to(self._strangers, unit(np.mean(seen, axis=0)))
        return Measured(
            own=_mean_cosine(found, seen, made),
            strangers=_mean_cosine(found, others, made),
            pictures=made,
            detected=len(found),
        )

    def _alike(self, pictures: Sequence[RgbU8], reference: Embedding) -> float:
        """Mean cosine with the reference; a picture without a face counts as 0."""
        found = [embedding for picture in pictures if (embedding := self._embed(picture)) is not None]
        return _mean_cosine(found, [reference], len(pictures))

    def _embed(self, picture: RgbU8) -> Embedding | None:
        picture = _enlarged(picture)
        found = self._faces.detect(picture)
        return self._faces.embed(picture, found[0]) if found else None

    def _embed_all(self, picture: RgbU8) -> list[Embedding]:
        picture = _enlarged(picture)
        return [self._faces.embed(picture, face) for face in self._faces.detect(picture)]

    def _recognised(self, pictures: Sequence[RgbU8]) -> list[Embedding]:
        """The faces of the pictures, one each, as identity knows faces."""
        large = [_enlarged(picture) for picture in pictures]
        found = [(picture, self._recogniser.detect(picture)) for picture in large]
        return [self._recogniser.embed(picture, faces[0]) for picture, faces in found if faces]

    def backbone(self) -> Backbone:
        """Loaded once."""
        with self._loading:
            if self._backbone is None:
                torch.set_num_threads(self._settings.torch_threads)
                self._backbone = load_backbone(self._settings.backbone_dir)
            return self._backbone


def _enlarged(picture: RgbU8) -> RgbU8:
    if picture.shape[0] >= _DETECTION_PX:
        return picture
    size = (_DETECTION_PX, _DETECTION_PX)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _nearest(face: Embedding, others: list[Embedding]) -> float:
    return float(np.max(np.stack(others) @ face))


def _mean_cosine(drawn: list[Embedding], known: list[Embedding], pictures: int) -> float:
    """Over all pairs; a picture without a face counts as 0."""
    if not drawn or not known:
        return 0.0
    return float(np.sum(np.stack(drawn) @ np.stack(known).T) / (pictures * len(known)))
