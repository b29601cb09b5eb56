"""Draws the pattern of a picture id and adds it to a picture's brightness, more where the picture hides it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from semblance.watermark.lines import HIGHEST, TILES, Complex, Lines
from semblance.watermark.port import RgbU8

Plane = npt.NDArray[np.float32]  # (H, W)

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, JPEG's
_CALM = 3.0  # grey levels of local contrast: below, a picture counts as smooth
_HIDING = 0.6  # the gain grows with contrast to this power
_LEAST_GAIN, _MOST_GAIN = 0.55, 2.5


def pattern(lines: Lines, values: Complex, offset: tuple[float, float], shape: tuple[int, int]) -> Plane:
    """(H, W), root mean square near that of values (n,). offset: where the tiles begin, 0 to 1 of a tile, x and y."""
    height, width = shape
    grid = np.zeros((2 * HIGHEST + 1, HIGHEST), np.complex64)
    grid[lines.y + HIGHEST, lines.x - 1] = values * lines.moved(offset)
    cycles_a_px = TILES / min(height, width)
    rows = _waves(height, np.arange(-HIGHEST, HIGHEST + 1), cycles_a_px).T @ grid
    columns = _waves(width, np.arange(1, HIGHEST + 1), cycles_a_px)
    drawn = rows.real @ columns.real - rows.imag @ columns.imag
    return np.asarray(drawn * np.float32(np.sqrt(2.0 / len(lines.x))), np.float32)


def _waves(length_px: int, periods: npt.NDArray[np.int_], cycles_a_px: float) -> Complex:
    """(periods, length): about the picture's middle, so that reading need not know its size."""
    middle = np.arange(length_px) - (length_px - 1) / 2
    return np.exp(2j * np.pi * cycles_a_px * np.outer(periods, middle)).astype(np.complex64)


def hiding_gain(image: RgbU8) -> Plane:
    """(H, W): how strong the pattern may be, relative. Texture hides; smooth skin does not."""
    luma = image.astype(np.float32) @ LUMA
    sigma = min(luma.shape) / 100
    fine = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
    contrast = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), sigma))
    gain = ((contrast + _CALM) / (2 * _CALM)) ** _HIDING
    return np.asarray(np.clip(gain, _LEAST_GAIN, _MOST_GAIN), np.float32)


def add(image: RgbU8, drawn: Plane, psnr_db: float) -> RgbU8:
    """A new picture at this distance from `image`; what clipping at black and white takes is made up for elsewhere."""
    wanted = 255.0**2 / 10 ** (psnr_db / 10)
    flat = image.astype(np.float32)
    strength = float(np.sqrt(wanted / max(float((drawn * drawn).mean()), 1e-12)))
    clipped = np.clip(flat + (strength * drawn)[..., None], 0, 255) - flat
    strength *= min(1.5, float(np.sqrt(wanted / max(float((clipped * clipped).mean()), 1e-6))))
    return np.asarray(np.clip(np.rint(flat + (strength * drawn)[..., None]), 0, 255), np.uint8)
