"""What an operator may set, from environment variables that begin with GENERATION_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from semblance.service_kit.settings import ServiceSettings


class GenerationSettings(ServiceSettings):
    """Frozen."""

    model_config = SettingsConfigDict(env_prefix="GENERATION_", frozen=True, extra="ignore")

    models_dir: Path = Path(".cache/models")
    backbone_dir: Path | None = Field(default=None, description="A pipeline's folder; unset: the embedded backbone.")
    # One thread: with two on busy cores every operation waits for the slower one, and a step takes minutes.
    torch_threads: int = Field(default=1, ge=1)

    best_of: int = Field(default=4, ge=1, le=16, description="Pictures in a batch; the one most like the person stays.")
    batches: int = Field(default=3, ge=1, le=8, description="At most, while none is alone and like the person.")
    good_enough: float = Field(default=0.4, ge=-1, le=1, description="Cosine to the reference that ends the search.")
    upscale_to_px: int = Field(default=256, ge=8, le=2048)

    loaded_adapters: int = Field(default=8, ge=1, description="Opened adapters kept in memory.")
    adapter_idle_s: float = Field(default=600.0, gt=0)
    open_images: int = Field(default=20, ge=1, description="Of one person, queued or drawn.")

    tick_s: float = Field(default=0.5, ge=0.1)
    lease_s: float = Field(default=30.0, gt=1)
    max_attempts: int = Field(default=8, ge=1)
