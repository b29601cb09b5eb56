"""Checks that every watermark and fingerprint makes of what it is given."""

from __future__ import annotations

import numpy as np

from semblance.watermark.errors import InvalidPicture, InvalidPictureId, PictureTooSmall
from semblance.watermark.port import ID_BITS, RgbU8

LEAST_SIDE_PX = 8


def check_picture(image: RgbU8) -> int:
    """The shorter side in px. Raises InvalidPicture."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < LEAST_SIDE_PX:
        raise InvalidPicture(image.shape, str(image.dtype))
    return int(min(image.shape[:2]))


def check_markable(image: RgbU8, picture_id: int, min_side_px: int) -> None:
    """Raises InvalidPicture, PictureTooSmall or InvalidPictureId."""
    side_px = check_picture(image)
    if side_px < min_side_px:
        raise PictureTooSmall(side_px, min_side_px)
    if not 0 <= picture_id < 1 << ID_BITS:
        raise InvalidPictureId(ID_BITS)
