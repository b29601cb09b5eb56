"""Problem documents (RFC 9457) with a stable `type` for every code."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from semblance.kernel.errors import Kind, QuotaExceeded, SemblanceError

TYPE_BASE = "https://semblance.example/problems/"
STATUS_BY_KIND: Mapping[Kind, int] = {
    Kind.INVALID: 422,
    Kind.NOT_FOUND: 404,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.CONFLICT: 409,
    Kind.QUOTA: 429,
    Kind.GONE: 410,
    Kind.UNAVAILABLE: 503,
}
_CODES = {
    401: "unauthenticated",
    404: "no-such-path",
    405: "method-not-allowed",
    413: "body-too-large",
    500: "internal",
}
_REMEDIES = {
    400: "Send the kind of body that /docs names, in UTF-8.",
    404: "Look at /docs for the paths there are.",
    405: "Look at /docs for the methods of this path.",
    413: "Send a smaller body.",
    415: "Send the Content-Type that /docs names for this path.",
    500: "Try again; tell us the request id if it stays.",
}

# Where the error itself knows nothing better.
_REMEDY_BY_KIND: Mapping[Kind, str] = {
    Kind.INVALID: "Correct what the detail names; /docs has the rules.",
    Kind.NOT_FOUND: "Check the id against the list of what the account has.",
    Kind.UNAUTHENTICATED: "Get a token and send it as Authorization: Bearer.",
    Kind.FORBIDDEN: "Give a consent that allows this, then ask again.",
    Kind.CONFLICT: "Look at how it stands now, then decide again.",
    Kind.QUOTA: "Wait as long as Retry-After says.",
    Kind.GONE: "Nothing brings it back.",
    Kind.UNAVAILABLE: "Try again as soon as Retry-After says.",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str = "",
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """A problem+json response. `code` ends the type URI; `members` are extension members such as `errors`."""
    body: dict[str, Any] = {
        "type": TYPE_BASE + code,
        "title": code.replace("-", " "),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if remedy:
        body["remedy"] = remedy
    if instance:
        body["instance"] = instance
    body.update(members)
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


def problem_of(error: SemblanceError, instance: str) -> JSONResponse:
    """The problem of an error from the tree; a quota says when to come back in Retry-After."""
    headers: dict[str, str] = {}
    if isinstance(error, QuotaExceeded):
        headers["Retry-After"] = str(error.retry_after_s)
    elif error.kind is Kind.UNAVAILABLE:
        headers["Retry-After"] = "2"
    elif error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    status = STATUS_BY_KIND[error.kind]
    remedy = error.remedy or _REMEDY_BY_KIND[error.kind]
    return problem(status, error.code, error.detail, instance=instance, remedy=remedy, headers=headers)


def problem_of_status(status: int, instance: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The problem of a plain HTTP status, such as a path that does not exist."""
    phrase = HTTPStatus(status).phrase
    code = _CODES.get(status, phrase.lower().replace(" ", "-").replace("'", ""))
    return problem(status, code, f"{phrase}.", instance=instance, remedy=_REMEDIES.get(status, ""), headers=headers)


def validation_problem(error: RequestValidationError, instance: str) -> JSONResponse:
    """Which fields break which rules; the values given are left out, they may be personal."""
    faults = [{"field": ".".join(map(str, e["loc"])), "rule": e["type"], "message": e["msg"]} for e in error.errors()]
    detail = "; ".join(f"{fault['field']}: {fault['message']}" for fault in faults[:5])
    remedy = "Correct the fields listed in errors."
    return problem(422, "invalid-request", detail, instance=instance, remedy=remedy, errors=faults[:50])
