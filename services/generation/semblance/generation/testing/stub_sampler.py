"""A renderer that draws nothing: it gives out portraits that lie in a folder, each to the person whom it shows.

For load tests that measure everything around the diffusion; what it gives out shows nobody's adapter. It is refused
unless a setting of its own allows it and all that the service speaks to is on this machine's loopback, and says at its
start and with every picture what it is. Safety and provenance know nothing of it and do all their work.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from semblance.faces import Embedding, FaceEngine, RgbU8, similarity
from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.errors import AdapterRevoked
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Withdrawal, Withdrawn
from semblance.generation.ml.judging import png
from semblance.generation.ports import Beside, Drawing, EngineLoad, OnStep, OpenAdapter
from semblance.generation.settings import GenerationSettings
from semblance.kernel.errors import Unavailable

_log = logging.getLogger(__name__)
STEPS = 4
DIGEST = "stub-sampler"


class StubRefused(Unavailable):
    """A stub was asked for where none is allowed, or it has nothing to give out."""

    code = "stub-sampler-refused"


@dataclass(frozen=True)
class Portrait:
    """pixels (H, W, 3) RGB; embedding of the one face in it."""

    pixels: RgbU8 = field(repr=False)
    embedding: Embedding = field(repr=False)


class StubSampler:
    """A Renderer (see ports). The same order gives the same bytes, another seed other bytes of the same portrait."""

    def __init__(self, portraits: Sequence[Portrait], *, takes_s: float = 0.0) -> None:
        self._portraits = portraits
        self._takes_s = takes_s
        self._withdrawn = Withdrawn()
        _log.critical("a stub stands in for the diffusion: pictures are not drawn from anybody's adapter")

    @classmethod
    def of(cls, settings: GenerationSettings, faces: FaceEngine) -> StubSampler:
        """Raises StubRefused."""
        if not settings.stub_allowed:
            raise StubRefused(
                "the stub sampler is for load tests only",
                remedy="Set GENERATION_ENGINE=local, or GENERATION_STUB_ALLOWED=true on a platform that nobody uses.",
            )
        away = _away(settings)
        if away:
            raise StubRefused(
                f"the stub sampler is for one machine's loopback only, and {', '.join(away)} is elsewhere",
                remedy="Set GENERATION_ENGINE=local or ray.",
            )
        files = sorted(settings.stub_dir.glob("*.png")) if settings.stub_dir else []
        if not files:
            raise StubRefused("no PNG lies in GENERATION_STUB_DIR")
        return cls([_portrait(path, faces) for path in files], takes_s=settings.stub_s)

    def draw(
        self,
        words: Words,
        order: Order,
        adapter: OpenAdapter,
        on_step: OnStep,
        begin: Beginning | None = None,
        *,
        beside: Sequence[Beside] = (),
    ) -> Drawing:
        """See Renderer; words and a picture to begin at change nothing, and of the adapter only whose face its
        reference is. Raises StubRefused for a picture of several."""
        del words, begin
        if beside:
            raise StubRefused("the stub gives out portraits of one person")
        for step in range(1, STEPS + 1):
            if self._withdrawn.covers(adapter.whose):
                raise AdapterRevoked
            time.sleep(self._takes_s / STEPS)
            on_step(step, STEPS)
        if self._withdrawn.covers(adapter.whose):
            raise AdapterRevoked
        _log.warning("a stub's picture was given out")
        pixels, likeness = self._of(adapter)
        height_px, width_px = pixels.shape[:2]
        return Drawing(png(_marked(pixels, order.seed or 0)), width_px, height_px, DIGEST, likeness)

    def _of(self, adapter: OpenAdapter) -> tuple[RgbU8, float]:
        if not adapter.reference:
            raise StubRefused("the adapter has no reference face, so nobody knows whose portrait to give out")
        reference = np.frombuffer(adapter.reference, np.float32)
        likeness, portrait = max(
            ((similarity(each.embedding, reference), each) for each in self._portraits), key=lambda pair: pair[0]
        )
        return portrait.pixels, likeness

    def revoke(self, withdrawal: Withdrawal, *, confirmed: bool = False) -> None:
        """See Renderer."""
        del confirmed
        self._withdrawn.add(withdrawal)

    def healthy(self) -> None:
        """Always."""

    def load(self) -> EngineLoad:
        """Nothing is ever in it."""
        return EngineLoad(engines=1)

    def close(self) -> None:
        """Nothing is held."""


def _away(settings: GenerationSettings) -> list[str]:
    """Which of the neighbours are not on the loopback: in a cluster all of them are."""
    addresses = {
        "the broker": settings.kafka_bootstrap_servers,
        "the store": settings.s3_endpoint,
        "safety": settings.safety_address,
        "training": settings.training_address,
    }
    return [name for name, address in addresses.items() if not all(_here(each) for each in address.split(","))]


def _here(address: str) -> bool:
    host = address.strip().rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _portrait(path: Path, faces: FaceEngine) -> Portrait:
    """Raises StubRefused unless it is a picture of one person."""
    read = cv2.imread(str(path))
    if read is None:
        raise StubRefused(f"{path.name} in GENERATION_STUB_DIR is no PNG")
    pixels = np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8)
    found = faces.detect(pixels)
    if len(found) != 1:
        raise StubRefused(f"{path.name} in GENERATION_STUB_DIR shows {len(found)} faces; a portrait shows one")
    return Portrait(pixels, faces.embed(pixels, found[0]))


def _marked(pixels: RgbU8, seed: int) -> RgbU8:
    """A copy with 32 bits of the seed in the lowest bits of its upper left corner: a file of its own, and as plain a
    PNG as the engine's. A text chunk would do the same, but safety refuses whatever is not picture."""
    marked = pixels.copy()
    bits = np.array([seed >> n & 1 for n in range(32)], np.uint8)
    corner = marked.reshape(-1)[: bits.size]
    corner[:] = corner & 0xFE | bits
    return marked
