"""The platform's own instruments; they record nothing until telemetry.start() installs a provider."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from semblance.kernel.errors import Unavailable
from semblance.service_kit.bounded import Bounded

_meter = metrics.get_meter("semblance.service_kit")
# The SDK's own bounds begin at 0, 5 and 10, meant for milliseconds: in seconds a withdrawal that took too long
# would look like one that did not. One second is among the bounds because it is the promise.
_QUICK_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)
_LONG_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
# All that is asked at a collection has 30 s together, or nothing is sent.
_ANSWER_S = 4.0


def _seconds(name: str, description: str, bounds: tuple[float, ...]) -> metrics.Histogram:
    return _meter.create_histogram(name, unit="s", description=description, explicit_bucket_boundaries_advisory=bounds)


_events = _meter.create_counter("semblance.events.handled", description="Events by consumer, type and outcome.")
_event_s = _seconds("semblance.events.duration", "From poll to commit.", _QUICK_S)
_event_lag_s = _seconds("semblance.events.lag", "From the event's time to its poll.", _LONG_S)
_work_s = _seconds("semblance.work.duration", "Work by kind and outcome.", _LONG_S)
_dead = _meter.create_counter("semblance.dead_letters", description="Records set aside, by consumer and reason.")
_http_s = _seconds("semblance.http.duration", "Requests by route and status.", _QUICK_S)
_rpc_s = _seconds("semblance.rpc.duration", "Calls served by method and outcome.", _QUICK_S)
_revocation_s = _seconds("semblance.consent.revocation_lag", "From a revocation to its being applied here.", _QUICK_S)


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
    """A revocation reached this process while it ran; how long it had gone on without."""
    _revocation_s.record(max(0.0, lag_s))


def watch_queue(age_s_by_kind: Callable[[], dict[str, float]]) -> None:
    """Report the age of the oldest queued item of each kind whenever metrics are collected."""
    asked = callback(lambda: [Observation(age_s, {"kind": kind}) for kind, age_s in age_s_by_kind().items()])
    _meter.create_observable_gauge("semblance.work.queue_age", [asked], unit="s")


def watch_outbox(age_s: Callable[[], float]) -> None:
    """Report the age of the oldest event that was not sent; 0: there is none. A relay that is gone reports nothing, so
    every process of a service does."""
    asked = callback(lambda: [Observation(age_s())])
    _meter.create_observable_gauge("semblance.outbox.age", [asked], unit="s")


def watch_ready(roles: Collection[str], ready: Callable[[], bool | None]) -> None:
    """Report for each role whether the process is ready, 1 or 0; None: it stops, and says nothing more. Who hangs over
    the question is not ready."""
    asked = Bounded(ready, _ANSWER_S)

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        try:
            now = asked()
        except Unavailable:
            now = False
        return [] if now is None else [Observation(int(now), {"role": role}) for role in sorted(roles)]

    _meter.create_observable_gauge("semblance.process.ready", [observe])


def callback(ask: Callable[[], list[Observation]]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    """What an instrument asks at every collection. What is away is not told, rather than logged with a stack each time;
    what hangs is not waited for, or the process would tell nothing at all."""
    asked = Bounded(ask, _ANSWER_S)

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        try:
            return asked()
        except Unavailable:
            return []

    return observe
