"""What is told of seconds can be told apart at a second, and what one process tells from what another does."""

from __future__ import annotations

import importlib

import pytest
from opentelemetry import metrics as api
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from semblance.service_kit import metrics
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.telemetry import Telemetry


def test_a_withdrawal_within_a_second_is_counted_apart_from_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(api, "get_meter", provider.get_meter)
    importlib.reload(metrics)
    try:
        metrics.revocation_applied(0.9)
        metrics.revocation_applied(1.2)
        [resource] = reader.get_metrics_data().resource_metrics
        [found] = [m for m in resource.scope_metrics[0].metrics if m.name == "semblance.consent.revocation_lag"]
        [point] = found.data.data_points
        within = sum(
            count for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False) if bound <= 1
        )
        assert (within, point.count) == (1, 2)
    finally:
        monkeypatch.undo()
        importlib.reload(metrics)
        provider.shutdown()


def test_replicas_of_a_service_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for process in (7, 8):
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        telemetry = Telemetry("painter", ServiceSettings())
        told.append(telemetry.tracers.resource.attributes)
        telemetry.stop()
    assert [each["service.name"] for each in told] == ["painter"] * 2
    assert told[0]["service.instance.id"] != told[1]["service.instance.id"]
