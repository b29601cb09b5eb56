"""From linear light to 8-bit pixels, through a medium: photo, paint, pencil, grey, cartoon."""

from __future__ import annotations

import cv2
import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats
from semblance.synthetic_people.scenes import Finish


def tone_map(linear: Floats, middle: float, finish: Finish, night: bool) -> Bytes:
    """Expose so that the face, whose median luminance is `middle`, comes out mid-toned, then a soft shoulder and
    gamma 2.2."""
    gain = (0.26 / max(0.02, middle)) ** 0.55 * (0.75 if night else 1.0) * 2.0**finish.exposure_stops
    warmth = np.array([1 + finish.warmth, 1.0, 1 - finish.warmth], np.float32)
    image = linear * (warmth * np.float32(gain))
    image = np.clip(image * (1 + image / 4.0) / (1 + image) * 1.25, 0, 1) ** (1 / 2.2)
    image = (image - 0.5) * finish.contrast + 0.5
    if finish.vignette:
        height, width = image.shape[:2]
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        image = image * (1 - finish.vignette * (((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2))[:, :, None]
    return np.asarray(np.clip(image, 0, 1) * 255, np.uint8)


def oil(image: Bytes) -> Bytes:
    soft = cv2.stylization(image, sigma_s=30, sigma_r=0.3).astype(np.float32)
    return np.asarray(np.clip((soft - 128) * 1.15 + 128 + np.array([6, 2, -6]), 0, 255), np.uint8)


def watercolour(image: Bytes) -> Bytes:
    return np.asarray(
        np.clip(cv2.stylization(image, sigma_s=18, sigma_r=0.35).astype(np.float32) * 0.8 + 60, 0, 255), np.uint8
    )


def pencil(image: Bytes) -> Bytes:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    blurred = cv2.GaussianBlur(255 - grey, (0, 0), max(2.0, 6 * image.shape[0] / 256))
    dodge = np.clip(grey.astype(np.float32) * 256 / (256 - blurred.astype(np.float32)), 0, 255)
    return np.repeat((dodge * 0.75 + grey * 0.25).astype(np.uint8)[:, :, None], 3, 2)


def grey(image: Bytes) -> Bytes:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[:, :, None], 3, 2)


def cartoon(image: Bytes) -> Bytes:
    for _ in range(3):
        image = np.asarray(cv2.bilateralFilter(image, 7, 30, 7), np.uint8)
    edges = cv2.adaptiveThreshold(
        cv2.medianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 5),
        255,
        cv2.ADAPTIVE_THRESH_MEAN_C,
        cv2.THRESH_BINARY,
        9,
        4,
    )
    flat = image // 32 * 32 + 16
    return np.where(edges[:, :, None] > 0, flat, flat // 3).astype(np.uint8)


MEDIA = {
    "oil painting": oil,
    "watercolor painting": watercolour,
    "pencil sketch": pencil,
    "black and white photo": grey,
    "cartoon": cartoon,
}


def develop(image: Bytes, size_px: int, finish: Finish, rng: np.random.Generator) -> Bytes:
    """Apply the medium, bring the picture to size_px and do what cameras and files do to photos. image is square
    RGB."""
    if finish.style in MEDIA:
        image = MEDIA[finish.style](image)
    if image.shape[0] != size_px:
        image = np.asarray(cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA), np.uint8)
    if finish.style not in ("photo", "black and white photo"):
        return image
    if finish.blur_px:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), finish.blur_px * size_px / 128), np.uint8)
    if finish.noise:
        grain = rng.standard_normal(image.shape, np.float32) * finish.noise
        image = np.clip(image + (grain if finish.style == "photo" else grain[:, :, :1]) + 0.5, 0, 255).astype(np.uint8)
    if finish.jpeg_quality:
        _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, finish.jpeg_quality])
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1]
    return np.ascontiguousarray(image)
