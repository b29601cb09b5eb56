"""Traces and metrics by OTLP/gRPC, logs by `logs`; one start() and one stop() a process."""

from __future__ import annotations

import os
import socket

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from semblance.service_kit import logs
from semblance.service_kit.settings import ServiceSettings

_SPANS_EVERY_MS = 2000  # each export costs as much as some twenty spans in it


class Telemetry:
    """What a process sends about itself."""

    def __init__(self, service: str, settings: ServiceSettings, *, spans: SpanProcessor | None = None) -> None:
        """`spans` replaces the exporter, for tests."""
        # Without an instance several replicas would share a series, and a counter's rate would be wrong.
        instance = f"{socket.gethostname()}-{os.getpid()}"
        named = {"service.name": service, "service.namespace": "semblance", "service.instance.id": instance}
        resource = Resource.create(named)
        self.tracers = TracerProvider(resource=resource)
        readers: list[MetricReader] = []
        if spans is not None:
            self.tracers.add_span_processor(spans)
        elif settings.otlp_endpoint:
            insecure = settings.otlp_insecure
            exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint, insecure=insecure, timeout=5)
            self.tracers.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_SPANS_EVERY_MS))
            readers.append(
                PeriodicExportingMetricReader(
                    OTLPMetricExporter(endpoint=settings.otlp_endpoint, insecure=insecure, timeout=5),
                    export_interval_millis=settings.metrics_interval_s * 1000,
                )
            )
        self.meters = MeterProvider(readers, resource=resource)

    def stop(self) -> None:
        """Send what waits, for a few seconds at most."""
        self.tracers.force_flush(3000)
        self.tracers.shutdown()
        self.meters.shutdown(3000)


def start(service: str, settings: ServiceSettings) -> Telemetry:
    """Configure logging and install the process's tracer and meter providers. Once a process."""
    logs.configure(service, settings.log_level)
    telemetry = Telemetry(service, settings)
    trace.set_tracer_provider(telemetry.tracers)
    metrics.set_meter_provider(telemetry.meters)
    return telemetry
