"""What keeps trainings on a backbone from their end, known before anybody's photo is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from semblance.diffusion.config import lora_settings, read_config
from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.pipelines import INDEX_NAME, kind_in

WITH_PRIOR: Final = "StableDiffusionPipeline"
"""The class that draws prior pictures, and whose text tower learns too."""
_NO_RESCALING: Final = frozenset({"StableDiffusion3Pipeline"})
"""Two lanes, and a pipeline that does not rescale them: an adapter would be judged by other pictures than are drawn."""


def require_learnable(directory: Path, changes: Mapping[str, Any]) -> None:
    """Read the directory's two JSON files; a directory without a pipeline, which may lie elsewhere, is passed over.

    changes: fields that replace the backbone's own `lora`. Raises BackboneUnusable; RequestInvalid for wrong fields.
    """
    if not (directory / INDEX_NAME).is_file():
        return
    kind, config = kind_in(directory), read_config(directory, native_px=8)
    if kind.class_name != WITH_PRIOR and lora_settings(config.lora, **changes).prior_pictures:
        raise BackboneUnusable(
            f"prior pictures are learnt on a {WITH_PRIOR} only, and {directory.name} is a {kind.class_name}",
            remedy="Set prior_pictures to 0 in its semblance.json, or in TRAINING_LORA.",
        )
    if kind.class_name in _NO_RESCALING and config.sampler.guidance_rescale:
        raise BackboneUnusable(
            f"a {kind.class_name} takes no guidance_rescale, and {directory.name} names one",
            remedy="Take guidance_rescale out of its semblance.json.",
        )
