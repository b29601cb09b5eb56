"""Picture ids hidden in pixels, and fingerprints of pictures. Knows no topic and no user.

`semblance.watermark.trustmark_adapter.load_trustmark` is imported by name: its package is an operator's to install.
"""

from semblance.watermark.errors import (
    InvalidPicture,
    InvalidPictureId,
    InvalidWatermarkKey,
    PictureTooSmall,
    WatermarkModelMissing,
)
from semblance.watermark.iscc_fingerprint import IsccFingerprint, iscc_of
from semblance.watermark.payload import CHECK_BITS
from semblance.watermark.port import (
    ID_BITS,
    Fingerprint,
    Found,
    PictureId,
    RgbU8,
    Watermark,
    distance,
    new_picture_id,
)
from semblance.watermark.spread import LEAST_KEY_BYTES, MOST_DECODINGS, SpreadWatermark

__all__ = [
    "CHECK_BITS",
    "ID_BITS",
    "LEAST_KEY_BYTES",
    "MOST_DECODINGS",
    "Fingerprint",
    "Found",
    "InvalidPicture",
    "InvalidPictureId",
    "InvalidWatermarkKey",
    "IsccFingerprint",
    "PictureId",
    "PictureTooSmall",
    "RgbU8",
    "SpreadWatermark",
    "Watermark",
    "WatermarkModelMissing",
    "distance",
    "iscc_of",
    "new_picture_id",
]
