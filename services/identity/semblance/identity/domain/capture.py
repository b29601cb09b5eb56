"""Limits on what a client may send as a capture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from semblance.identity.domain.errors import InvalidCapture
from semblance.kernel.units import KIB

MIN_FRAMES = 8
MAX_FRAMES = 120
MAX_SIDE_PX = 640
MIN_SIDE_PX = 96
MAX_FRAME_BYTES = 256 * KIB  # a 640 px JPEG at quality 90 is about 100 KiB
MAX_CAPTURE_MS = 60_000


def check_frames(frames: Sequence[tuple[int, int]]) -> None:
    """`frames` holds (at_ms, size_bytes) in the order sent. Raises InvalidCapture."""
    if not MIN_FRAMES <= len(frames) <= MAX_FRAMES:
        raise InvalidCapture(f"a capture has {MIN_FRAMES} to {MAX_FRAMES} frames, this one has {len(frames)}")
    if any(not 0 < size <= MAX_FRAME_BYTES for _, size in frames):
        raise InvalidCapture(f"a frame has 1 to {MAX_FRAME_BYTES} bytes", remedy="Send JPEGs of at most 640 px.")
    times = [at for at, _ in frames]
    if times[0] < 0 or any(b <= a for a, b in itertools.pairwise(times)):
        raise InvalidCapture("the frames' times must rise strictly from 0 or more")
    if times[-1] - times[0] > MAX_CAPTURE_MS:
        raise InvalidCapture(f"a capture lasts at most {MAX_CAPTURE_MS} ms")
