"""The settings that every service has; a service subclasses this with its own environment prefix."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from semblance.kernel.units import MIB
from semblance.service_kit.heap import MOST_MIB

_OPERATOR_NAME = re.compile(r"[a-z0-9_.-]{1,40}")
_OPERATOR_TOKEN_CHARACTERS = 24


class ServiceSettings(BaseSettings):
    """Frozen configuration, read from the environment once. Secrets print as stars.

    A subclass sets `model_config = SettingsConfigDict(env_prefix="TRAINING_", frozen=True)`.
    """

    # An error names what is wrong; with its input it would print the secrets beside it into the log of a failed start.
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    database_url: str = "sqlite:///data/service.sqlite"

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    kafka_ssl_certfile: Path | None = None
    kafka_ssl_keyfile: Path | None = None

    s3_endpoint: str = "127.0.0.1:8333"
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_secure: bool = False

    keyring_dir: Path = Path("data/keyring")
    keyring_kek_file: Path = Path("data/secrets/kek")
    keyring_erased_dir: Path | None = Field(
        default=None, description="Second place for the tombstones of destroyed keys, outside of every backup."
    )
    taken_back_dir: Path | None = Field(
        default=None, description="Where it is noted what people took back, outside of every backup."
    )

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)
    http_body_limit_bytes: int = Field(default=32 * MIB, gt=0)
    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(default=0, ge=0, le=65535)
    grpc_workers: int = Field(default=16, gt=0)
    internal_token: SecretStr = Field(
        default=SecretStr(""), description="Shared by the services; empty refuses every call."
    )
    internal_token_other: SecretStr = Field(
        default=SecretStr(""),
        description="Accepted too, and never shown: the next token, then the last, while it is changed.",
    )

    operator_tokens: dict[str, SecretStr] = Field(
        default={}, description="Operator's name to token, as JSON; none refuses every operator's call."
    )

    identity_address: str = "127.0.0.1:50051"
    ingest_address: str = "127.0.0.1:50052"
    training_address: str = "127.0.0.1:50053"
    generation_address: str = "127.0.0.1:50054"
    safety_address: str = "127.0.0.1:50055"
    provenance_address: str = "127.0.0.1:50056"

    otlp_endpoint: str | None = Field(
        default=None, description="host:port of an OTLP/gRPC receiver; unset sends nothing."
    )
    otlp_insecure: bool = True
    metrics_interval_s: float = Field(default=10.0, gt=0)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    heap_kept_mib: int = Field(
        default=0,
        ge=0,
        le=MOST_MIB,
        description="Freed memory kept for the next picture in each malloc arena; 0: as the environment says.",
    )
    drain_timeout_s: float = Field(default=20.0, ge=0)
    work_poll_s: float = Field(default=0.2, gt=0)
    consumer_retry_limit_s: float = Field(default=120.0, ge=0)
    consumer_dead_letter_limit: int = Field(default=20, gt=0, description="So many in a row stop the consumer.")
    consent_max_age_s: float = Field(
        default=10.0, gt=0, description="Without news of consents for so long: unready, and refused at once."
    )
    consent_fresh_s: float = Field(
        default=1.0, gt=0, description="A yes rests on news of consents no older than this, and else waits for them."
    )
    consent_wait_s: float = Field(
        default=10.0, gt=0, description="How long a question waits for fresher news of consents."
    )
    erasure_items_max: int = Field(
        default=10_000,
        ge=0,
        le=100_000,
        description="Digests in one answer to an erasure; longer lists are told by their root. 10,000 are 660 KB.",
    )

    @field_validator("operator_tokens")
    @classmethod
    def _operators_are_told_apart(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        """Names go into records; a short token could be guessed, and a shared one would name the wrong person."""
        secrets = [token.get_secret_value() for token in tokens.values()]
        if not all(_OPERATOR_NAME.fullmatch(name) for name in tokens):
            raise ValueError("an operator's name has 1 to 40 of a-z 0-9 _ . -")
        if any(len(secret) < _OPERATOR_TOKEN_CHARACTERS for secret in secrets) or len(set(secrets)) < len(secrets):
            raise ValueError(f"an operator's token has at least {_OPERATOR_TOKEN_CHARACTERS} characters and one owner")
        return tokens
