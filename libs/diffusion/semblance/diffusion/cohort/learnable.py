"""What keeps trainings on a backbone from their end, known before anybody's photo is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from semblance.diffusion.beside import face_size, require_licences
from semblance.diffusion.config import lora_settings, read_config
from semblance.diffusion.errors import BackboneUnusable
from semblance.diffusion.pipelines import INDEX_NAME, kind_in

WITH_PRIOR: Final = "StableDiffusionPipeline"
"""The class that draws prior pictures, and whose text tower learns too."""
_NO_RESCALING: Final = frozenset({"StableDiffusion3Pipeline"})
"""Two lanes, and a pipeline that does not rescale them: an adapter would be judged by other pictures than are drawn."""


def require_learnable(
    directory: Path,
    changes: Mapping[str, Any],
    *,
    allow_licences: Iterable[str] = (),
    reference_size: int | None = None,
) -> None:
    """Read the directory's two JSON files, and of its IP-Adapter the header; a directory without a pipeline, which may
    lie elsewhere, is passed over.

    changes: fields that replace the backbone's own `lora`. allow_licences: see BackboneOptions. reference_size: length
    of the face embeddings that the caller has; None: any. Raises BackboneUnusable; RequestInvalid for wrong fields.
    """
    if not (directory / INDEX_NAME).is_file():
        return
    kind, config = kind_in(directory), read_config(directory, native_px=8)
    require_licences(directory, allow_licences)
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
    told = face_size(directory) if kind.class_name == WITH_PRIOR else None
    if None not in (told, reference_size) and told != reference_size:
        raise BackboneUnusable(
            f"the IP-Adapter in {directory.name} is told {told} numbers of a face, and a face is {reference_size} here",
            remedy="Take ip_adapter/ out of the folder, and the trigger alone says who is meant; or put one there that "
            f"was trained on embeddings of {reference_size} numbers.",
        )
