"""The engine: learns a LoRA, draws with it, and measures whether it is like photos that it has not seen."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch

from semblance.diffusion import (
    Adapter,
    Backbone,
    BackboneOptions,
    LoraSettings,
    alike_at_full,
    at_best_strength,
    draw_photos,
    load_backbone,
    lora_settings,
    training_picture,
)
from semblance.diffusion.cohort.learnable import require_learnable
from semblance.diffusion.cohort.learner import Learner, NoCheckpoint
from semblance.faces import SFACE, Embedding, FaceEngine, RgbU8, unit
from semblance.training.domain.errors import TrainerAway
from semblance.training.domain.leak import LeakRules, OwnPicture, measured
from semblance.training.domain.likeness import Measured
from semblance.training.ml.choosing import choose
from semblance.training.ml.cohorts import Cohorts
from semblance.training.ml.crops import OwnFace, own_face
from semblance.training.ml.flat import flat_of
from semblance.training.ml.leaks import PROMPTS, LeakGate
from semblance.training.ml.progress import Progress, Tell
from semblance.training.ml.strangers import strangers_to
from semblance.training.ports import Checkpoint, OnStep, Photo, Trained

_DETECTION_PX: Final = 256
"""Small pictures are enlarged to this edge before faces are looked for, as the finished ones are."""


@dataclass(frozen=True)
class TrainerSettings:
    """lora: fields of LoraSettings that replace the backbone's own. leak_pictures: of every prompt that the person
    should not be in, and of each of leak_others people who are asked for in the person's place. leak_rules: what a
    candidate must keep to be chosen; None leaves it to the judgement. cohort: trainings learnt together at most.
    checkpoint_steps: how often a training's state is kept; 0: never."""

    backbone_dir: Path
    torch_threads: int
    pictures_per_prompt: int
    lora: dict[str, Any]
    leak_pictures: int = 2
    leak_others: int = 4
    leak_rules: LeakRules | None = None
    cohort: int = 1
    checkpoint_steps: int = 0
    allow_licences: tuple[str, ...] = ()
    device: str = "cpu"


def require_trainable(settings: TrainerSettings) -> None:
    """Raise BackboneUnusable, or LicenceRefused, where every training would end so: nobody is to wait for that."""
    require_learnable(
        settings.backbone_dir,
        settings.lora,
        allow_licences=settings.allow_licences,
        reference_size=SFACE.dimensions,
    )


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
        self._loads = True
        self._loading = threading.Lock()
        self._cohorts = Cohorts(self.backbone, settings.cohort)

    def train(
        self, photos: Sequence[Photo], held_out: int, on_step: OnStep, checkpoint: Checkpoint | None = None
    ) -> Trained:
        """See ports.Trainer."""
        own = self.own_faces(photos, on_step)
        learnt, seen = own[:-held_out], own[-held_out:]
        with self._learning(learnt, on_step, checkpoint) as adapter:
            return self.judge(adapter, learnt, seen, on_step)

    def healthy(self) -> None:
        """Raises TrainerAway while the backbone did not load when it was last tried: every training would end so."""
        if not self._loads:
            raise TrainerAway("the backbone did not load when it was last tried")

    def close(self) -> None:
        """Nothing: whatever trains is stopped by its own on_step."""

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
        """A LoRA and the reference: the candidate, and its strength, that are most like what was learnt."""
        with self._learning(learnt, on_step, None) as adapter:
            return adapter

    @contextlib.contextmanager
    def _learning(self, learnt: Sequence[OwnFace], on_step: OnStep, checkpoint: Checkpoint | None) -> Iterator[Adapter]:
        """What `learn` gives; no other training takes the backbone until its judgement is done."""
        backbone, reference, settings = self.backbone(), self.reference_of(learnt), self.lora_settings()
        learner = Learner(
            pictures=[training_picture(face.crop, backbone.config) for face in learnt],
            settings=settings,
            reference=reference,
            progress=lambda step, steps: on_step("training", step, steps),
            cancelled=lambda: False,
            checkpoint=checkpoint or NoCheckpoint(),
            checkpoint_steps=self._settings.checkpoint_steps if checkpoint else 0,
        )
        try:
            with self._cohorts.learning(learner, waits=lambda: on_step("training", 0, settings.steps)) as loras:
                yield self._chosen([Adapter(lora, reference) for lora in loras], learnt, on_step)
        finally:
            self._gate.forget()

    def _chosen(self, adapters: Sequence[Adapter], learnt: Sequence[OwnFace], on_step: OnStep) -> Adapter:
        """By the photos that were learnt from: those that were held out stay unseen for the judgement."""
        backbone = self.backbone()
        person = unit(np.mean([face.embedding for face in learnt], axis=0))
        alike = functools.partial(self._alike, person=person)
        adapter, full = choose(
            adapters,
            alike=lambda one: alike_at_full(backbone, one, alike, on_step=_weighing(on_step)),
            passes=lambda one: self._keeps_to_itself(one, person, on_step),
        )
        if adapter.reference is None:  # without one, less of the adapter is less of the person
            return adapter
        strengths = self.lora_settings().strengths
        return at_best_strength(backbone, adapter, strengths, alike, full=full, on_step=_weighing(on_step))

    def _keeps_to_itself(self, adapter: Adapter, person: Embedding, on_step: OnStep) -> bool:
        """Whether it shows the person nowhere else, by the pictures that judge it later; those are kept till then."""
        rules = self._settings.leak_rules
        if rules is None:
            return True
        backbone = self.backbone()
        progress = Progress(_weighing(on_step), self._gate.prompts(adapter, person, backbone))
        return rules.passed(measured(self._gate.places(adapter, person, backbone, progress), (), (), rules))

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
        found = [embedding for picture in made if (embedding := self.face_of(picture)) is not None]
        others = strangers_to(self._strangers, person)
        return Trained(
            lora=adapter.lora,
            reference=b"" if adapter.reference is None else adapter.reference.tobytes(),
            backbone_digest=backbone.digest,
            flat=flat_of(backbone, adapter.lora),
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

    def _alike(self, pictures: Sequence[RgbU8], person: Embedding) -> float:
        """Mean cosine with the learnt photos' mean; a picture without a face counts as 0."""
        found = [embedding for picture in pictures if (embedding := self.face_of(picture)) is not None]
        return _mean_cosine(found, [person], len(pictures))

    def face_of(self, picture: RgbU8) -> Embedding | None:
        """Of the first face that is found, unit norm; None where there is none."""
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
        """Loaded once; whichever thread asks computes with the threads that the settings say."""
        torch.set_num_threads(self._settings.torch_threads)
        with self._loading:
            if self._backbone is None:
                self._backbone = self._loaded()
            return self._backbone

    def _loaded(self) -> Backbone:
        try:
            require_trainable(self._settings)
            options = BackboneOptions(allow_licences=self._settings.allow_licences, device=self._settings.device)
            backbone = load_backbone(self._settings.backbone_dir, options)
        except Exception:
            self._loads = False
            raise
        self._loads = True
        return backbone


def _weighing(on_step: OnStep) -> Tell:
    return lambda step, steps: on_step("weighing", step, steps)


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
