"""What measures captures and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from semblance.identity.domain.liveness import Reading
from semblance.identity.domain.matching import Embedding


@dataclass(frozen=True)
class Frame:
    """One captured frame as it came: JPEG bytes, never stored."""

    at_ms: int
    jpeg: bytes


class Capture(Protocol):
    """A decoded capture, held in memory for one try."""

    @property
    def readings(self) -> Sequence[Reading]: ...

    def embeddings(self, indices: Sequence[int]) -> list[Embedding]:
        """Embeddings of the one face in each of these frames."""


class CaptureReader(Protocol):
    """Decodes and measures frames."""

    def read(self, frames: Sequence[Frame]) -> Capture:
        """Raises InvalidCapture for a frame that is no small JPEG, QuotaExceeded when too many captures are in hand."""


class PhotoReader(Protocol):
    """Measures photos for the protected register; nothing of them is kept."""

    def read(self, photos: Sequence[bytes]) -> list[Embedding]:
        """The one clear face of each photo, all of one person. Raises InvalidProtection, QuotaExceeded."""
