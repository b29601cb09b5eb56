"""Which network's numbers are compared here. Those of another one mean nothing beside them, even where their counts
agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recogniser:
    """id: what embeddings, templates and entries are marked with, as semblance.faces names its models."""

    id: str
    dimensions: int


SFACE = Recogniser("sface-2021dec", 128)
"""Also what made every embedding that does not say."""
