"""With a stand-in for the package: payload, shapes, refusals. NOTHING HERE SAYS HOW WELL TRUSTMARK'S NETWORKS MARK."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from semblance.watermark import PictureId, WatermarkModelMissing
from semblance.watermark.trustmark_adapter import TrustMarkWatermark, load_trustmark

KEY = bytes(range(32))
BITS = 61


class RandomEngine:
    """Untrained networks of TrustMark's shapes: bits and a 256 px cover to a residual, a 224 px picture to bits."""

    def __init__(self, **settings: object) -> None:
        torch.manual_seed(0)
        self.settings = settings
        self._to_residual = torch.nn.Linear(BITS, 3 * 16 * 16)
        self._to_bits = torch.nn.Linear(3 * 16 * 16, BITS)

    @torch.no_grad()
    def encode(self, in_cover_image: Image.Image, string_secret: str, MODE: str) -> Image.Image:
        assert MODE == "binary"
        bits = torch.tensor([float(bit) for bit in string_secret])
        residual = torch.nn.functional.interpolate(
            self._to_residual(bits).view(1, 3, 16, 16), in_cover_image.size[::-1], mode="bilinear"
        )
        marked = np.asarray(in_cover_image) + residual[0].permute(1, 2, 0).numpy()
        return Image.fromarray(np.clip(marked, 0, 255).astype(np.uint8))

    @torch.no_grad()
    def decode(self, in_stego_image: Image.Image, MODE: str) -> tuple[str, bool, int]:
        small = torch.from_numpy(np.asarray(in_stego_image.resize((16, 16)), np.float32).copy())
        return "".join("01"[int(v > 0)] for v in self._to_bits(small.reshape(-1))), True, 1


class PerfectEngine(RandomEngine):
    """Remembers the last bits that it wrote."""

    written = ("", False, -1)

    def encode(self, in_cover_image: Image.Image, string_secret: str, MODE: str) -> Image.Image:
        self.written = (string_secret, True, 1)
        return super().encode(in_cover_image, string_secret, MODE)

    def decode(self, in_stego_image: Image.Image, MODE: str) -> tuple[str, bool, int]:
        return self.written


def test_an_id_goes_through_the_packages_sixty_one_bits() -> None:
    engine = PerfectEngine()
    watermark = TrustMarkWatermark(engine, KEY)
    image = np.full((256, 300, 3), 90, np.uint8)
    marked = watermark.mark(image, PictureId(0xFEDCBA987654))
    assert marked.shape == image.shape
    assert marked.dtype == np.uint8
    assert len(engine.written[0]) == BITS
    found = watermark.read(marked)
    assert found is not None
    assert found.picture_id == 0xFEDCBA987654
    assert found.algorithm == "com.adobe.trustmark.P"
    assert 1 - found.confidence_0_1 < 1e-6
    assert TrustMarkWatermark(engine, KEY[::-1]).read(marked) is None


def test_networks_that_learnt_nothing_tell_nothing() -> None:
    watermark = TrustMarkWatermark(RandomEngine(), KEY)
    assert watermark.read(watermark.mark(np.full((300, 256, 3), 90, np.uint8), PictureId(7))) is None


def test_without_the_package_it_is_missing() -> None:
    with pytest.raises(WatermarkModelMissing, match="cannot be imported"):
        load_trustmark(KEY)


def test_weights_are_compared_with_the_packages_digests_before_it_could_download_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ModuleType("trustmark.trustmark")
    package.__file__ = str(tmp_path / "trustmark.py")
    names = ("trustmark_P.yaml", "encoder_P.ckpt", "decoder_P.ckpt")
    package.MODEL_CHECKSUMS = {  # type: ignore[attr-defined]
        name: hashlib.md5(name.encode(), usedforsecurity=False).hexdigest() for name in names
    }
    package.TrustMark = RandomEngine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trustmark", ModuleType("trustmark"))
    monkeypatch.setitem(sys.modules, "trustmark.trustmark", package)
    with pytest.raises(WatermarkModelMissing, match=r"trustmark_P\.yaml"):
        load_trustmark(KEY)
    (tmp_path / "models").mkdir()
    for name in names:
        (tmp_path / "models" / name).write_text(name)
    assert load_trustmark(KEY).algorithm == "com.adobe.trustmark.P"
    (tmp_path / "models" / "decoder_P.ckpt").write_text("cut short")
    with pytest.raises(WatermarkModelMissing, match=r"decoder_P\.ckpt"):
        load_trustmark(KEY)
