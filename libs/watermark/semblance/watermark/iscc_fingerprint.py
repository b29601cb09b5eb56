"""The ISCC Image-Code of ISO 24138 with 256 bits: the signs of a picture's 256 slowest cosine waves about their median.

For pictures that are too small for a watermark, and for those whose watermark was removed. The standard's trimming of
uniform borders is left out: JPEG makes them uneven, and pictures that are made here have none.
"""

from __future__ import annotations

import iscc_lib
import numpy as np
from PIL import Image

from semblance.watermark.pictures import check_picture
from semblance.watermark.port import RgbU8

_SIDE = 32
_CONTENT, _IMAGE, _VERSION = 2, 1, 0  # ISCC's main type, subtype and version


class IsccFingerprint:
    """Holds semblance.watermark.port.Fingerprint."""

    algorithm = "io.iscc.v0"
    bits = 256
    max_distance = 36

    def fingerprint(self, image: RgbU8) -> bytes:
        """32 bytes."""
        check_picture(image)
        grey = Image.fromarray(np.ascontiguousarray(image)).convert("L")
        small = grey.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        code = iscc_lib.gen_image_code_v0(small.tobytes(), self.bits)["iscc"]
        return bytes(iscc_lib.iscc_decode(code)[4])


def iscc_of(fingerprint: bytes) -> str:
    """The code as other ISCC programs write it: `ISCC:E...`, what a soft-binding assertion holds."""
    unit = iscc_lib.encode_component(_CONTENT, _IMAGE, _VERSION, len(fingerprint) * 8, fingerprint)
    return f"ISCC:{unit}"
