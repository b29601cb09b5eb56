"""A small OTLP/gRPC receiver: spans and metric points become lines in files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from semblance.kernel.errors import Unavailable
from semblance.local.stream import LineFile


class Receiver:
    """Listens on the loopback from start() to stop()."""

    def __init__(self, port: int, traces: LineFile, metrics: LineFile) -> None:
        self._server = grpc.server(ThreadPoolExecutor(max_workers=2, thread_name_prefix="otlp"))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(_Traces(traces), self._server)  # type: ignore[no-untyped-call]
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(_Metrics(metrics), self._server)  # type: ignore[no-untyped-call]
        try:
            self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        except RuntimeError as e:
            raise Unavailable("the telemetry receiver cannot listen", code="port-taken") from e

    def start(self) -> None:
        """Begin to receive."""
        self._server.start()

    def stop(self) -> None:
        """Take what is in hand, then stop."""
        self._server.stop(1).wait()


class _Traces(trace_service_pb2_grpc.TraceServiceServicer):
    def __init__(self, lines: LineFile) -> None:
        self._lines = lines

    def Export(
        self, request: trace_service_pb2.ExportTraceServiceRequest, context: Any
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        del context
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes).get("service.name", "unknown")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self._lines.write(json.dumps(_span(span, service), ensure_ascii=False))
        return trace_service_pb2.ExportTraceServiceResponse()


class _Metrics(metrics_service_pb2_grpc.MetricsServiceServicer):
    def __init__(self, lines: LineFile) -> None:
        self._lines = lines

    def Export(
        self, request: metrics_service_pb2.ExportMetricsServiceRequest, context: Any
    ) -> metrics_service_pb2.ExportMetricsServiceResponse:
        del context
        for resource in request.resource_metrics:
            service = _attributes(resource.resource.attributes).get("service.name", "unknown")
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in _points(metric):
                        line = {"service": service, "metric": metric.name, "unit": metric.unit, **point}
                        self._lines.write(json.dumps(line, ensure_ascii=False))
        return metrics_service_pb2.ExportMetricsServiceResponse()


def _span(span: Span, service: object) -> dict[str, object]:
    return {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_id": span.parent_span_id.hex(),
        "service": service,
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        "start_ns": span.start_time_unix_nano,
        "duration_ms": round((span.end_time_unix_nano - span.start_time_unix_nano) / 1e6, 3),
        "error": span.status.code == Status.STATUS_CODE_ERROR,
        "attributes": _attributes(span.attributes),
    }


def _points(metric: Any) -> Iterable[dict[str, object]]:
    kind = metric.WhichOneof("data")
    for point in getattr(metric, kind).data_points if kind in {"sum", "gauge", "histogram"} else ():
        common = {"time_ns": point.time_unix_nano, "labels": _attributes(point.attributes)}
        if kind == "histogram":
            yield common | {"count": point.count, "sum": round(point.sum, 6)}
        else:
            yield common | {"value": getattr(point, point.WhichOneof("value"))}


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, object]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind) if kind in {"string_value", "bool_value", "int_value", "double_value"} else None
