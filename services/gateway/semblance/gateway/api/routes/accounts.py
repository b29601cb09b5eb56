"""Accounts, tokens and the built-in issuer's documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from semblance.gateway.api.admission import ANYBODY, GUESSING, READS_FORM, READS_JSON, Here, Reader
from semblance.gateway.api.answers import IdempotencyKey, create_once
from semblance.gateway.api.schemas.accounts import Account, JwkSet, NewAccount, OpenIdConfiguration, Token
from semblance.gateway.domain.errors import InvalidGrant
from semblance.gateway.handlers import accounts, sessions
from semblance.kernel.errors import Forbidden
from semblance.service_kit.http import problem

router = APIRouter(tags=["accounts"])


@router.post("/v1/accounts", status_code=201, response_model=Account, dependencies=[GUESSING, READS_JSON])
def create_account(body: NewAccount, request: Request, here: Here, idempotency_key: IdempotencyKey = None) -> Response:
    """Create an account with a handle and a password."""
    if not here.settings.accounts_open:
        raise Forbidden("accounts are not made here", remedy="Sign in with your identity provider.")

    def act(subject_id: str) -> Account:
        made = accounts.create_account(
            here.gate, issuer=here.issuer.issuer, handle=body.handle, password=body.password, subject_id=subject_id
        )
        return Account.of(made)

    return create_once(request, here, None, idempotency_key, body, act)


@router.post("/v1/token", response_model=Token, dependencies=[GUESSING, READS_FORM])
def create_token(
    *,
    here: Here,
    grant_type: Annotated[str, Form(max_length=100, examples=["password"])],
    username: Annotated[str, Form(max_length=100, examples=["ada"])] = "",
    password: Annotated[str, Form(max_length=256, json_schema_extra={"format": "password"})] = "",
    scope: Annotated[str, Form(max_length=200)] = "",
    client_id: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """An access token by handle and password (RFC 6749 section 4.3). Failures carry RFC 6749's `error` as well."""
    del scope, client_id  # accepted from any OAuth 2 client; one scope and one client exist here
    if grant_type != "password":
        return _refusal("unsupported-grant-type", "the only grant here is password", "unsupported_grant_type")
    accounts.count_guess(here.gate, username, here.policies["guess"])
    try:
        account = accounts.prove_password(here.gate, username, password)
        session = sessions.open_session(here.gate, account, issuer=here.issuer.issuer, life_s=here.issuer.life_s)
    except InvalidGrant as e:
        return _refusal(e.code, e.detail, "invalid_grant", remedy=e.remedy)
    token = Token(access_token=here.issuer.issue(account.subject_id, session.id), expires_in=here.issuer.life_s)
    return Response(token.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/v1/me")
def get_me(caller: Reader) -> Account:
    """The account that the token names."""
    return Account.of(caller)


@router.get("/.well-known/openid-configuration", dependencies=[ANYBODY])
def openid_configuration(here: Here) -> OpenIdConfiguration:
    """The built-in issuer."""
    base = here.issuer.issuer
    return OpenIdConfiguration(
        issuer=base,
        jwks_uri=f"{base}/.well-known/jwks.json",
        token_endpoint=f"{base}/v1/token",
        grant_types_supported=["password"],
        response_types_supported=[],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["EdDSA"],
    )


@router.get("/.well-known/jwks.json", dependencies=[ANYBODY])
def jwks(here: Here) -> JwkSet:
    """The built-in issuer's public key."""
    return JwkSet.model_validate(here.issuer.jwks())


def _refusal(code: str, detail: str, error: str, *, remedy: str = "") -> Response:
    """RFC 6749 section 5.2 asks for 400 and an `error` member."""
    return problem(400, code, detail, instance="/v1/token", remedy=remedy, error=error, error_description=detail)
