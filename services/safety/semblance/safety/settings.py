"""What an operator may set, from environment variables that begin with SAFETY_."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.faces import SFACE
from semblance.faces.thresholds import check_face_settings
from semblance.service_kit.settings import ServiceSettings


class SafetySettings(ServiceSettings):
    """Frozen. Face thresholds are cosines; the defaults are SFace's, and README.md says how each was measured."""

    model_config = SettingsConfigDict(env_prefix="SAFETY_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")
    face_model: str = Field(default=SFACE.id, description="As identity's; its README lists what there is.")

    own_floor: float = Field(default=0.45, ge=-1, le=1)
    other_threshold: float = Field(default=0.6, ge=-1, le=1)
    clear_margin: float = Field(default=0.1, ge=0, le=1)
    margin: float = Field(default=0.05, ge=0, le=1)
    nudity_score_0_1: float = Field(default=0.5, gt=0, le=1)
    closer_look_score_0_1: float = Field(default=0.8, gt=0, le=1)

    filters_at_once: int = Field(default=1, gt=0)
    filter_attempts: int = Field(default=5, gt=0)
    match_deadline_s: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _thresholds_are_the_models(self) -> Self:
        thresholds = ["own_floor", "other_threshold", "clear_margin", "margin"]
        check_face_settings(self.face_model, thresholds, self.model_fields_set, "SAFETY_")
        return self
