"""What an operator may set, from environment variables that begin with PROVENANCE_."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.kernel.units import MIB
from semblance.service_kit.heap import MOST_MIB
from semblance.service_kit.settings import ServiceSettings


class BackboneFacts(BaseModel):
    """What an operator says of a frozen pipeline; it is signed into every picture made on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", max_length=100)
    version: str = Field(default="", max_length=40)
    licence: str = Field(default="", max_length=100)


class ProvenanceSettings(ServiceSettings):
    """Frozen."""

    model_config = SettingsConfigDict(env_prefix="PROVENANCE_", frozen=True, extra="ignore")

    heap_kept_mib: int = Field(default=MOST_MIB, ge=0, le=MOST_MIB, description="See ServiceSettings.")
    signing_dir: Path = Field(
        default=Path("data/signing"),
        description="root.pem, leaf.pem (with its chain) and leaf.key; an empty folder gets a development chain. "
        "With a PKCS#11 token: root.pem and leaf.pem alone.",
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
    leaf_days: int | None = Field(
        default=None,
        ge=2,
        le=366,
        description="A development leaf is valid for so long. Unset: 365 days, or a day longer than it signs where "
        "signatures are time-stamped.",
    )
    renew_days: int = Field(default=7, ge=1, description="Sign with a new key and leaf after so many days.")
    pkcs11_module: Path | None = Field(default=None, description="A token's library; set: the key lives in the token.")
    pkcs11_token_label: str = ""
    pkcs11_key_label: str = ""
    pkcs11_pin: SecretStr = SecretStr("")
    time_stamp_url: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="An RFC 3161 authority; empty: signatures have no time-stamp.",
    )
    time_stamp_anchors_file: Path | None = Field(
        default=None, description="PEM certificates that its tokens chain to, such as C2PA's list of authorities."
    )
    backbones: dict[str, BackboneFacts] = Field(
        default={}, description="Digest to name, version and licence, as JSON; others are signed by digest alone."
    )
    generator_name: str = "Semblance"
    generator_version: str = "0.1.0"
    label_namespace: str = Field(default="org.semblance", pattern=r"^[a-z0-9]+(\.[a-z0-9-]+)+$")
    verify_max_bytes: int = Field(default=20 * MIB, gt=0)
    verify_max_pixels: int = Field(default=50_000_000, gt=0)
    watermark: Literal["spread", "trustmark"] = Field(
        default="spread", description="trustmark needs its package and weights; marks of the other are not read then."
    )
    watermark_key_file: Path | None = Field(
        default=None,
        description="32 secret bytes, made if missing; unset: signing_dir/watermark.key. Lose it and no mark is read.",
    )
    watermark_old_key_files: tuple[Path, ...] = Field(
        default=(), description="Older keys, as JSON: marks are read with each, and made with the newest alone."
    )
    watermark_forget_lost_keys: bool = Field(
        default=False,
        description="Start although a key that pictures were marked with is neither the present one nor an old one.",
    )
    look_max_pixels: int = Field(
        default=25_000_000, gt=0, description="Strangers' pictures up to this size are decoded; 25 million take 75 MB."
    )
    look_at_once: int = Field(default=2, gt=0, description="Strangers' pictures decoded at the same time.")
    look_wait_s: float = Field(default=5.0, ge=0, description="How long another waits for its turn; then 503.")
    read_at_once: int = Field(
        default=2, gt=0, description="Processes that read strangers' manifests; each takes about 60 MB when it rests."
    )
    read_within_s: float = Field(default=5.0, gt=0, description="One that takes longer is killed, and told as unread.")
    read_memory_mib: int = Field(default=1024, ge=256, description="Address space that each of them may have.")
    read_wait_s: float = Field(default=5.0, ge=0, description="How long another waits for its turn; then 503.")
    takedown_hide: bool = Field(
        default=False, description="Nobody can fetch a picture while a take-down notice about it is decided."
    )
    takedown_open_max: int = Field(default=1000, gt=0, description="So many notices may wait; then 429.")
    takedown_mail: str = Field(
        default="", max_length=200, description="Where notices can be sent meanwhile; told to whoever gets that 429."
    )
    takedown_keep_days: int = Field(
        default=180, gt=0, description="A decided notice, its claimant's words among it, goes after so long."
    )
    publish_concurrency: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> ProvenanceSettings:
        if self.leaf_days is not None and self.leaf_days <= self.renew_days:
            raise ValueError("leaf_days must be more than renew_days: a leaf is valid for longer than it signs")
        if self.time_stamp_url and self.time_stamp_anchors_file is None:
            raise ValueError("time_stamp_url needs time_stamp_anchors_file: an unknown authority's time proves nothing")
        if self.pkcs11_module and not (self.pkcs11_token_label and self.pkcs11_key_label):
            raise ValueError("pkcs11_module needs pkcs11_token_label and pkcs11_key_label")
        return self
