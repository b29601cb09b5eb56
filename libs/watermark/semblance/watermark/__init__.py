"""Picture ids hidden in pixels, and fingerprints of pictures. Knows no topic and no user."""

from semblance.watermark.errors import (
    InvalidPicture,
    InvalidPictureId,
    InvalidWatermarkKey,
    PictureTooSmall,
    WatermarkModelMissing,
)
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
from semblance.watermark.spread import LEAST_KEY_BYTES, SpreadWatermark

__all__ = [
    "ID_BITS",
    "LEAST_KEY_BYTES",
    "Fingerprint",
    "Found",
    "InvalidPicture",
    "InvalidPictureId",
    "InvalidWatermarkKey",
    "PictureId",
    "PictureTooSmall",
    "RgbU8",
    "SpreadWatermark",
    "Watermark",
    "WatermarkModelMissing",
    "distance",
    "new_picture_id",
]
