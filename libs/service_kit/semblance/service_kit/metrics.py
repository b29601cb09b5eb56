"""The platform's own instruments; they record nothing until telemetry.start() installs a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

_meter = metrics.get_meter("semblance.service_kit")
_events = _meter.create_counter("semblance.events.handled", description="Events by consumer, type and outcome.")
_event_s = _meter.create_histogram("semblance.events.duration", unit="s", description="From poll to commit.")
_event_lag_s = _meter.create_histogram(
    "semblance.events.lag", unit="s", description="From the event's time to its poll."
)
_work_s = _meter.create_histogram("semblance.work.duration", unit="s", description="Work by kind and outcome.")
_dead = _meter.create_counter("semblance.dead_letters", description="Records set aside, by consumer and reason.")
_http_s = _meter.create_histogram("semblance.http.duration", unit="s", description="Requests by route and status.")
_rpc_s = _meter.create_histogram("semblance.rpc.duration", unit="s", description="Calls served by method and outcome.")
_revocation_s = _meter.create_histogram(
    "semblance.consent.revocation_lag", unit="s", description="From a revocation to its being applied here."
)


def event_handled(consumer: str, event_type: str, outcome: str, duration_s: float, lag_s: float) -> None:
    """One event was handled, or was not: outcome is "handled", "duplicate", "refused" or "dead_letter"."""
    labels = {"consumer": consumer, "type": event_type, "outcome": outcome}
    _events.add(1, labels)
    _event_s.record(duration_s, labels)
    _event_lag_s.record(max(0.0, lag_s), {"consumer": consumer, "type": event_type})


def dead_letter(consumer: str, reason: str) -> None:
    """One record was set aside."""
    _dead.add(1, {"consumer": consumer, "reason": reason})


def work_done(kind: str, outcome: str, duration_s: float) -> None:
    """One run of an item ended."""
    _work_s.record(duration_s, {"kind": kind, "outcome": outcome})


def http_served(method: str, route: str, status: int, duration_s: float) -> None:
    """One request was answered; `route` is the template, never the path."""
    _http_s.record(duration_s, {"method": method, "route": route, "status": status})


def rpc_served(method: str, outcome: str, duration_s: float) -> None:
    """One call was answered; outcome is "ok" or an error code."""
    _rpc_s.record(duration_s, {"method": method, "outcome": outcome})


def revocation_applied(lag_s: float) -> None:
    """A revocation reached this process."""
    _revocation_s.record(max(0.0, lag_s))


def watch_queue(age_s_by_kind: Callable[[], dict[str, float]]) -> None:
    """Report the age of the oldest queued item of each kind whenever metrics are collected."""

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(age_s, {"kind": kind}) for kind, age_s in age_s_by_kind().items()]

    _meter.create_observable_gauge("semblance.work.queue_age", [observe], unit="s")
