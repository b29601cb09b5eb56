"""How a SemblanceError travels over gRPC: a status by kind, the fact itself in trailing metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import grpc

from semblance.kernel import errors
from semblance.kernel.errors import Kind, SemblanceError
from semblance.kernel.units import MIB

MESSAGE_LIMIT_BYTES = 32 * MIB
TOKEN_KEY = "semblance-internal-token"  # noqa: S105 - the name of the metadata, not a secret
PROBLEM_KEY = "semblance-problem-bin"
STATUS_BY_KIND: Mapping[Kind, Any] = {
    Kind.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.QUOTA: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.GONE: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
}


def _tree(cls: type[SemblanceError]) -> Iterator[type[SemblanceError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


_BY_CODE = {cls.code: cls for cls in _tree(SemblanceError) if cls is not SemblanceError}
_BY_KIND: Mapping[Kind, type[SemblanceError]] = {
    Kind.INVALID: errors.Invalid,
    Kind.NOT_FOUND: errors.NotFound,
    Kind.UNAUTHENTICATED: errors.Unauthenticated,
    Kind.FORBIDDEN: errors.Forbidden,
    Kind.CONFLICT: errors.Conflict,
    Kind.QUOTA: errors.QuotaExceeded,
    Kind.GONE: errors.Gone,
    Kind.UNAVAILABLE: errors.Unavailable,
}


def problem_metadata(error: SemblanceError) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries `error`."""
    problem: dict[str, Any] = {
        "kind": error.kind.value,
        "code": error.code,
        "detail": error.detail,
        "remedy": error.remedy,
    }
    if error.by_limits_of:
        problem["by_limits_of"] = dict(error.by_limits_of)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        problem["retry_after_s"] = retry_after_s
    return ((PROBLEM_KEY, json.dumps(problem).encode()),)


def error_of(call: grpc.RpcError) -> SemblanceError:
    """The error that the server raised, as the kernel's class; Unavailable for transport, deadline and its bugs."""
    for key, value in call.trailing_metadata() or ():
        if key == PROBLEM_KEY:
            return _rebuilt(json.loads(value))
    status = call.code()
    if status in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return errors.Unavailable("a service that is needed does not answer", code="service-unavailable", away=True)
    if status is grpc.StatusCode.CANCELLED:
        return errors.Unavailable("the call was cancelled", code="call-cancelled", away=True)
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return errors.Invalid(f"a message may hold {MESSAGE_LIMIT_BYTES} bytes", code="message-too-large")
    # Its bug, and from here one more way of not answering.
    return errors.Unavailable("a service that is needed failed", code="service-failed")


def _rebuilt(problem: Mapping[str, Any]) -> SemblanceError:
    kind = Kind(problem["kind"])
    cls = _BY_CODE.get(problem["code"], _BY_KIND[kind])
    if cls.kind is not kind:
        cls = _BY_KIND[kind]
    # Subclasses build their own texts from arguments that did not travel; the texts did.
    error = cls.__new__(cls)
    SemblanceError.__init__(error, problem["detail"], remedy=problem["remedy"], code=problem["code"])
    if "by_limits_of" in problem:
        error.by_limits_of = problem["by_limits_of"]
    if isinstance(error, errors.QuotaExceeded):
        error.retry_after_s = int(problem.get("retry_after_s", 1))
    if isinstance(error, errors.Unavailable):
        error.away = True  # whatever it lacks there, from here it is the service that cannot be asked
    return error


def size_options() -> Sequence[tuple[str, int]]:
    """Channel and server options that both ends must agree on."""
    return (
        ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
        ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
    )
