"""TrustMark behind the port: the packaged neural watermark of Adobe's Content Authenticity Initiative (T. Bui,
S. Agarwal, J. Collomosse, arXiv:2311.18297; code and weights under the MIT licence).

An operator installs the `trustmark` package and puts its weights into the package's models folder; nothing is
downloaded here. Not run with the real weights yet: the tests hold the payload and the shapes with a stand-in.
"""

from __future__ import annotations

import hashlib
import hmac
import importlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from semblance.watermark.errors import InvalidWatermarkKey, WatermarkModelMissing
from semblance.watermark.pictures import check_markable, check_picture
from semblance.watermark.port import ID_BITS, Found, PictureId, RgbU8
from semblance.watermark.spread import LEAST_KEY_BYTES

_CAPACITY_BITS = 61  # with BCH_5, which corrects 5 of 96
_CHECK_BITS = _CAPACITY_BITS - ID_BITS
# Noise passes BCH_5 as often as balls of 5 errors fill the space (1.9e-3), with its own version number (1/4), then the
# keyed check; a picture and its mirror image are tried.
_BY_CHANCE = 2 * 1.9e-3 / 4 * 2.0**-_CHECK_BITS
_PACKAGE = "trustmark"
_FILES = ("trustmark_{0}.yaml", "encoder_{0}.ckpt", "decoder_{0}.ckpt")


class Engine(Protocol):
    """What is used of trustmark.TrustMark."""

    def encode(self, in_cover_image: Image.Image, string_secret: str, MODE: str) -> Image.Image: ...

    def decode(self, in_stego_image: Image.Image, MODE: str) -> tuple[str, bool, int]: ...


class TrustMarkWatermark:
    """Holds semblance.watermark.port.Watermark. key: secret; it guards against made-up ids, not against reading.
    variant: P, Q, B or C."""

    min_side_px = 256

    def __init__(self, engine: Engine, key: bytes, variant: str = "P") -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise InvalidWatermarkKey(LEAST_KEY_BYTES)
        self.algorithm = f"com.adobe.trustmark.{variant}"
        self._engine = engine
        self._key = key

    def mark(self, image: RgbU8, picture_id: PictureId) -> RgbU8:
        """The package's own strength. Of pictures longer than wide or wider than high, P marks the middle square."""
        check_markable(image, picture_id, self.min_side_px)
        word = picture_id << _CHECK_BITS | self._check(picture_id)
        cover = Image.fromarray(np.ascontiguousarray(image))
        return np.asarray(self._engine.encode(cover, f"{word:0{_CAPACITY_BITS}b}", MODE="binary"), np.uint8)

    def read(self, image: RgbU8) -> Found | None:
        """The picture, then its mirror image."""
        check_picture(image)
        for mirrored in (False, True):
            seen = Image.fromarray(np.ascontiguousarray(image[:, ::-1] if mirrored else image))
            bits, present, _ = self._engine.decode(seen, MODE="binary")
            if not present or len(bits) != _CAPACITY_BITS:
                continue
            word = int(bits, 2)
            picture_id = PictureId(word >> _CHECK_BITS)
            if word & (1 << _CHECK_BITS) - 1 == self._check(picture_id):
                return Found(picture_id, 1 - _BY_CHANCE, self.algorithm, mirrored=mirrored)
        return None

    def _check(self, picture_id: PictureId) -> int:
        mac = hmac.digest(self._key, b"trustmark" + picture_id.to_bytes(8), hashlib.sha256)
        return int.from_bytes(mac[:4]) >> (32 - _CHECK_BITS)


def load_trustmark(key: bytes, variant: str = "P") -> TrustMarkWatermark:
    """Raises WatermarkModelMissing if the package or its weights are not there, or the weights are not those that the
    package names: it would download them."""
    try:
        package: Any = importlib.import_module(f"{_PACKAGE}.{_PACKAGE}")
    except ImportError as e:
        raise WatermarkModelMissing(f"the package {_PACKAGE} cannot be imported", remedy="Install it.") from e
    folder = Path(package.__file__).parent / "models"
    for name in (pattern.format(variant) for pattern in _FILES):
        file = folder / name
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest() if file.is_file() else ""
        if digest != package.MODEL_CHECKSUMS.get(name):
            raise WatermarkModelMissing(f"{name} is not in {_PACKAGE}'s models folder", remedy="Put it there.")
    engine = package.TrustMark(verbose=False, model_type=variant, loadRemover=False, device="cpu")
    return TrustMarkWatermark(engine, key, variant)
