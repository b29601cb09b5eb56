"""A panel of people who do not exist: an adapter must be more like its person than like them."""

from __future__ import annotations

from importlib import resources
from typing import Final

import numpy as np

from semblance.faces import Embedding

FILE: Final = "strangers.npy"
_SAME_PERSON: Final = 0.55
"""Cosine; synthetic strangers score below it (at most 1 % above), so who scores higher is taken out of the panel."""


def panel() -> list[Embedding]:
    """SFace embeddings (128,), one a person; `build_strangers` makes the file."""
    with resources.files("semblance.training.ml").joinpath(FILE).open("rb") as stored:
        return list(np.load(stored, allow_pickle=False).astype(np.float32))


def strangers_to(panel_of_all: list[Embedding], person: Embedding) -> list[Embedding]:
    """The panel without whoever looks like `person`; never empty."""
    rest = [face for face in panel_of_all if float(np.dot(face, person)) < _SAME_PERSON]
    return rest or panel_of_all
