"""Looks for an adapter's person where they should not be: draws those places, and compares."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from semblance.diffusion import (
    Adapter,
    Backbone,
    changes_nothing,
    draw_nobody,
    draw_other_words,
    draw_others,
)
from semblance.faces import Embedding, RgbU8
from semblance.training.domain.leak import Place
from semblance.training.ml.progress import Progress

PROMPTS: Final = 4
_FAR: Final = 0.55
"""Cosine; whoever of the panel is more like the person is not asked for in their place."""
_NOBODY: Final = -1
_WORDS: Final = -2
Looks = list[list[Embedding]]


class LeakGate:
    """One a process: it keeps the faces that the bare backbone draws, which no person's photo had a part in."""

    def __init__(
        self, look: Callable[[RgbU8], list[Embedding]], panel: Sequence[Embedding], *, each: int, others: int
    ) -> None:
        self._look = look
        self._panel = panel
        self._each = each
        self._others = others
        self._bare: dict[tuple[str, int], Looks] = {}
        self._latest = threading.local()

    def asked_for(self, person: Embedding, backbone: Backbone) -> list[int]:
        """Whose references stand in the person's place, by their number in the panel."""
        if backbone.reference_size is None:
            return []
        alike = [float(np.dot(face, person)) for face in self._panel]
        far = [number for number, cosine in enumerate(alike) if cosine < _FAR]
        return (far or [int(np.argmin(alike))])[: self._others]

    def prompts(self, adapter: Adapter, person: Embedding, backbone: Backbone) -> int:
        """How many prompts `places` will draw, the bare backbone's included where they are not kept yet."""
        wanted = [*self.asked_for(person, backbone), *self._rooms(backbone)]
        fresh = [room for room in wanted if (backbone.digest, room) not in self._bare]
        drawn = [] if adapter.lora is None or changes_nothing(adapter.lora) else self._unseen(adapter.lora, wanted)
        return sum(PROMPTS if room < 0 else 1 for room in [*fresh, *drawn])

    def places(self, adapter: Adapter, person: Embedding, backbone: Backbone, progress: Progress) -> tuple[Place, ...]:
        """Every place, in the same order for every adapter. person (D,): mean of the photos' embeddings, unit norm."""
        assert adapter.lora is not None, "there is nothing to leak"
        idle = changes_nothing(adapter.lora)
        found: list[Place] = []
        for room in [*self._rooms(backbone), *self.asked_for(person, backbone)]:
            bare = self._kept(room, backbone, progress)
            seen = bare if idle else self._once(room, adapter.lora, backbone, progress)
            asked = self._panel[room] if room >= 0 else None
            found += [_place(faces, before, person, asked) for faces, before in zip(seen, bare, strict=True)]
        return tuple(found)

    def _unseen(self, lora: bytes, rooms: Sequence[int]) -> list[int]:
        digest = hashlib.sha256(lora).digest()
        return [room for room in rooms if (digest, room) not in self._looks()]

    def _rooms(self, backbone: Backbone) -> list[int]:
        return [_NOBODY, _WORDS] if backbone.reference_size is None else [_NOBODY]

    def _kept(self, room: int, backbone: Backbone, progress: Progress) -> Looks:
        key = (backbone.digest, room)
        if key not in self._bare:
            self._bare[key] = self._seen(room, None, backbone, progress)
        return self._bare[key]

    def _once(self, room: int, lora: bytes, backbone: Backbone, progress: Progress) -> Looks:
        """Drawn once while one LoRA is looked at: whoever chose it by its places is judged by the same ones."""
        digest = hashlib.sha256(lora).digest()
        looks = self._looks()
        if (digest, room) not in looks:
            seen = self._seen(room, lora, backbone, progress)
            self._latest.looks = {key: own for key, own in looks.items() if key[0] == digest} | {(digest, room): seen}
        return self._looks()[digest, room]

    def forget(self) -> None:
        """Drop what this thread's latest LoRA drew: it is the person's face in other words."""
        self._latest.looks = {}

    def _looks(self) -> dict[tuple[bytes, int], Looks]:
        looks: dict[tuple[bytes, int], Looks] = getattr(self._latest, "looks", {})
        return looks

    def _seen(self, room: int, lora: bytes | None, backbone: Backbone, progress: Progress) -> Looks:
        return [self._look(picture) for picture in self._draw(room, lora, backbone, progress)]

    def _draw(self, room: int, lora: bytes | None, backbone: Backbone, progress: Progress) -> list[RgbU8]:
        if room == _NOBODY:
            return draw_nobody(backbone, lora, self._each, on_step=progress.over(PROMPTS))
        if room == _WORDS:
            return draw_other_words(backbone, lora, self._each, on_step=progress.over(PROMPTS))
        other: dict[int, NDArray[np.float32]] = {room: self._panel[room]}
        return draw_others(backbone, lora, other, self._each, on_step=progress.over(1))


def _place(faces: list[Embedding], bare: list[Embedding], person: Embedding, asked: Embedding | None) -> Place:
    return Place(
        with_lora=_nearest(faces, person),
        bare=_nearest(bare, person),
        asked=None if asked is None else _nearest(faces, asked),
    )


def _nearest(faces: list[Embedding], person: Embedding) -> float | None:
    return max((float(np.dot(face, person)) for face in faces), default=None)
