"""What an operator may set, from environment variables that begin with SAFETY_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from semblance.service_kit.settings import ServiceSettings


class SafetySettings(ServiceSettings):
    """Frozen. Face thresholds are cosines of SFace embeddings; README.md says how each was measured."""

    model_config = SettingsConfigDict(env_prefix="SAFETY_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")

    own_floor: float = Field(default=0.45, ge=-1, le=1)
    other_threshold: float = Field(default=0.6, ge=-1, le=1)
    clear_margin: float = Field(default=0.1, ge=0, le=1)
    margin: float = Field(default=0.05, ge=0, le=1)
    nudity_score_0_1: float = Field(default=0.5, gt=0, le=1)
    closer_look_score_0_1: float = Field(default=0.8, gt=0, le=1)

    filters_at_once: int = Field(default=1, gt=0)
    filter_attempts: int = Field(default=5, gt=0)
    match_deadline_s: float = Field(default=10.0, gt=0)
