"""A renderer that draws nothing: it gives out pictures that lie in a folder.

For load tests that measure everything around the diffusion; what it gives out shows nobody's adapter. It is refused
unless a setting of its own allows it, and says at its start and with every picture what it is.
"""

from __future__ import annotations

import logging
import struct
import time
import zlib
from pathlib import Path

from semblance.generation.domain.errors import AdapterRevoked
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.withdrawn import Withdrawal, Withdrawn
from semblance.generation.ports import Drawing, EngineLoad, OnStep, OpenAdapter
from semblance.generation.settings import GenerationSettings
from semblance.kernel.errors import Unavailable

_log = logging.getLogger(__name__)
_HEAD = b"\x89PNG\r\n\x1a\n"
_IHDR_END = 33  # 8 signature, 4 length, 4 type, 13 data, 4 checksum
STEPS = 4
DIGEST = "stub-sampler"


class StubRefused(Unavailable):
    """A stub was asked for where none is allowed, or it has nothing to give out."""

    code = "stub-sampler-refused"


class StubSampler:
    """A Renderer (see ports). The same order gives the same bytes, another seed other bytes of the same picture."""

    def __init__(self, pictures: list[bytes], *, takes_s: float = 0.0) -> None:
        self._pictures = pictures
        self._takes_s = takes_s
        self._withdrawn = Withdrawn()
        _log.critical("a stub stands in for the diffusion: pictures are not drawn from anybody's adapter")

    @classmethod
    def of(cls, settings: GenerationSettings) -> StubSampler:
        """Raises StubRefused."""
        if not settings.stub_allowed:
            raise StubRefused(
                "the stub sampler is for load tests only",
                remedy="Set GENERATION_ENGINE=local, or GENERATION_STUB_ALLOWED=true on a platform that nobody uses.",
            )
        files = sorted(settings.stub_dir.glob("*.png")) if settings.stub_dir else []
        if not files:
            raise StubRefused("no PNG lies in GENERATION_STUB_DIR")
        return cls([_png(path) for path in files], takes_s=settings.stub_s)

    def draw(self, words: Words, order: Order, adapter: OpenAdapter, on_step: OnStep) -> Drawing:
        """See Renderer; neither words nor adapter change anything."""
        del words
        for step in range(1, STEPS + 1):
            if self._withdrawn.covers(adapter.whose):
                raise AdapterRevoked
            time.sleep(self._takes_s / STEPS)
            on_step(step, STEPS)
        if self._withdrawn.covers(adapter.whose):
            raise AdapterRevoked
        _log.warning("a stub's picture was given out")
        seed = order.seed or 0
        data = _marked(self._pictures[seed % len(self._pictures)], seed)
        width_px, height_px = struct.unpack(">II", data[16:24])
        return Drawing(data, width_px, height_px, DIGEST, None)

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


def _png(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(_HEAD) or data[12:16] != b"IHDR":
        raise StubRefused(f"{path.name} in GENERATION_STUB_DIR is no PNG")
    return data


def _marked(data: bytes, seed: int) -> bytes:
    """The picture with the seed in a text chunk after its header: a file of its own. Source: PNG, section 11.3.3."""
    chunk = b"tEXt" + b"Comment\x00" + f"stub {seed}".encode()
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:_IHDR_END] + framed + data[_IHDR_END:]
