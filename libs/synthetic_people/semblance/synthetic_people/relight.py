"""Coloured light on a picture, added after the drawing: arithmetic only, so reading the bundled set stays cheap."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from semblance.synthetic_people.assets import Bytes, Floats
from semblance.synthetic_people.people import Rgb

Tint = Callable[[int], Rgb]
"""The screen's colour (each channel 0 to 1, linear) at a time in ms since the capture began."""


def screen(colours: Sequence[tuple[str, int]]) -> Tint:
    """What a page shows that was told ("#rrggbb", ms) one after the other, over and over; black if told nothing."""
    lights = [tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)) for colour, _ in colours]
    ends = list(itertools.accumulate(for_ms for _, for_ms in colours))

    def tint(at_ms: int) -> Rgb:
        if not ends:
            return (0.0, 0.0, 0.0)
        red, green, blue = (channel**2.2 for channel in lights[bisect.bisect_right(ends, at_ms % ends[-1])])
        return red, green, blue

    return tint


def linear(image: Bytes) -> Floats:
    """(..., 3) sRGB 0-255 to the scene's light as `style.tone_map` had it before its shoulder and gamma 2.2."""
    y = (np.asarray(image, np.float32) / 255) ** 2.2
    b = 1.25 - y
    return np.asarray((-b + np.sqrt(b * b + 1.25 * y)) / 0.625, np.float32)


def encoded(light: Floats) -> Bytes:
    """The inverse of `linear`; too bright is clipped."""
    x = np.maximum(light, 0)
    y = np.clip(x * (1 + x / 4) / (1 + x) * 1.25, 0, 1) ** (1 / 2.2)
    return np.asarray(y * 255 + 0.5, np.uint8)


def under(dark: Bytes, white: Bytes, tint: Rgb, strength: float = 1.0) -> Bytes:
    """The moment under a screen of this colour; strength 1 is the screen that `white` was drawn with."""
    base = linear(dark)
    added = np.maximum(linear(white) - base, 0)
    return encoded(base + added * np.asarray(tint, np.float32) * np.float32(strength))
