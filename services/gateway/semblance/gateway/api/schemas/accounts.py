"""Accounts and tokens."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from semblance.gateway.api.schemas.model import EXAMPLE_ID, EXAMPLE_TIME, Answered, Asked, Text, example
from semblance.gateway.domain.session import Session as SessionValue


class NewAccount(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(handle="ada", password="correct horse battery staple"),  # noqa: S106 - an example
    )

    handle: Annotated[str, Field(min_length=3, max_length=40, pattern=r"^[a-z0-9][a-z0-9_.-]{1,38}[a-z0-9]$")]
    password: Annotated[Text, Field(min_length=12, max_length=256, description="12 to 256 characters.")]


class ChangedPassword(Asked):
    model_config = ConfigDict(
        json_schema_extra=example(password="correct horse battery staple", new_password="a staple for my horse"),  # noqa: S106 - an example
    )

    password: Annotated[str, Field(max_length=256, description="The present one.")]
    new_password: Annotated[Text, Field(min_length=12, max_length=256, description="12 to 256 characters.")]


class ErasureWish(Asked):
    model_config = ConfigDict(json_schema_extra=example(password="correct horse battery staple"))  # noqa: S106 - an example

    password: Annotated[
        str, Field(max_length=256, description="The account's, once more. People of another issuer have none here.")
    ] = ""


class Session(Answered):
    """One sign-in: a token, and where it is `current` the one that asks."""

    id: str
    opened_at: dt.datetime
    expires_at: dt.datetime
    current: bool

    @classmethod
    def seen_by(cls, asking_id: str | None, session: SessionValue) -> Session:
        """As whoever holds the token of `asking_id` sees it."""
        return cls(
            id=session.id,
            opened_at=session.opened_at,
            expires_at=session.expires_at,
            current=session.id == asking_id,
        )


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
