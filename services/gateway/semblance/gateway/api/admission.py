"""Who is calling, and how often: dependencies that run before a body is read."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer
from starlette.exceptions import HTTPException

from semblance.gateway.api.front import Front, front
from semblance.gateway.domain.account import Caller, Proof
from semblance.gateway.domain.errors import RateLimited, TokenRefused
from semblance.gateway.handlers.accounts import admit, admit_anonymous

bearer = OAuth2PasswordBearer(
    tokenUrl="/v1/token",
    auto_error=False,
    description="An access token of POST /v1/token, or of an OpenID provider that the operator accepts.",
)
Here = Annotated[Front, Depends(front)]


def prove(request: Request, here: Here, token: Annotated[str | None, Depends(bearer)]) -> Proof:
    """The verified token. Raises TokenRefused."""
    if not token or "authorization" not in request.headers:
        raise TokenRefused("a bearer token is needed")
    return here.verifier.verify(token)


Proven = Annotated[Proof, Depends(prove)]


class Admit:
    """Lets a token's bearer in, counted by the named policies."""

    def __init__(self, *policies: str) -> None:
        self._policies = policies

    def __call__(self, request: Request, here: Here, proof: Proven) -> Caller:
        """Raises TokenRefused, AccountErased, RateLimited."""
        policies = [here.policies[name] for name in self._policies]
        try:
            caller, allowance = admit(here.gate, proof, policies)
        except RateLimited as e:
            _tell(request, here, e.policy, 0, e.retry_after_s)
            raise
        _tell(request, here, allowance.policy.name, allowance.remaining, allowance.reset_s)
        return caller


class AdmitAnybody:
    """Lets anybody in, counted by address."""

    def __init__(self, *policies: str) -> None:
        self._policies = policies

    def __call__(self, request: Request, here: Here) -> None:
        """Raises RateLimited."""
        address = counted_address(request.client.host) if request.client else "unknown"
        try:
            allowance = admit_anonymous(here.gate, address, [here.policies[name] for name in self._policies])
        except RateLimited as e:
            _tell(request, here, e.policy, 0, e.retry_after_s)
            raise
        _tell(request, here, allowance.policy.name, allowance.remaining, allowance.reset_s)


def counted_address(host: str) -> str:
    """What a request is counted under: of IPv6 the first 64 bits, as one customer is given all that follow."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(address) >> 64 << 64))


class Reads:
    """Refuses other content types with 415 before the body is looked at."""

    def __init__(self, media_type: str) -> None:
        self._media_type = media_type

    def __call__(self, request: Request) -> None:
        """Raises 415; a missing body is left to the field checks."""
        given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
        if has_body and given != self._media_type:
            raise HTTPException(415, headers={"Accept": self._media_type})


Reader = Annotated[Caller, Depends(Admit("read"))]
Writer = Annotated[Caller, Depends(Admit("write"))]
Uploader = Annotated[Caller, Depends(Admit("upload"))]
Trainer = Annotated[Caller, Depends(Admit("write", "training"))]
Scorer = Annotated[Caller, Depends(Admit("read", "score"))]
Painter = Annotated[Caller, Depends(Admit("write", "image"))]
READS_JSON = Depends(Reads("application/json"))
READS_FORM = Depends(Reads("application/x-www-form-urlencoded"))
READS_MULTIPART = Depends(Reads("multipart/form-data"))
ANYBODY = Depends(AdmitAnybody("anonymous"))
GUESSING = Depends(AdmitAnybody("anonymous", "password"))
VERIFYING = Depends(AdmitAnybody("anonymous", "verify"))
TAKING_DOWN = Depends(AdmitAnybody("anonymous", "takedown", "takedown-day"))
PROTECTING = Depends(AdmitAnybody("anonymous", "protect"))


def _tell(request: Request, here: Front, policy: str, remaining: int, reset_s: int) -> None:
    """Leave the RateLimit header fields (draft-ietf-httpapi-ratelimit-headers-09) for the headers middleware."""
    limits = here.policies[policy]
    request.state.rate_limit = (
        f'"{policy}";q={limits.burst};w={limits.window_s}',
        f'"{policy}";r={remaining};t={reset_s}',
    )
