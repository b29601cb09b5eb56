"""A watermark in the lowest bits of one row, and a fingerprint of sixty-four means: quick, and they survive nothing."""

from __future__ import annotations

import cv2
import numpy as np

from semblance.watermark.pictures import check_markable, check_picture
from semblance.watermark.port import ID_BITS, Found, PictureId, RgbU8

_MAGIC = 0xA5C3


class FakeWatermark:
    """Holds the port's contract on untouched pixels only."""

    algorithm = "org.semblance.watermark.fake"
    min_side_px = 64

    def mark(self, image: RgbU8, picture_id: PictureId) -> RgbU8:
        """Writes magic and id into the blue channel's lowest bits, 64 of the first row."""
        check_markable(image, picture_id, self.min_side_px)
        word = (_MAGIC << ID_BITS | picture_id).to_bytes(8)
        marked = image.copy()
        marked[0, :64, 2] = (marked[0, :64, 2] & 0xFE) | np.unpackbits(np.frombuffer(word, np.uint8))
        return marked

    def read(self, image: RgbU8) -> Found | None:
        """None without the magic."""
        if check_picture(image) < self.min_side_px:
            return None
        word = int.from_bytes(np.packbits(image[0, :64, 2] & 1).tobytes())
        if word >> ID_BITS != _MAGIC:
            return None
        return Found(PictureId(word & (1 << ID_BITS) - 1), 1 - 2.0**-16, self.algorithm)


class FakeFingerprint:
    """Which of 64 fields is brighter than the mean."""

    algorithm = "org.semblance.fingerprint.fake"
    bits = 64
    max_distance = 6

    def fingerprint(self, image: RgbU8) -> bytes:
        """8 bytes."""
        check_picture(image)
        fields = cv2.resize(image.mean(2), (8, 8), interpolation=cv2.INTER_AREA)
        return np.packbits(fields > fields.mean()).tobytes()
