"""What an operator may set, from environment variables that begin with PROVENANCE_."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from semblance.kernel.units import MIB
from semblance.service_kit.settings import ServiceSettings


class ProvenanceSettings(ServiceSettings):
    """Frozen."""

    model_config = SettingsConfigDict(env_prefix="PROVENANCE_", frozen=True, extra="ignore")

    signing_dir: Path = Field(
        default=Path("data/signing"),
        description="root.pem, leaf.pem (with its chain) and leaf.key; an empty folder gets a development chain.",
    )
    audit_key_file: Path | None = Field(
        default=None,
        description="Signs heads of audit logs (Ed25519, made if missing); unset: signing_dir/audit.key",
    )
    audit_check_at_start: bool = Field(
        default=True, description="Recompute every audit log at the start, beside the work."
    )
    trust_anchors_file: Path | None = Field(
        default=None, description="PEM certificates that signers of others' pictures may chain to, such as C2PA's list."
    )
    leaf_days: int = Field(default=365, ge=2, le=366, description="C2PA's profile allows 366.")
    renew_days: int = Field(default=30, ge=1, description="Sign with a new key and leaf after so many days.")
    generator_name: str = "Semblance"
    generator_version: str = "0.1.0"
    label_namespace: str = Field(default="org.semblance", pattern=r"^[a-z0-9]+(\.[a-z0-9-]+)+$")
    verify_max_bytes: int = Field(default=20 * MIB, gt=0)
    verify_max_pixels: int = Field(default=50_000_000, gt=0)
    publish_concurrency: int = Field(default=2, ge=1)
