"""The gateway's configuration, from GATEWAY_* in the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import SettingsConfigDict

from semblance.gateway.domain.rate import Policy
from semblance.service_kit.settings import ServiceSettings


class OidcIssuer(BaseModel):
    """An identity provider whose access tokens are accepted. Exactly one of the JWKS places is set.

    `own_clients` are the `client_id`s that people sign in by for themselves; only tokens of theirs may erase a person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    audience: str
    jwks_url: str | None = None
    jwks_file: Path | None = None
    own_clients: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("set exactly one of jwks_url and jwks_file")
        if self.jwks_url is not None and not self.jwks_url.startswith("https://"):
            raise ValueError("a JWKS is fetched by https only")
        return self


class GatewaySettings(ServiceSettings):
    """`keys_dir` holds the token signing key and the pepper; both are made at the first start."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", frozen=True, extra="ignore")

    public_url: str = Field(default="http://127.0.0.1:8080", description="Where clients reach it; the issuer's name.")
    audience: str = "semblance"
    keys_dir: Path = Path("data/gateway-keys")
    accounts_open: bool = Field(default=True, description="Whether anybody may create an account by password.")
    oidc_issuers: tuple[OidcIssuer, ...] = ()
    token_life_s: int = Field(default=3600, ge=60, le=86_400)
    recent_sign_in_s: int = Field(
        default=300, ge=30, le=3600, description="How old a provider's sign-in may be for what a password is asked for."
    )
    cors_origins: tuple[str, ...] = ()

    read_per_minute: float = Field(default=600, gt=0)
    write_per_minute: float = Field(default=120, gt=0)
    upload_per_minute: float = Field(default=120, gt=0)
    image_per_minute: float = Field(default=60, gt=0)
    training_per_hour: float = Field(default=20, gt=0)
    score_per_minute: float = Field(default=6, gt=0, description="Scores of photos; each opens all of them.")
    anonymous_per_minute: float = Field(default=120, gt=0)
    password_per_minute: float = Field(default=60, gt=0, description="Sign-ups and sign-ins from one address.")
    protect_per_hour: float = Field(
        default=20, gt=0, description="Faces put on the protected register, or removals tried, from one address."
    )
    verify_per_minute: float = Field(default=60, gt=0, description="Pictures looked at for one address.")
    takedown_per_hour: float = Field(default=10, gt=0, description="Take-down notices from one address.")
    takedown_per_day: float = Field(default=20, gt=0, description="The same, over a day.")
    guess_per_minute: float = Field(default=20, gt=0, description="Sign-ins to one handle, from anywhere.")

    # A request holds a thread while it waits.
    consent_wait_s: float = Field(default=5.0, gt=0, description="How long a question waits for news of consents.")
    image_wait_s: float = Field(default=120, gt=0, le=600, description="How long /v1/images/generations waits.")
    image_people_max: int = Field(default=4, ge=1, le=8, description="In one picture; generation has its own.")
    stream_life_s: float = Field(default=300, gt=0)
    stream_heartbeat_s: float = Field(default=15, gt=0)
    stream_poll_s: float = Field(default=0.25, gt=0)
    streams_per_subject: int = Field(default=8, gt=0)
    uploads_at_once: int = Field(default=8, gt=0, description="Bodies over 64 KiB held in memory at once.")
    uploads_per_address: int = Field(default=4, gt=0, description="Of those, so many may come from one address.")
    upload_within_s: float = Field(default=120, gt=0, description="Whoever takes longer to send a body gets 408.")

    def policies(self) -> dict[str, Policy]:
        """The rate-limit policies by name; a burst is half a minute's worth, and at least 10; of notices a day's."""
        per_minute = {
            "read": self.read_per_minute,
            "write": self.write_per_minute,
            "upload": self.upload_per_minute,
            "image": self.image_per_minute,
            "training": self.training_per_hour / 60,
            "score": self.score_per_minute,
            "anonymous": self.anonymous_per_minute,
            "password": self.password_per_minute,
            "guess": self.guess_per_minute,
            "protect": self.protect_per_hour / 60,
            "verify": self.verify_per_minute,
            "takedown": self.takedown_per_hour / 60,
        }
        found = {name: Policy(name, max(10, int(rate / 2)), rate) for name, rate in per_minute.items()}
        a_day = self.takedown_per_day
        return {**found, "takedown-day": Policy("takedown-day", max(1, int(a_day)), a_day / 1440)}
