"""Trace context as text: it travels in outbox rows, work rows, event headers and gRPC metadata."""

from __future__ import annotations

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()


def tracer() -> trace.Tracer:
    """The library's tracer; records nothing until telemetry.start() installs a provider."""
    return trace.get_tracer("semblance.service_kit")


def current_traceparent() -> str | None:
    """The W3C traceparent of the current span, or None outside any."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent")


def context_of(traceparent: str | None) -> otel_context.Context:
    """The remote context that `traceparent` names; an empty one for None or a malformed text."""
    return _PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=otel_context.Context())
