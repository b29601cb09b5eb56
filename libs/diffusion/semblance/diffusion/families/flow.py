"""What pipelines of flow matching have in common: a schedule that may depend on the picture's size."""

from __future__ import annotations

from typing import Any, Final

from diffusers.pipelines.stable_diffusion_3.pipeline_stable_diffusion_3 import calculate_shift

_DEFAULTS: Final = {"base_image_seq_len": 256, "max_image_seq_len": 4096, "base_shift": 0.5}


def shift_of(scheduler: Any, tokens: int, max_shift: float) -> float:
    """How far the schedule leans towards noise for a picture of so many tokens, as diffusers reckons it.

    max_shift: what the pipeline takes where the scheduler's config names none.
    """
    stated = {name: scheduler.config.get(name, default) for name, default in _DEFAULTS.items()}
    return float(
        calculate_shift(
            tokens,
            stated["base_image_seq_len"],
            stated["max_image_seq_len"],
            stated["base_shift"],
            scheduler.config.get("max_shift", max_shift),
        )
    )
