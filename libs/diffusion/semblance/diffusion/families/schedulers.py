"""Schedulers: the pipeline's own, or the one that a few-step variant names in its `semblance.json`."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

import diffusers

from semblance.diffusion.errors import BackboneUnusable, RequestInvalid

_FLOW: Final = frozenset({"FlowMatchEulerDiscreteScheduler", "FlowMatchLCMScheduler"})
ALLOWED: Final = _FLOW | {
    "DDIMScheduler",
    "DDPMScheduler",
    "DPMSolverMultistepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "LCMScheduler",
    "PNDMScheduler",
    "TCDScheduler",
    "UniPCMultistepScheduler",
}


def replace_scheduler(pipeline: Any, class_name: str, config: Mapping[str, Any]) -> None:
    """Put a scheduler of this class in the place of the pipeline's own, whose config it takes over but for `config`.

    Raises BackboneUnusable for a class that is not allowed, or of the other kind of noise, and for unknown settings.
    """
    own = pipeline.scheduler
    if class_name not in ALLOWED:
        raise BackboneUnusable(f"the sampler's scheduler is none of {', '.join(sorted(ALLOWED))}")
    if (class_name in _FLOW) != is_flow(own):
        raise BackboneUnusable(f"a {class_name} does not fit a pipeline with a {type(own).__name__}")
    made = getattr(diffusers, class_name)
    unknown = sorted(config.keys() - inspect.signature(made).parameters.keys())
    if unknown:
        raise BackboneUnusable(f"a {class_name} has no setting {', '.join(unknown)[:200]}")
    try:
        pipeline.scheduler = made.from_config(own.config, **config)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise BackboneUnusable(f"the sampler's settings do not make a {class_name}") from error


def is_flow(scheduler: Any) -> bool:
    """Noise is mixed in along a straight line (flow matching), and not by a DDPM's products."""
    return type(scheduler).__name__.startswith("FlowMatch")


def fresh(scheduler: Any, steps: int, **told: Any) -> Any:
    """A new scheduler of the same kind, its timesteps set. Raises RequestInvalid for steps that it cannot take."""
    made = type(scheduler).from_config(scheduler.config)
    try:
        made.set_timesteps(steps, **told)
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise RequestInvalid(f"the backbone's scheduler does not take {steps} steps") from error
    return made
