"""What happens to a photo before somebody loads it up."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from semblance.faces import RgbU8

Altered = Callable[[RgbU8], RgbU8]
_FAR_PX = 72  # of 256: a face some 35 px wide


def _as_taken(image: RgbU8) -> RgbU8:
    return image


def _grey(image: RgbU8) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)


def _far(image: RgbU8) -> RgbU8:
    return np.asarray(cv2.resize(image, (_FAR_PX, _FAR_PX), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _old_print(image: RgbU8) -> RgbU8:
    """Soft, faded, brownish, and compressed hard."""
    soft = cv2.GaussianBlur(_grey(image), (0, 0), 1.2).astype(np.float32)
    faded = np.clip((soft * 0.65 + 55) * np.array([1.0, 0.9, 0.75]), 0, 255).astype(np.uint8)
    stored = cv2.imencode(".jpg", faded[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(stored, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), dtype=np.uint8)


ALTERATIONS: dict[str, Altered] = {"as taken": _as_taken, "grey": _grey, "far": _far, "old print": _old_print}
