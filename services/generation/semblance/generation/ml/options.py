"""The engine's numbers, as the service's settings state them; imports no tensors, so that whoever only passes them on
starts fast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from semblance.generation.settings import GenerationSettings
from semblance.kernel.errors import Unavailable
from semblance.pocket import weights_dir

# Batches of two or three lanes give other bits than larger ones on a CPU, so the smallest is four.
_SIZES: Final = (4, 8, 16, 32, 64, 128)
_LOOK_S: Final = 60.0
_LANES_A_ROW: Final = 2
_THREADS: Final = 64
_ELSEWHERE: Final = 4
_ANY_PX: Final = 512


class EngineSettingsRefused(Unavailable):
    """No machine has an engine with these settings."""

    code = "engine-settings-refused"


@dataclass(frozen=True)
class RendererSettings:
    """best_of: pictures in a batch. good_enough: the cosine at which no further batch is drawn. adapters: packed ones
    that are kept in memory, idle_s: for how long without use. lanes, slots, rank, queued_rows: the StepEngine's own.
    device, precision, offload, compiled: see BackboneOptions."""

    backbone_dir: Path
    torch_threads: int
    best_of: int
    batches: int
    good_enough: float
    upscale_to_px: int
    adapters: int = 8
    idle_s: float = 600.0
    lanes: tuple[int, ...] = (4, 8, 16)
    slots: int = 16
    rank: int | None = None
    queued_rows: int = 256
    allow_licences: tuple[str, ...] = ()
    device: str = "cpu"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    offload: bool = False
    compiled: bool = False
    source_max_pixels: int = 16_000_000


@dataclass(frozen=True)
class EngineOptions:
    """What one engine is made of; it holds no key and no credentials."""

    renderer: RendererSettings
    models_dir: Path


@dataclass(frozen=True)
class ReplicaOptions:
    """How many engines there are and how they are fed; as `ray_...` in the settings."""

    least: int = 1
    most: int = 2
    drawings: int = 3
    target: float = 2.0
    queue: int = 64
    cpus: float = 1.0
    gpus: float = 0.0
    drain_s: float = 300.0
    surge_percent: int = 1
    upscale_delay_s: float = 10.0
    downscale_delay_s: float = 300.0
    health_s: float = 5.0


def held_by_lanes(settings: GenerationSettings) -> int:
    """Drawings whose rows fill an engine's largest batch, with guidance; at least one."""
    return max(settings.engine_lanes // (_LANES_A_ROW * settings.best_of), 1)


def in_hand(settings: GenerationSettings) -> int:
    """Drawings that an engine is given at once: what its lanes hold, and half as many again, so that lanes stand empty
    for no drawing that is being judged or put away. No more, for what waits in an engine has lost its turn's order."""
    held = held_by_lanes(settings)
    return held + math.ceil(held / 2)


def concurrency(settings: GenerationSettings) -> int:
    """Drawings that this process hands over at once. To engines elsewhere, of which it knows neither how many there are
    nor who else asks them: as many as one takes, and at least a few."""
    if settings.concurrency is not None:
        return settings.concurrency
    least = 1 if settings.engine == "local" else _ELSEWHERE
    return min(max(in_hand(settings), least), _THREADS)


def look_every_s(idle_s: float) -> float:
    """How often it is looked for adapters that were unused for so long."""
    return min(_LOOK_S, idle_s / 4)


def backbone_dir(settings: GenerationSettings) -> Path:
    """The backbone's folder: the embedded one unless another is named."""
    return settings.backbone_dir or weights_dir()


def renderer_settings(settings: GenerationSettings) -> RendererSettings:
    """Of an engine, wherever it runs. Raises EngineSettingsRefused."""
    _require_sense(settings)
    return RendererSettings(
        backbone_dir=backbone_dir(settings),
        torch_threads=settings.torch_threads,
        best_of=settings.best_of,
        batches=settings.batches,
        good_enough=settings.good_enough,
        upscale_to_px=settings.upscale_to_px,
        adapters=settings.loaded_adapters,
        idle_s=settings.adapter_idle_s,
        lanes=(*(size for size in _SIZES if size < settings.engine_lanes), settings.engine_lanes),
        slots=settings.engine_slots,
        rank=settings.engine_rank,
        queued_rows=settings.engine_queue,
        allow_licences=settings.allow_licences,
        device=settings.device,
        precision=settings.precision,
        offload=settings.offload,
        compiled=settings.compiled,
        source_max_pixels=settings.source_max_pixels,
    )


def _require_sense(settings: GenerationSettings) -> None:
    """At the start, and not at somebody's first picture. Not where the settings are read: whoever only asks engines in
    a cluster has no device, and perhaps all the other settings. Raises EngineSettingsRefused."""
    if settings.device == "cpu" and settings.offload:
        raise EngineSettingsRefused(
            "GENERATION_OFFLOAD needs a GPU to offload from", remedy="Set GENERATION_DEVICE=cuda, or do not offload."
        )
    if settings.device == "cpu" and settings.precision == "float16":
        raise EngineSettingsRefused(
            "float16 is not computed on a CPU", remedy="Set GENERATION_PRECISION=bfloat16, or GENERATION_DEVICE=cuda."
        )
    if settings.offload and settings.compiled:
        raise EngineSettingsRefused(
            "a denoiser that comes and goes is not compiled",
            remedy="Set GENERATION_OFFLOAD or GENERATION_COMPILED, not both.",
        )
    if settings.engine_rank is not None and backbone_dir(settings).is_dir():
        from semblance.diffusion.config import read_config  # noqa: PLC0415 - as below

        # The edge is of no account here, and may be the pipeline's own, which only loading tells.
        require_rank(settings.engine_rank, read_config(backbone_dir(settings), native_px=_ANY_PX).lora.rank)
    slots, people = settings.engine_slots, settings.people_max
    if slots < people and _shows_several(settings):
        raise EngineSettingsRefused(
            f"an engine of {slots} slots (GENERATION_ENGINE_SLOTS) draws no picture of {people} people, which is what "
            "GENERATION_PEOPLE_MAX offers",
            remedy=f"Set GENERATION_ENGINE_SLOTS={people} or more, or GENERATION_PEOPLE_MAX={slots}.",
        )


def require_rank(rank: int | None, learnt: int) -> None:
    """Raise EngineSettingsRefused for slots that no adapter fits into of those that this backbone's people learn."""
    if rank is not None and rank < learnt:
        raise EngineSettingsRefused(
            f"slots of rank {rank} (GENERATION_ENGINE_RANK) take none of this backbone's adapters, which are of rank "
            f"{learnt}",
            remedy=f"Set GENERATION_ENGINE_RANK={learnt} or more, or leave it unset.",
        )


def _shows_several(settings: GenerationSettings) -> bool:
    """Whether the backbone keeps people to parts; one that is not at hand is taken to. Raises BackboneUnusable."""
    from semblance.diffusion.pipelines import keeps_parts  # noqa: PLC0415 - tensors, and only where there is a doubt

    return keeps_parts(backbone_dir(settings)) is not False


def engine_options(settings: GenerationSettings) -> EngineOptions:
    """Of an engine in a cluster. Raises EngineSettingsRefused."""
    return EngineOptions(renderer_settings(settings), settings.models_dir)


def replica_options(settings: GenerationSettings) -> ReplicaOptions:
    """Of the cluster's deployments."""
    return ReplicaOptions(
        least=settings.ray_replicas_min,
        most=settings.ray_replicas_max,
        drawings=settings.ray_drawings or in_hand(settings),
        target=settings.ray_target_drawings or held_by_lanes(settings),
        queue=settings.ray_queue,
        cpus=settings.ray_cpus,
        gpus=settings.ray_gpus,
        drain_s=settings.ray_drain_s,
        surge_percent=settings.ray_surge_percent,
        upscale_delay_s=settings.ray_upscale_delay_s,
        downscale_delay_s=settings.ray_downscale_delay_s,
        health_s=settings.ray_health_s,
    )
