"""What an operator may set, from environment variables that begin with GENERATION_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.kernel.units import MIB
from semblance.service_kit.settings import ServiceSettings


class GenerationSettings(ServiceSettings):
    """Frozen."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")
    backbone_dir: Path | None = Field(default=None, description="A pipeline's folder; unset: the embedded backbone.")
    allow_licences: tuple[str, ...] = Field(
        default=(), description="Backbones that load although their licence is unknown or not free; by its name."
    )
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="Where the backbone computes.")
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="What the backbone computes in; float16 on a GPU only."
    )
    offload: bool = Field(
        default=False, description="The backbone's parts wait in main memory and go to the GPU one at a time."
    )
    compiled: bool = Field(
        default=False, description="The denoiser, by torch.compile: minutes at the first picture of each shape."
    )
    # One thread: with two on busy cores every operation waits for the slower one, and a step takes minutes.
    torch_threads: int = Field(default=1, ge=1)

    best_of: int = Field(default=4, ge=1, le=16, description="Pictures in a batch; the one most like the person stays.")
    batches: int = Field(default=3, ge=1, le=8, description="At most, while none is alone and like the person.")
    good_enough: float = Field(default=0.4, ge=-1, le=1, description="Cosine to the reference that ends the search.")
    source_max_bytes: int = Field(default=20 * MIB, gt=0, description="Of a published picture that is edited.")
    source_max_pixels: int = Field(default=16_000_000, gt=0, description="Of a published picture that is edited.")
    upscale_to_px: int = Field(default=256, ge=8, le=2048)

    loaded_adapters: int = Field(default=8, ge=1, description="Kept in memory: so many opened, and packed.")
    adapter_idle_s: float = Field(
        default=600.0,
        gt=0,
        description="An adapter that nobody draws with is gone from memory and slots so long after, or a minute later.",
    )
    people_max: int = Field(default=4, ge=1, le=4, description="In one picture.")
    open_images: int = Field(default=20, ge=1, description="Of one person, queued or drawn, for each who asks.")
    open_images_by_others: int = Field(
        default=200, ge=1, description="Of one person, queued or drawn, for all others who ask together."
    )

    turn_s: float = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="So much later is the turn of each picture of whoever has some waiting; at least what one takes.",
    )
    concurrency: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Pictures that a process which works has in hand at once. Unset: as many as an engine's lanes hold "
        "and half as many again, and at least 4 where engines are elsewhere.",
    )
    engine: Literal["local", "ray", "stub"] = Field(
        default="local", description="In this process, in a Ray cluster, or none: pictures that lie in stub_dir."
    )
    stub_allowed: bool = Field(default=False, description="For load tests of what lies around the diffusion.")
    stub_dir: Path | None = Field(default=None, description="PNGs that the stub gives out.")
    stub_s: float = Field(default=0.0, ge=0, description="How long the stub takes for a picture.")
    engine_lanes: int = Field(
        default=16, ge=2, le=256, description="Largest batch; a row takes two lanes with guidance, else one."
    )
    engine_slots: int = Field(default=16, ge=1, le=1024, description="Adapters in the engine's slots at once.")
    engine_rank: int | None = Field(
        default=None, ge=1, le=256, description="Every slot's rank; unset: the backbone's own."
    )
    engine_queue: int = Field(default=256, ge=1, description="Rows that may wait in one engine.")

    ray_address: str | None = Field(
        default=None, description="host:port of the cluster's head; unset: what RAY_ADDRESS says."
    )
    ray_join_s: float = Field(default=5.0, gt=0, le=60, description="How long that head may take to be reached.")
    ray_replicas_min: int = Field(default=1, ge=1, description="Engines at least; to none a withdrawal is never told.")
    ray_replicas_max: int = Field(default=2, ge=1, description="Engines at most.")
    ray_drawings: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Drawings that one engine takes at once. Unset: as many as its lanes hold and half as many again.",
    )
    ray_target_drawings: float | None = Field(
        default=None,
        gt=0,
        description="Drawings for each engine at which their number is right. Unset: as many as its lanes hold.",
    )
    ray_queue: int = Field(default=64, ge=0, description="Drawings that wait for an engine; more must ask again.")
    ray_cpus: float = Field(default=1.0, ge=0, description="CPUs that one engine books of the cluster.")
    ray_gpus: float = Field(default=0.0, ge=0, description="GPUs that one engine books of the cluster.")
    ray_store_mb: int = Field(
        default=100, ge=80, description="Memory of the store of objects, where this machine's own cluster is started."
    )
    ray_drain_s: float = Field(
        default=300.0, gt=0, description="How long an engine that is to end may finish what it draws."
    )
    ray_surge_percent: int = Field(
        default=1,
        ge=0,
        le=100,
        description="At an upgrade so many of the engines, rounded up, start before old ones end; 0: behind them.",
    )
    ray_upscale_delay_s: float = Field(default=10.0, ge=0)
    ray_downscale_delay_s: float = Field(default=300.0, ge=0)
    ray_health_s: float = Field(default=5.0, gt=0, description="How often the cluster asks an engine how it is.")
    ray_silence_s: float = Field(default=60.0, gt=1, description="An engine that says nothing for so long is lost.")
    ray_tell_s: float = Field(default=10.0, gt=0, description="How long a withdrawal waits for every engine's answer.")

    tick_s: float = Field(default=0.5, ge=0.1)
    lease_s: float = Field(default=30.0, gt=1)
    max_attempts: int = Field(default=8, ge=1)
    patience_s: float = Field(
        default=86_400.0, ge=0, description="After it was asked for, a picture waits so long for what is away."
    )

    @model_validator(mode="after")
    def _least_before_most(self) -> Self:
        if self.ray_replicas_max < self.ray_replicas_min:
            raise ValueError("GENERATION_RAY_REPLICAS_MAX is less than GENERATION_RAY_REPLICAS_MIN")
        if self.engine_queue < self.best_of:
            raise ValueError("GENERATION_ENGINE_QUEUE is less than GENERATION_BEST_OF: no picture would ever be drawn")
        return self
