"""What an operator may set, from environment variables that begin with TRAINING_."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from semblance.service_kit.settings import ServiceSettings


class TrainingSettings(ServiceSettings):
    """Frozen. README.md says how the likeness floor was measured."""

    model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")
    backbone_dir: Path | None = Field(default=None, description="A pipeline's folder; unset: the embedded backbone.")
    lora: dict[str, Any] = Field(default_factory=dict, description="Replaces fields of the backbone's lora block.")
    # One thread: with two on busy cores every operation waits for the slower one, and a step takes minutes.
    torch_threads: int = Field(default=1, ge=1)

    likeness_floor: float = Field(default=0.4, ge=-1, le=1)
    pictures_per_prompt: int = Field(default=2, ge=1, le=8)
    min_photos: int = Field(default=5, ge=4)
    max_photos: int = Field(default=40, ge=4)
    open_runs: int = Field(default=3, ge=1, description="Of one person, queued or training.")

    tick_s: float = Field(default=0.5, ge=0.5, description="At most two ticks a second.")
    lease_s: float = Field(default=30.0, gt=1)
    max_attempts: int = Field(default=8, ge=1)
