"""A picture's spectrum as the reader looks at it: what is slow, loud or periodic in the picture itself is quietened."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import scipy.fft

from semblance.watermark.marking import LUMA, Plane
from semblance.watermark.port import RgbU8

Complex = npt.NDArray[np.complex64]
Floats = npt.NDArray[np.float64]

RASTER_PX = 384  # the shorter side in which pictures are looked at
MOST_CYCLES_A_PX = 0.45
_MOST_ASPECT = 3.0  # of a longer picture the middle is looked at
_OVERSAMPLING = 2.5
_NEIGHBOURS = 12 * _OVERSAMPLING
_LOUDEST = 3.0  # of a frequency, in means of its neighbours: a fence must not drown a lattice


@dataclass(frozen=True, eq=False)
class Spectrum:
    """values (rows, columns): the Fourier transform about the picture's middle, frequency zero in the middle, each
    divided by its neighbours' root mean square; power: their squares. shape_px (H, W) of the raster."""

    values: Complex
    power: Plane
    shape_px: tuple[int, int]

    def at(self, x: Floats, y: Floats) -> Complex:
        """(n,) by bilinear interpolation; x, y (n,) in cycles per px of the raster; 0 beyond what it can show."""
        rows, columns = self.values.shape
        seen = (np.abs(x) < MOST_CYCLES_A_PX) & (np.abs(y) < MOST_CYCLES_A_PX)
        column, row = np.where(seen, x, 0) * columns + columns // 2, np.where(seen, y, 0) * rows + rows // 2
        left, top = column.astype(np.intp), row.astype(np.intp)
        right, low = column - left, row - top
        v = self.values
        upper = v[top, left] * (1 - right) + v[top, left + 1] * right
        lower = v[top + 1, left] * (1 - right) + v[top + 1, left + 1] * right
        # The transform is about a pixel's middle; an even number of pixels has its own middle half a pixel earlier.
        down, along = ((1 - n % 2) / 2 for n in self.shape_px)
        about_middle = np.exp(-2j * np.pi * (x * along + y * down))
        return np.asarray(np.where(seen, (upper * (1 - low) + lower * low) * about_middle, 0), np.complex64)


def spectrum(image: RgbU8) -> Spectrum:
    """image (H, W, 3)."""
    white = _whitened(_raster(image))
    height, width = white.shape
    rows, columns = (scipy.fft.next_fast_len(round(_OVERSAMPLING * n / 2)) * 2 for n in (height, width))
    padded = np.zeros((rows, columns), np.float32)
    padded[:height, :width] = white
    padded = np.roll(padded, (-(height // 2), -(width // 2)), (0, 1))
    values = scipy.fft.fftshift(scipy.fft.fft2(padded))
    raw = values.real**2 + values.imag**2
    span = int(_NEIGHBOURS) // 2 * 2 + 1
    around = cv2.blur(raw, (span, span))
    around = np.maximum(around, 1e-4 * around.max() + 1e-9)
    power = raw / around
    louder = np.sqrt(np.maximum(power, _LOUDEST**2)) / _LOUDEST
    values = values / (np.sqrt(around) * louder)
    return Spectrum(values.astype(np.complex64), np.minimum(power, _LOUDEST**2), (height, width))


def _raster(image: RgbU8) -> Plane:
    height, width = image.shape[:2]
    side = min(height, width)
    most = round(side * _MOST_ASPECT)
    top, left = max(0, (height - most) // 2), max(0, (width - most) // 2)
    luma = image[top : top + most, left : left + most].astype(np.float32) @ LUMA
    if side > RASTER_PX:
        share = RASTER_PX / side
        luma = cv2.resize(
            luma, (round(luma.shape[1] * share), round(luma.shape[0] * share)), interpolation=cv2.INTER_AREA
        )
    return luma


def _whitened(luma: Plane) -> Plane:
    """Without what is slow, evenly loud, and faded out at the rim."""
    sigma = min(luma.shape) / 60
    fine = luma - cv2.GaussianBlur(luma, (0, 0), sigma)
    loud = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), sigma))
    white = np.clip(fine / (loud + 1.0), -2.5, 2.5)
    return np.asarray(white * _fade(luma.shape[0])[:, None] * _fade(luma.shape[1]), np.float32)


def _fade(length: int) -> Plane:
    edge = max(1, length // 16)
    ramp = np.ones(length, np.float32)
    ramp[:edge] = (np.arange(edge) + 0.5) / edge
    ramp[-edge:] = ramp[:edge][::-1]
    return ramp
