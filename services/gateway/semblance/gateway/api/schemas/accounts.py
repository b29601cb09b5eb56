"""Accounts and tokens."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_TIME, Answered, Asked, Text, example


class NewAccount(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(handle="ada", password="correct horse battery staple"),  # noqa: S106 - an example
    )

    handle: Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[a-z0-9][a-z0-9_.-]{1,38}[a-z0-9]$")]
    password: Annotated[Text, Field(min_length=12, max_length=256, description="12 to 256 characters.")]


class Account(Answered):
    model_config = ConfigDict(json_schema_extra=example(subject_id=EXAMPLE_ID, handle="ada", created_at=EXAMPLE_TIME))

    subject_id: str
    handle: str | None
    created_at: dt.datetime


class Token(Answered):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of the protocol
    expires_in: int


class OpenIdConfiguration(Answered):
    """OpenID Connect Discovery 1.0, as far as an issuer of access tokens has it."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    subject_types_supported: list[str]
    id_token_signing_alg_values_supported: list[str]


class JwkSet(Answered):
    """RFC 7517."""

    keys: list[dict[str, Any]]
