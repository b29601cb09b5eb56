"""A gRPC server whose servicers just raise: token, trace, errors, sizes and metrics are dealt with here."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from opentelemetry.trace import SpanKind, Status, StatusCode
from pydantic import SecretStr

from semblance.kernel.errors import SemblanceError, Unauthenticated
from semblance.service_kit import metrics, rpc_operators
from semblance.service_kit.rpc_errors import STATUS_BY_KIND, TOKEN_KEY, problem_metadata, size_options
from semblance.service_kit.tracing import context_of, tracer

_log = logging.getLogger(__name__)


def server(
    internal_token: SecretStr,
    *,
    other_token: SecretStr | None = None,
    workers: int = 16,
    operator_tokens: Mapping[str, SecretStr] | None = None,
) -> grpc.Server:
    """A server without a port yet. An empty token admits nobody, and without an operator's no OperatorService is open.

    `other_token` is accepted too: the next one or the last one, while the services change theirs one after another.
    """
    options = [*size_options(), ("grpc.so_reuseport", 0)]
    return grpc.server(
        ThreadPoolExecutor(max_workers=workers, thread_name_prefix="grpc"),
        interceptors=[_Edge((internal_token, other_token), operator_tokens or {})],
        options=options,
        maximum_concurrent_rpcs=workers * 8,
    )


class _Edge(grpc.ServerInterceptor):  # type: ignore[misc] # grpcio has no types
    def __init__(self, tokens: Sequence[SecretStr | None], operator_tokens: Mapping[str, SecretStr]) -> None:
        self._tokens = [secret.encode() for token in tokens if token and (secret := token.get_secret_value())]
        self._operator_tokens = operator_tokens

    def intercept_service(self, continuation: Callable[[Any], Any], details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None
        method = str(details.method).lstrip("/")
        if handler.response_streaming:
            behaviour = self._streaming(method, handler.stream_stream or handler.unary_stream)
            make = (
                grpc.stream_stream_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_stream_rpc_method_handler
            )
        else:
            behaviour = self._single(method, handler.stream_unary or handler.unary_unary)
            make = (
                grpc.stream_unary_rpc_method_handler
                if handler.request_streaming
                else grpc.unary_unary_rpc_method_handler
            )
        return make(
            behaviour,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _single(self, method: str, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def behaviour(request: Any, context: Any) -> Any:
            with self._call(method, context):
                return inner(request, context)

        return behaviour

    def _streaming(self, method: str, inner: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Iterator[Any]]:
        def behaviour(request: Any, context: Any) -> Iterator[Any]:
            with self._call(method, context):
                yield from inner(request, context)

        return behaviour

    @contextmanager
    def _call(self, method: str, context: Any) -> Iterator[None]:
        metadata = dict(context.invocation_metadata())
        started_s, outcome, failure = time.monotonic(), "ok", None
        parent = context_of(metadata.get("traceparent"))
        with tracer().start_as_current_span(method, context=parent, kind=SpanKind.SERVER) as span:
            try:
                self._authenticate(method, metadata)
                yield
            except SemblanceError as error:
                outcome, failure = error.code, error
                span.set_status(Status(StatusCode.ERROR, error.code))
                _log.info("call refused", extra={"method": method, "error_code": error.code})
            except Exception as error:  # noqa: BLE001 - the edge: a bug becomes INTERNAL without its text
                outcome = "internal"
                span.set_status(Status(StatusCode.ERROR, outcome))
                _log.error("call failed", exc_info=error, extra={"method": method})
                context.abort(grpc.StatusCode.INTERNAL, "internal error")
            finally:
                rpc_operators.forget()
                metrics.rpc_served(method, outcome, time.monotonic() - started_s)
        if failure is not None:
            context.set_trailing_metadata(problem_metadata(failure))
            context.abort(STATUS_BY_KIND[failure.kind], failure.code)

    def _authenticate(self, method: str, metadata: dict[str, Any]) -> None:
        if rpc_operators.is_operators(method):
            rpc_operators.admit(self._operator_tokens, str(metadata.get(rpc_operators.OPERATOR_KEY, "")))
            return
        given = str(metadata.get(TOKEN_KEY, "")).encode()
        # Every one is compared, so that time tells nothing.
        if not any([hmac.compare_digest(given, token) for token in self._tokens]):  # noqa: C419
            raise Unauthenticated("this call needs the platform's internal token")
