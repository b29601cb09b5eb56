"""What an operator may set, from environment variables that begin with INGEST_."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.faces import SFACE
from semblance.faces.thresholds import check_face_settings
from semblance.kernel.units import MIB
from semblance.service_kit.heap import MOST_MIB
from semblance.service_kit.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Frozen. README.md says how the thresholds were measured."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", frozen=True, extra="ignore")

    heap_kept_mib: int = Field(default=MOST_MIB, ge=0, le=MOST_MIB, description="See ServiceSettings.")
    models_dir: Path = Path(".cache/models")
    face_model: str = Field(default=SFACE.id, description="As identity's; its README lists what there is.")
    s3_public_endpoint: str | None = Field(default=None, description="host:port of the store as clients reach it.")

    upload_limit_bytes: int = Field(default=25 * MIB, gt=0)
    pixel_limit: int = Field(default=50_000_000, gt=0)
    photo_limit: int = Field(default=500, gt=0, description="Photos a person may keep.")
    near_duplicate_bits: int = Field(default=12, ge=0, le=256, description="Of 256; 0 refuses equal hashes only.")
    upload_s: int = Field(default=900, gt=0, description="How long a presigned address stays good.")
    pictures_at_once: int = Field(default=2, gt=0, description="Uploads decoded at a time; each may need 0.9 GB.")
    sweep_s: float = Field(default=60.0, gt=0)

    min_face_px: float = Field(default=40.0, gt=0)
    min_sharpness: float = Field(default=10.0, ge=0)
    grouping_threshold: float = Field(default=0.55, ge=-1, le=1, description="Cosine with a person's mean embedding.")
    analyses_at_once: int = Field(default=1, gt=0)
    identity_deadline_s: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _thresholds_are_the_models(self) -> Self:
        check_face_settings(self.face_model, ["grouping_threshold"], self.model_fields_set, "INGEST_")
        return self
