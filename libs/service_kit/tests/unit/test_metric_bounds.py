"""What is told of seconds can be told apart at a second, and what one process tells from what another does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from semblance.service_kit import metrics
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.telemetry import Telemetry


def test_a_withdrawal_within_a_second_is_counted_apart_from_a_later_one(told: Callable[[str], list[Any]]) -> None:
    metrics.revocation_applied(0.9)
    metrics.revocation_applied(1.2)
    [point] = told("semblance.consent.revocation_lag")
    within = sum(count for bound, count in zip(point.explicit_bounds, point.bucket_counts, strict=False) if bound <= 1)
    assert (within, point.count) == (1, 2)


def test_replicas_of_a_service_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for process in (7, 8):
        monkeypatch.setattr("os.getpid", lambda process=process: process)
        telemetry = Telemetry("painter", ServiceSettings())
        told.append(telemetry.tracers.resource.attributes)
        telemetry.stop()
    assert [each["service.name"] for each in told] == ["painter"] * 2
    assert told[0]["service.instance.id"] != told[1]["service.instance.id"]
