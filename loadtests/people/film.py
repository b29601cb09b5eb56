"""What a camera sees of somebody of the cast, whatever the platform asks for."""

from __future__ import annotations

from collections.abc import Sequence

from loadtests.people.cast import CACHE
from semblance.synthetic_people import bundled
from semblance.synthetic_people.relight import screen


def filmed(face: str, challenge: Sequence[str], colours: Sequence[tuple[str, int]]) -> list[tuple[int, bytes]]:
    """[(at_ms, JPEG)]. Raises KeyError for somebody who is not drawn."""
    root = bundled.HERE if face in bundled.people() else CACHE
    return [(frame.at_ms, frame.jpeg) for frame in bundled.filmed(face, challenge, screen(colours), root)]
