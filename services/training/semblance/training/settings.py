"""What an operator may set, from environment variables that begin with TRAINING_."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.faces import SFACE
from semblance.faces.thresholds import check_face_settings
from semblance.service_kit.settings import ServiceSettings


class TrainingSettings(ServiceSettings):
    """Frozen. README.md says how the likeness floor and the thresholds of the leak gate were measured."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")
    face_model: str = Field(default=SFACE.id, description="As identity's; the backbone's own reference stays SFace.")
    backbone_dir: Path | None = Field(default=None, description="A pipeline's folder; unset: the embedded backbone.")
    allow_licences: tuple[str, ...] = Field(
        default=(), description="Backbones that load although their licence is unknown or not free; by its name."
    )
    lora: dict[str, Any] = Field(default_factory=dict, description="Replaces fields of the backbone's lora block.")
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda(:\d+)?)$", description="Where the backbone computes.")
    # One thread: with two on busy cores every operation waits for the slower one, and a step takes minutes.
    torch_threads: int = Field(default=1, ge=1)

    likeness_floor: float = Field(default=0.4, ge=-1, le=1)
    pictures_per_prompt: int = Field(default=2, ge=1, le=8)
    leak_pictures: int = Field(default=2, ge=1, le=8, description="Of every prompt that the person should not be in.")
    leak_others: int = Field(default=4, ge=1, le=32, description="People of the panel who are asked for instead.")
    leak_excess_max: float = Field(default=0.15, ge=-1, le=1)
    leak_shown_cosine: float = Field(default=0.45, ge=-1, le=1)
    leak_shown_margin: float = Field(default=0.1, ge=0, le=1)
    leak_shown_max: float = Field(default=0.25, ge=0, le=1)
    leak_swapped_max: float = Field(default=0.2, ge=0, le=1)
    leak_other_margin: float = Field(default=0.05, ge=0, le=1)
    leak_others_max: float = Field(default=0.25, ge=0, le=1)
    match_deadline_s: float = Field(default=10.0, gt=0, description="For identity's answer.")

    min_photos: int = Field(default=5, ge=4)
    max_photos: int = Field(default=40, ge=4)
    open_runs: int = Field(default=3, ge=1, description="Of one person, queued or training.")

    # Several people's adapters in one step; README.md says what was measured, and when it is worth it.
    cohort: int = Field(default=4, ge=1, le=32, description="Trainings that may be learnt together; 1: one by one.")
    checkpoint_steps: int = Field(default=25, ge=0, description="A killed training goes on from there; 0: never.")

    engine: Literal["local", "ray"] = Field(default="local", description="In this process, or in a Ray cluster.")
    ray_address: str | None = Field(
        default=None, description="host:port of the cluster's head; unset: what RAY_ADDRESS says."
    )
    ray_join_s: float = Field(default=5.0, gt=0, le=60, description="How long that head may take to be reached.")
    ray_gpus: float = Field(default=0.0, ge=0, description="GPUs that one cohort books of the cluster.")
    ray_silence_s: float = Field(default=60.0, gt=1, description="A training that says nothing for so long is lost.")
    ray_leave_s: float = Field(
        default=10.0, gt=0, description="How long a stopped training may take to its next step before its process ends."
    )
    ray_idle_s: float = Field(default=30.0, ge=0, description="How long an empty place is kept for the next cohort.")

    tick_s: float = Field(default=0.5, ge=0.5, description="At most two ticks a second.")
    lease_s: float = Field(default=30.0, gt=1)
    max_attempts: int = Field(default=8, ge=1)
    patience_s: float = Field(
        default=86_400.0, ge=0, description="After it was asked for, a training waits so long for what is away."
    )

    @model_validator(mode="after")
    def _model_is_known(self) -> Self:
        check_face_settings(self.face_model, [], self.model_fields_set, "TRAINING_")
        return self
