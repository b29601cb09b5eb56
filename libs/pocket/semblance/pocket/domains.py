"""What people's photos look like when they are not like the training set's: the same faces through other cameras."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Photos = NDArray[np.uint8]


def grey(photos: Photos) -> Photos:
    """(N, S, S, 3) without colour."""
    luma = (photos @ np.array([0.299, 0.587, 0.114])).round()
    return np.asarray(np.repeat(luma[..., None], 3, 3), np.uint8)


def sepia(photos: Photos) -> Photos:
    """Brown and faded, as an old print."""
    toned = grey(photos)[..., :1] * np.array([1.0, 0.84, 0.64])
    return np.asarray(np.clip(28 + toned * 0.85, 0, 255), np.uint8)


def low_resolution(photos: Photos) -> Photos:
    """A face 28 px wide in a compressed file, enlarged again."""
    out = []
    for photo in photos:
        small = cv2.resize(photo, (40, 40), interpolation=cv2.INTER_AREA)
        out.append(cv2.resize(jpeg(small, 45), photo.shape[1::-1], interpolation=cv2.INTER_CUBIC))
    return np.stack(out).astype(np.uint8)


def harsh_light(photos: Photos) -> Photos:
    """A lamp from one side: one half burnt out, the other dark; the side alternates."""
    across = np.linspace(1.75, 0.35, photos.shape[2])[None, None, :, None]
    out = photos.astype(np.float32)
    out[0::2] *= across
    out[1::2] *= across[:, :, ::-1]
    return np.clip(out, 0, 255).astype(np.uint8)


def phone_camera(photos: Photos) -> Photos:
    """Cold white balance, hard contrast, oversharpened, noise and a strong JPEG."""
    rng, out = np.random.default_rng(0), []
    for photo in photos:
        x = photo.astype(np.float32) * np.array([0.9, 1.0, 1.12])
        x = (x - 128) * 1.25 + 132
        x += 0.8 * (x - cv2.GaussianBlur(x, (0, 0), 1.0)) + rng.normal(0, 7, x.shape)
        out.append(jpeg(np.clip(x, 0, 255).astype(np.uint8), 55))
    return np.stack(out)


def jpeg(photo: Photos, quality: int) -> Photos:
    """(S, S, 3) through a JPEG file."""
    _, data = cv2.imencode(".jpg", photo, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


DOMAINS: dict[str, Callable[[Photos], Photos]] = {
    "grey": grey,
    "sepia": sepia,
    "low resolution": low_resolution,
    "harsh light": harsh_light,
    "phone camera": phone_camera,
}
