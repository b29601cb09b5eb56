"""What the clock does to take-down notices: overdue ones are shouted about, old ones and keys left behind go."""

from __future__ import annotations

import logging

from opentelemetry import metrics
from opentelemetry.metrics import Observation

from semblance.provenance.handlers import taking_down
from semblance.provenance.ports import Ports
from semblance.service_kit.metrics import callback
from semblance.service_kit.periodic import Periodic

_log = logging.getLogger(__name__)
EVERY_S = 60.0


def watch(ports: Ports) -> None:
    """Report open and overdue notices whenever metrics are collected."""

    def ask() -> list[Observation]:
        waiting, overdue = counts(ports)
        return [Observation(waiting, {"overdue": "false"}), Observation(overdue, {"overdue": "true"})]

    metrics.get_meter("semblance.provenance").create_observable_gauge(
        "semblance.takedowns.open", [callback(ask)], description="Take-down notices that nobody has decided."
    )


def clockwork(ports: Ports) -> Periodic:
    """Once a minute, after start()."""
    return Periodic("takedowns", lambda: sweep(ports), lambda: EVERY_S)


def sweep(ports: Ports) -> int:
    """Once; how many notices went. Raises Unavailable."""
    waiting, overdue = counts(ports)
    if waiting + overdue >= ports.takedown_rules.open_max:
        _log.critical("take-down notices are refused: too many wait", extra={"count": waiting + overdue})
    if overdue:
        _log.error("take-down notices are overdue", extra={"count": overdue})
    if unused := taking_down.drop_unused_keys(ports):
        _log.warning("keys of take-down notices that were never kept are destroyed", extra={"count": unused})
    gone = taking_down.expire(ports)
    if gone:
        _log.info("old take-down notices are forgotten", extra={"count": gone})
    return gone


def counts(ports: Ports) -> tuple[int, int]:
    """(open and in time, overdue)."""
    with ports.reads() as store:
        overdue = store.takedowns.open_count(due_by=ports.clock.now())
        return store.takedowns.open_count() - overdue, overdue
