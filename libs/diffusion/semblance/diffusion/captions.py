"""What a training photo is called. A grey photo that is called a photo teaches that the person is grey."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from semblance.diffusion.config import BackboneConfig
from semblance.diffusion.examples import TrainingPicture
from semblance.diffusion.rendering import RgbU8

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # BT.601
_PROBE_PX: Final = 16
COLOURLESS: Final = 5.0
"""8-bit steps. Of 4,842 rendered photos none is below 7.1; turned sepia and saved at 64 px with JPEG quality 40, 99 %
are below 5.2, and as they come below 0.5."""


def training_picture(photo: RgbU8, config: BackboneConfig) -> TrainingPicture:
    """The photo (S, S, 3) with its caption; sepia becomes grey, which the backbone has a name for."""
    if off_one_tone(photo) >= COLOURLESS:
        return TrainingPicture(photo, config.caption)
    luma = np.round(photo @ _LUMA).astype(np.uint8)
    return TrainingPicture(np.repeat(luma[..., None], 3, 2), f"a black and white photo of {config.trigger}")


def off_one_tone(photo: RgbU8) -> float:
    """Root mean square distance of the colours from the one line in RGB that fits them best, 8-bit steps.

    Grey, sepia and other toned photos lie on a line. Seen at 16 px, where JPEG's coarse colours are averaged out.
    """
    small = cv2.resize(photo, (_PROBE_PX, _PROBE_PX), interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float64)
    small -= small.mean(axis=0)
    spread = np.linalg.eigvalsh(small.T @ small / len(small))
    return float(np.sqrt(max(0.0, spread[0] + spread[1])))
