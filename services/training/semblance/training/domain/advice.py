"""What its person can do when there is no adapter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from semblance.training.domain.run import Refusal

_ADVICE: Final[Mapping[str, str]] = {
    Refusal.NOT_LIKE_YOU.value: (
        "Its pictures were not like you. Add sharp photos of your face from the front, from several days."
    ),
    Refusal.LEAKS.value: (
        "It drew people where nobody asked for them: you unasked, or somebody else in your place. "
        "Use more varied photos: other days, places and clothes, fewer of one look, none with somebody beside you."
    ),
    "too-few-photos": "Add sharp photos of your own face, from different days if you can.",
    "opt-in-again": "Opt in again, then train.",
}


def advice_for(reason_code: str) -> str:
    """A sentence or two; empty where nothing that the person does would help."""
    return _ADVICE.get(reason_code, "")
