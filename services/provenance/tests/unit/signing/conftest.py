"""Real signatures over real files of every format that the library embeds into, made here."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from semblance.kernel.clock import SystemClock
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.domain.claim import Claim, Generator, SoftBinding
from semblance.provenance.domain.models_used import Adapter, Backbone
from semblance.service_kit import testing

BACKBONE = "b" * 64
GENERATOR = Generator("Semblance", "0.1.0", "org.semblance", {BACKBONE: Backbone("pocket-64", "0.4.0", "Apache-2.0")})
FORMATS = {
    "image/png": ("PNG", {}),
    "image/jpeg": ("JPEG", {"quality": 92}),
    "image/webp": ("WEBP", {"lossless": True}),
    "image/avif": ("AVIF", {"quality": 80}),
}


def picture(side_px: int = 64, seed: int = 0) -> Image.Image:
    """Noise, enlarged: it has detail at every scale."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side_px, side_px), Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Bench:
    """An engine, its keys, the claim that tests change, and a file of every format."""

    authority: Authority
    engine: C2paEngine
    claim: Claim
    files: Mapping[str, bytes]

    def signed(self, media_type: str, **changes: object) -> bytes:
        """The file of that type, signed with the claim as changed."""
        claim = dataclasses.replace(self.claim, media_type=media_type, **changes)  # type: ignore[arg-type]
        return self.engine.sign(self.files[media_type], claim)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """Every format by its media type."""
    made = {media_type: _encoded(*how) for media_type, how in FORMATS.items()}
    return {**made, "video/mp4": _film(tmp_path_factory.mktemp("film") / "film.mp4")}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A development chain."""
    return Authority(tmp_path_factory.mktemp("keys") / "signing", SystemClock())


@pytest.fixture(scope="session")
def bench(authority: Authority, files: Mapping[str, bytes]) -> Bench:
    """What most tests sign with."""
    clock = SystemClock()
    consent = testing.FakeConsentView(clock).grant("a person")
    bindings = (
        SoftBinding("org.semblance.mark.1", "c29tZSBpZA==", action_bound=True),
        SoftBinding("org.semblance.print.1", "c29tZSBwcmludA==", action_bound=False),
    )
    adapter = Adapter("a" * 64, BACKBONE, 12)
    claim = Claim(clock.now(), "image/png", BACKBONE, consent, b"0123456789abcdef", None, bindings, adapter)
    return Bench(authority, C2paEngine(authority, GENERATOR), claim, files)


@pytest.fixture
def encoded() -> Callable[..., bytes]:
    """Encode a picture: `encoded(image, "JPEG", quality=70)`."""
    return lambda image, kind, **options: _encoded(kind, options, image)


def _encoded(kind: str, options: Mapping[str, object], image: Image.Image | None = None) -> bytes:
    output = io.BytesIO()
    (image or picture()).save(output, kind, **options)
    return output.getvalue()


def _film(file: Path) -> bytes:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), 8.0, (64, 64))
    for seed in range(8):
        writer.write(np.asarray(picture(seed=seed))[:, :, ::-1])
    writer.release()
    return file.read_bytes()
