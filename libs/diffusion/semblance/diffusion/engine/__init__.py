"""Many people's requests, one batch: rows join and part between denoising steps, each with its own adapter."""

from semblance.diffusion.engine.engine import StepEngine, layout_of
from semblance.diffusion.engine.errors import (
    DeadlineMissed,
    EngineBroken,
    EngineClosed,
    OutOfMemory,
    QueueFull,
    Revoked,
)
from semblance.diffusion.engine.request import (
    EngineRequest,
    OnPreview,
    OnStep,
    Priority,
    Start,
    Worn,
)
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.stats import EngineStats
from semblance.diffusion.engine.ticket import State, Ticket
from semblance.diffusion.families.regional import Region

__all__ = [
    "DeadlineMissed",
    "EngineBroken",
    "EngineClosed",
    "EngineRequest",
    "EngineSettings",
    "EngineStats",
    "OnPreview",
    "OnStep",
    "OutOfMemory",
    "Priority",
    "QueueFull",
    "Region",
    "Revoked",
    "Start",
    "State",
    "StepEngine",
    "Ticket",
    "Worn",
    "layout_of",
]
