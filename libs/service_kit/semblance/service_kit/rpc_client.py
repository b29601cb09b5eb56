"""A channel whose calls raise the platform's errors, carry the token and the trace, and never wait for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pydantic import SecretStr

from semblance.service_kit.rpc_errors import TOKEN_KEY, error_of, size_options
from semblance.service_kit.rpc_operators import OPERATOR_KEY
from semblance.service_kit.tracing import current_traceparent, tracer

DEFAULT_DEADLINE_S = 10.0
_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.enable_retries", 1),
    (
        "grpc.service_config",
        # A service that restarts is away for a moment; callers choose ids, so a repeated call does nothing twice.
        json.dumps(
            {
                "methodConfig": [
                    {
                        "name": [{}],
                        "retryPolicy": {
                            "maxAttempts": 4,
                            "initialBackoff": "0.1s",
                            "maxBackoff": "1s",
                            "backoffMultiplier": 3,
                            "retryableStatusCodes": ["UNAVAILABLE"],
                        },
                    }
                ]
            }
        ),
    ),
)


def connect(address: str, internal_token: SecretStr, *, deadline_s: float = DEFAULT_DEADLINE_S) -> grpc.Channel:
    """A channel to `address` (host:port) for the generated stubs; connects when first used.

    Calls raise the kernel's errors: what the server raised, or Unavailable. `timeout=` on a call overrides the
    deadline.
    """
    return _open(address, _Proof(TOKEN_KEY, internal_token), deadline_s)


def connect_operator(
    address: str, operator_token: SecretStr, *, deadline_s: float = DEFAULT_DEADLINE_S
) -> grpc.Channel:
    """Like `connect`, for services that only an operator may call."""
    return _open(address, _Proof(OPERATOR_KEY, operator_token), deadline_s)


@dataclass(frozen=True)
class _Proof:
    """What a call shows, under which name of the metadata."""

    key: str
    token: SecretStr


def _open(address: str, proof: _Proof, deadline_s: float) -> grpc.Channel:
    inner = grpc.insecure_channel(address, options=[*size_options(), *_OPTIONS])
    return _Channel(inner, proof, deadline_s)


class _Channel(grpc.Channel):  # type: ignore[misc] # grpcio has no types
    def __init__(self, inner: grpc.Channel, proof: _Proof, deadline_s: float) -> None:
        self._inner = inner
        self._proof = proof
        self._deadline_s = deadline_s

    def unary_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _Call(method, self._inner.unary_unary(method, *args, **kwargs), self._proof, self._deadline_s)

    def stream_unary(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _Call(method, self._inner.stream_unary(method, *args, **kwargs), self._proof, self._deadline_s)

    def unary_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _StreamCall(method, self._inner.unary_stream(method, *args, **kwargs), self._proof, self._deadline_s)

    def stream_stream(self, method: str, *args: Any, **kwargs: Any) -> Any:
        return _StreamCall(method, self._inner.stream_stream(method, *args, **kwargs), self._proof, self._deadline_s)

    def subscribe(self, callback: Callable[..., None], try_to_connect: bool = False) -> None:
        self._inner.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Callable[..., None]) -> None:
        self._inner.unsubscribe(callback)

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> _Channel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Call:
    """Calls that answer once."""

    def __init__(self, method: str, inner: Callable[..., Any], proof: _Proof, deadline_s: float) -> None:
        self._method = method
        self._inner = inner
        self._proof = proof
        self._deadline_s = deadline_s

    def __call__(self, request: Any, timeout: float | None = None) -> Any:
        with tracer().start_as_current_span(self._method.lstrip("/"), kind=SpanKind.CLIENT) as span:
            try:
                return self._inner(request, timeout=timeout or self._deadline_s, metadata=_metadata(self._proof))
            except grpc.RpcError as call:
                _mark(span, call)
                raise error_of(call) from call


class _StreamCall(_Call):
    """Calls that answer with a stream; the errors come while it is read."""

    def __call__(self, request: Any, timeout: float | None = None) -> Iterator[Any]:
        with tracer().start_as_current_span(self._method.lstrip("/"), kind=SpanKind.CLIENT) as span:
            call = self._inner(request, timeout=timeout or self._deadline_s, metadata=_metadata(self._proof))
            try:
                yield from call
            except grpc.RpcError as error:
                _mark(span, error)
                raise error_of(error) from error
            finally:
                call.cancel()


def _metadata(proof: _Proof) -> list[tuple[str, str]]:
    traceparent = current_traceparent()
    trace = [("traceparent", traceparent)] if traceparent else []
    return [(proof.key, proof.token.get_secret_value()), *trace]


def _mark(span: Span, call: grpc.RpcError) -> None:
    span.set_attribute("rpc.grpc.status_code", call.code().name)
    span.set_status(Status(StatusCode.ERROR, call.code().name))
