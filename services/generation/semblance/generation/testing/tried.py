"""What the suite of all engines is given."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from semblance.generation.ports import EngineLoad, Renderer

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

    def load(self) -> EngineLoad:
        """What its engines have to do. Asked again for a minute: a busy machine's answer too late for one question."""
        until_s = time.monotonic() + 60
        while not (found := self.renderer.load()).engines and time.monotonic() < until_s:
            time.sleep(0.5)
        return found
