"""The engine in this process: draws several pictures, keeps the one most like the person, enlarges and encodes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch

from semblance.diffusion import Adapter, Backbone, RenderRequest, derived_seed, load_backbone, render
from semblance.faces import Embedding, FaceEngine, RgbU8, similarity
from semblance.generation.domain.errors import AdapterDamaged
from semblance.generation.domain.order import Order, Words, about
from semblance.generation.ports import Drawing, OnStep, OpenAdapter


@dataclass(frozen=True)
class RendererSettings:
    """best_of: pictures in a batch. good_enough: the cosine at which no further batch is drawn."""

    backbone_dir: Path
    torch_threads: int
    best_of: int
    batches: int
    good_enough: float
    upscale_to_px: int


@dataclass(frozen=True)
class _Candidate:
    """picture (S, S, 3) RGB, enlarged. rank: a face alone before anything else, then its likeness."""

    picture: RgbU8 = field(repr=False)
    alone: bool
    likeness: float

    @property
    def rank(self) -> tuple[bool, float]:
        return self.alone, self.likeness


class LocalRenderer:
    """semblance.diffusion in this process, one drawing at a time; the backbone is loaded by the first."""

    def __init__(self, settings: RendererSettings, faces: FaceEngine) -> None:
        self._settings = settings
        self._faces = faces
        self._backbone: Backbone | None = None
        self._loading = threading.Lock()

    def draw(self, words: Words, order: Order, adapter: OpenAdapter, on_step: OnStep) -> Drawing:
        """The best picture. A batch without a face that is alone and like the person is followed by another one,
        from a derived seed, up to the settings' number. Raises AdapterDamaged and what on_step raises.
        """
        backbone = self._load()
        if adapter.backbone_digest != backbone.digest:
            raise AdapterDamaged("the adapter was trained on another backbone", remedy="Train it again.")
        reference = np.frombuffer(adapter.reference, np.float32) if adapter.reference else None
        held = Adapter(adapter.lora, reference)
        best: _Candidate | None = None
        for batch in range(self._settings.batches):
            request = self._request(words, order, batch, backbone.config.trigger)
            found = self._batch(request, held, batch, on_step)
            best = found if best is None else max(best, found, key=lambda candidate: candidate.rank)
            if best.alone and (reference is None or best.likeness >= self._settings.good_enough):
                break
        assert best is not None, "the settings ask for at least one batch"
        height, width = best.picture.shape[:2]
        likeness = best.likeness if reference is not None else None
        return Drawing(_png(best.picture), width, height, backbone.digest, likeness)

    def _request(self, words: Words, order: Order, batch: int, trigger: str) -> RenderRequest:
        return RenderRequest(
            prompt=about(words.prompt, trigger),
            negative_prompt=words.negative_prompt,
            seed=derived_seed(order.seed, batch * self._settings.best_of),
            steps=order.steps,
            guidance_scale=order.guidance_scale,
            likeness_scale=order.likeness_scale,
            count=self._settings.best_of,
        )

    def _batch(self, request: RenderRequest, adapter: Adapter, batch: int, on_step: OnStep) -> _Candidate:
        def between_steps(step: int, steps: int) -> None:
            on_step(batch * steps + step, (batch + 1) * steps)

        drawn = render(self._load(), request, adapter, on_step=between_steps)
        judged = (self._judge(picture, adapter.reference) for picture in drawn)
        return max(judged, key=lambda candidate: candidate.rank)

    def _judge(self, picture: RgbU8, reference: Embedding | None) -> _Candidate:
        enlarged = upscale(picture, self._settings.upscale_to_px)
        faces = self._faces.detect(enlarged)
        if not faces:
            return _Candidate(enlarged, False, -1.0)
        if reference is None:
            return _Candidate(enlarged, len(faces) == 1, faces[0].score_0_1)
        return _Candidate(enlarged, len(faces) == 1, similarity(self._faces.embed(enlarged, faces[0]), reference))

    def _load(self) -> Backbone:
        with self._loading:
            if self._backbone is None:
                torch.set_num_threads(self._settings.torch_threads)
                self._backbone = load_backbone(self._settings.backbone_dir)
            return self._backbone


def upscale(picture: RgbU8, edge_px: int) -> RgbU8:
    """Lanczos up to `edge_px`; a picture that is already as large is left as it is."""
    if picture.shape[0] >= edge_px:
        return picture
    return np.asarray(cv2.resize(picture, (edge_px, edge_px), interpolation=cv2.INTER_LANCZOS4), np.uint8)


def _png(picture: RgbU8) -> bytes:
    encoded, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not encoded:
        raise ValueError("the picture does not encode as PNG")
    return bytes(data.tobytes())
