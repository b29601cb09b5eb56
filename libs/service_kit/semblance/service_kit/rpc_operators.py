"""Calls that only an operator may make: services named OperatorService take an operator's token, not the platform's.

The name alone decides, so that no configuration can forget to protect one; the platform's internal token, which the
gateway holds, opens none of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextvars import ContextVar

from pydantic import SecretStr

from semblance.kernel.errors import Unauthenticated

OPERATOR_KEY = "semblance-operator-token"
_SERVICE = "OperatorService"
_calling: ContextVar[str] = ContextVar("operator", default="")


def is_operators(method: str) -> bool:
    """Whether `method` ("package.Service/Method") is one that only operators may call."""
    service = method.partition("/")[0]
    return service.rpartition(".")[2] == _SERVICE


def admit(tokens: Mapping[str, SecretStr], given: str) -> str:
    """The name of the operator whose token was given. Every token is compared, so that time tells nothing.

    Raises Unauthenticated, also when no token is configured.
    """
    found = [
        name
        for name, token in tokens.items()
        if token.get_secret_value() and hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    ]
    if not found:
        raise Unauthenticated(
            "this call needs an operator's token",
            remedy="Give the token of an operator that the service is configured with.",
            code="operator-token-required",
        )
    _calling.set(found[0])
    return found[0]


def operator() -> str:
    """Who makes the call that is being answered. Raises Unauthenticated outside of an operator's call."""
    name = _calling.get()
    if not name:
        raise Unauthenticated("this is not an operator's call", code="operator-token-required")
    return name


def forget() -> None:
    """The call has ended: its thread goes on to serve somebody else."""
    _calling.set("")
