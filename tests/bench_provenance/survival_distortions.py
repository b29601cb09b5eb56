"""What happens to pictures on their way: one table, the same for watermarks and fingerprints."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from semblance.watermark import RgbU8

Distortion = Callable[[RgbU8], RgbU8]


def jpeg(image: RgbU8, quality: int) -> RgbU8:
    """4:2:0, as platforms write it."""
    return _coded(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def webp(image: RgbU8, quality: int) -> RgbU8:
    return _coded(image, ".webp", [cv2.IMWRITE_WEBP_QUALITY, quality])


def resized(image: RgbU8, share: float) -> RgbU8:
    interpolation = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=share, fy=share, interpolation=interpolation), np.uint8)


def cropped(image: RgbU8, share: float) -> RgbU8:
    """That share of each side, off the middle."""
    height, width = image.shape[:2]
    rows, columns = round(height * share), round(width * share)
    top, left = round((height - rows) * 0.37), round((width - columns) * 0.61)
    return np.ascontiguousarray(image[top : top + rows, left : left + columns])


def square_of(image: RgbU8) -> RgbU8:
    """Four fifths of the height only: the shape changes."""
    height = image.shape[0]
    return np.ascontiguousarray(image[height // 8 : height // 8 + round(height * 0.8)])


def screenshot(image: RgbU8) -> RgbU8:
    """Shown at 89 % on a page with a margin, captured, sent on as JPEG 80."""
    shown = cv2.resize(image, None, fx=0.89, fy=0.89, interpolation=cv2.INTER_LINEAR)
    margin = round(0.08 * image.shape[0])
    page = cv2.copyMakeBorder(shown, margin, margin // 2, margin, margin, cv2.BORDER_CONSTANT, value=(245, 245, 245))
    return jpeg(np.asarray(page, np.uint8), 80)


def blurred(image: RgbU8, share: float) -> RgbU8:
    """sigma as a share of the shorter side."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), share * min(image.shape[:2])), np.uint8)


def toned(image: RgbU8, gain: float, shift: float, gamma: float = 1.0) -> RgbU8:
    values = 255 * (image / 255.0) ** gamma
    return np.clip(np.rint(values * gain + shift), 0, 255).astype(np.uint8)


def saturated(image: RgbU8) -> RgbU8:
    """Half as colourful again, warmer."""
    grey = image.mean(2, keepdims=True)
    return np.clip(grey + 1.5 * (image - grey) + np.array([8, 0, -8]), 0, 255).astype(np.uint8)


def grey(image: RgbU8) -> RgbU8:
    return np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, 2)


def turned(image: RgbU8, degrees: float) -> RgbU8:
    """And cropped to hide the corners."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cropped(np.asarray(cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8), 0.93)


def printed(image: RgbU8) -> RgbU8:
    """As if printed and scanned: paper white and ink black drawn in, soft, dotted, noisy, a little askew, JPEG 85."""
    rng = np.random.default_rng(5)
    soft = toned(blurred(image, 0.0015), 0.82, 22, 0.9).astype(np.float64)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    dots = 4 * np.sin(x * 2.2 + y * 0.6) * np.sin(y * 2.2 - x * 0.6)
    inked = soft + dots[..., None] + rng.normal(0, 6, image.shape)
    return jpeg(turned(np.clip(inked, 0, 255).astype(np.uint8), 0.6), 85)


def _coded(image: RgbU8, suffix: str, settings: list[int]) -> RgbU8:
    coded = cv2.imencode(suffix, np.ascontiguousarray(image[..., ::-1]), settings)[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])


DISTORTIONS: dict[str, Distortion] = {
    "nothing": lambda it: it,
    **{f"JPEG {q}": lambda it, q=q: jpeg(it, q) for q in (95, 85, 70, 50, 30)},
    **{f"WebP {q}": lambda it, q=q: webp(it, q) for q in (80, 50)},
    **{f"resize to {p} %": lambda it, p=p: resized(it, p / 100) for p in (75, 50, 25)},
    **{f"crop to {p} %": lambda it, p=p: cropped(it, p / 100) for p in (90, 80, 60)},
    "crop of the height to 80 %": square_of,
    "screenshot": screenshot,
    "blur, 0.2 % of the side": lambda it: blurred(it, 0.002),
    "brightness +20 %": lambda it: toned(it, 1.2, 0),
    "contrast -30 %": lambda it: toned(it, 0.7, 38),
    "gamma 1.5": lambda it: toned(it, 1, 0, 1.5),
    "colour +50 %, warmer": saturated,
    "grey": grey,
    "mirror": lambda it: np.ascontiguousarray(it[:, ::-1]),
    "quarter turn": lambda it: np.ascontiguousarray(np.rot90(it)),
    "turned by 1 degree": lambda it: turned(it, 1),
    "turned by 2.7 degrees": lambda it: turned(it, 2.7),
    "print and scan": printed,
    "crop 80 %, resize 50 %, JPEG 70": lambda it: jpeg(resized(cropped(it, 0.8), 0.5), 70),
    "mirror, resize 75 %, JPEG 50": lambda it: jpeg(resized(np.ascontiguousarray(it[:, ::-1]), 0.75), 50),
    "JPEG 70, resize 60 %, WebP 70, JPEG 70": lambda it: jpeg(webp(resized(jpeg(it, 70), 0.6), 70), 70),
    "screenshot, crop 85 %, gamma 1.2, JPEG 60": lambda it: jpeg(toned(cropped(screenshot(it), 0.85), 1, 0, 1.2), 60),
}
