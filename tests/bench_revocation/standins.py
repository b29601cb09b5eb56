"""What the benchmark does not run, and what stands there: the engine, the models that look at pictures, training."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from people import BACKBONE, Person
from PIL import Image

from semblance.generation.ports import AdapterFacts, Drawing, EngineLoad, PromptVerdict
from semblance.kernel.errors import NotFound
from semblance.safety.domain.verdict import NudePart
from semblance.safety.ml.decoding import PictureLimits, decode
from semblance.safety.ports import BoxPx, Embedding, FaceScores, FoundFace, Pixels

STEPS, STEP_S, SIDE_PX = 8, 0.015, 64


def png(seed: int) -> bytes:
    """A picture of its own, (SIDE_PX, SIDE_PX, 3) noise as PNG: some 12 KB."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    output = io.BytesIO()
    Image.fromarray(pixels).save(output, "PNG")
    return output.getvalue()


class SlowRenderer:
    """Draws nothing, and takes eight steps of 15 ms over it; every step asks whether it may go on."""

    def draw(
        self, _words: Any, order: Any, adapter: Any, on_step: Any, begin: Any = None, *, beside: Sequence[Any] = ()
    ) -> Drawing:
        assert begin is None
        assert not beside
        for step in range(1, STEPS + 1):
            time.sleep(STEP_S)
            on_step(step, STEPS)
        return Drawing(png(order.seed), SIDE_PX, SIDE_PX, adapter.backbone_digest, 0.9)

    def revoke(self, _withdrawal: Any, *, confirmed: bool = False) -> None:
        """It holds nothing; whether a drawing goes on is asked at every step."""

    def healthy(self) -> None:
        """Always."""

    def load(self) -> EngineLoad:
        """Nobody watches."""
        return EngineLoad()

    def close(self) -> None:
        """Nothing to end."""


class AnyPrompt:
    """The prompt filter says yes."""

    def check(self, *_: Any, **__: Any) -> PromptVerdict:
        return PromptVerdict(allowed=True, message="")


@dataclass
class ReadyAdapters:
    """Training says ready of every adapter, for ever: it must not be what stops a picture here."""

    by_id: dict[str, Person]

    def get(self, _subject_id: str, adapter_id: str) -> AdapterFacts:
        person = self.by_id.get(adapter_id)
        if person is None:
            raise NotFound("no such adapter")
        return AdapterFacts(
            id=person.adapter_id,  # type: ignore[arg-type]
            subject_id=person.subject_id,  # type: ignore[arg-type]
            consent_id=person.consent_id,  # type: ignore[arg-type]
            state="ready",
            lora_key=person.lora_key,
            lora_sha256=person.lora_sha256,
            reference_key="",
            backbone_digest=BACKBONE,
        )


class NoSources:
    """Has no published picture: nobody edits one here."""

    def get(self, _subject_id: str, _image_id: str) -> bytes:
        raise AssertionError("nobody edits a picture here")


class OneFace:
    """Opens the file as safety does, then sees one face and nothing bare."""

    def open(self, png: bytes, *, width_px: int, height_px: int) -> Pixels:
        return decode(png, width_px=width_px, height_px=height_px, limits=PictureLimits())

    def faces(self, _image: Pixels, go_on: Callable[[], None]) -> list[FoundFace]:
        go_on()
        return [FoundFace((10.0, 10.0, 40.0, 40.0), 0.9, np.zeros(128, np.float32))]

    def nude_parts(self, _image: Pixels) -> list[NudePart]:
        return []

    def blur(self, image: Pixels, _boxes: Sequence[BoxPx]) -> tuple[Pixels, bytes]:
        raise AssertionError("a face that is the person's own is not blurred")


class OwnFace:
    """Every face is the person's own."""

    def match(
        self, _subject_id: str, faces: Sequence[Embedding], *, consent_id: str, consent_revision: int, **_also: Any
    ) -> tuple[list[FaceScores], bool]:
        assert consent_id
        assert consent_revision
        return [FaceScores(0.95, 0.05) for _ in faces], True


class NoWords:
    """Reads no prompts: this station is sent pictures only."""

    def intents(self, _read: Any) -> frozenset[str]:
        raise AssertionError("nobody sends a prompt here")

    def broken(self, _read: Any, _clauses: Any) -> frozenset[int]:
        raise AssertionError("nobody sends a prompt here")
