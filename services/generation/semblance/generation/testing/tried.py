"""What the suite of all engines is given."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semblance.generation.ports import Renderer

MODELS: Final = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models"))
TWO_ENGINES: Final[Mapping[str, str]] = {
    "GENERATION_BEST_OF": "2",
    "GENERATION_BATCHES": "1",
    "GENERATION_UPSCALE_TO_PX": "64",
    "GENERATION_ENGINE_LANES": "8",
    "GENERATION_ENGINE_SLOTS": "4",
    "GENERATION_RAY_REPLICAS_MIN": "2",
    "GENERATION_RAY_REPLICAS_MAX": "2",
    "GENERATION_RAY_DRAWINGS": "2",
    "GENERATION_RAY_QUEUE": "1",
    "GENERATION_RAY_HEALTH_S": "1",
    "GENERATION_RAY_STORE_MB": "80",
}
"""Settings of a cluster of this machine."""


@dataclass(frozen=True)
class Tried:
    """renderer: the one that is tried. make: another one like it, for what ends it. pid: of the cluster's head."""

    renderer: Renderer
    make: Callable[[], Renderer]
    pid: int = 0
