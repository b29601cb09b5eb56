"""What every invisible watermark can do, and what every fingerprint can do. Arrays in, arrays out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import NewType, Protocol

import numpy as np
import numpy.typing as npt

RgbU8 = npt.NDArray[np.uint8]  # (H, W, 3) sRGB, 0-255
PictureId = NewType("PictureId", int)  # random, ID_BITS bits; says nothing of anybody

# Fits our own code and the 61 free bits of TrustMark's. Draw again if a drawn id is already taken.
ID_BITS = 48


def new_picture_id() -> PictureId:
    """A random id from the operating system's generator."""
    return PictureId(secrets.randbits(ID_BITS))


@dataclass(frozen=True)
class Found:
    """A watermark that was read. `confidence_0_1` is 1 minus the probability that an unmarked picture reads as
    some id after this many attempts (by the code's design); scale is the picture's shorter side now as a share of the
    marked picture's, both in the marked picture's pixels (0.8: cropped to 80 %)."""

    picture_id: PictureId
    confidence_0_1: float
    algorithm: str
    mirrored: bool = False
    quarter_turns: int = 0
    scale: float = 1.0
    rotated_deg: float = 0.0


class Watermark(Protocol):
    """Hides a picture id in pixels. Held by one suite: libs/watermark/tests/unit/test_port.py."""

    @property
    def algorithm(self) -> str:
        """The name in a C2PA soft-binding assertion."""
        ...

    @property
    def min_side_px(self) -> int:
        """Pictures with a shorter side cannot be marked."""
        ...

    def mark(self, image: RgbU8, picture_id: PictureId) -> RgbU8:
        """A new array of the same shape. Raises PictureTooSmall, InvalidPicture, InvalidPictureId."""
        ...

    def read(self, image: RgbU8) -> Found | None:
        """None if nothing was found, also for a picture that is too small. Raises InvalidPicture."""
        ...


class Fingerprint(Protocol):
    """Numbers that stay nearly the same when a picture is recompressed or resized. They hide nothing and prove nothing:
    a match says "looks like that picture"."""

    @property
    def algorithm(self) -> str:
        """The name in a C2PA soft-binding assertion."""
        ...

    @property
    def bits(self) -> int:
        """Length of a fingerprint; it is packed into bits / 8 bytes."""
        ...

    @property
    def max_distance(self) -> int:
        """Two fingerprints that differ in more bits are of different pictures (README.md has the error rates)."""
        ...

    def fingerprint(self, image: RgbU8) -> bytes:
        """bits / 8 bytes. Raises InvalidPicture."""
        ...


def distance(one: bytes, other: bytes) -> int:
    """How many bits differ. Raises ValueError if the lengths differ."""
    if len(one) != len(other):
        raise ValueError("fingerprints of two lengths cannot be compared")
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
