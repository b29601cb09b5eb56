"""How many engines there should be: by how much waits, and by how long it waits for its first step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Protocol

FIRST_STEP_WAIT: Final = "first_step_wait_s"
"""What each replica tells, under this name: how long the oldest drawing waits of which no row has begun."""
SLOW_S: Final = 5.0
"""A first step that comes later wants one more engine, however short the queue is: where memory is short, or every slot
is worn, a drawing waits though no more are there than the lanes would hold."""


class Context(Protocol):
    """What Ray Serve tells an autoscaling policy; only what is read here."""

    current_num_replicas: int
    total_num_requests: float
    aggregated_metrics: Mapping[str, Mapping[Any, float]] | None
    config: Any


def replicas(context: Context) -> tuple[int, dict[str, Any]]:
    """The wanted number; Serve holds it to its least and most, and delays it, and gives nothing up while one waits.

    One replica for every `target_ongoing_requests`, and one more than there are while first steps come late.
    """
    target = float(context.config.target_ongoing_requests)
    wanted = math.ceil(context.total_num_requests / target)
    waits = (context.aggregated_metrics or {}).get(FIRST_STEP_WAIT, {})
    if waits and max(waits.values()) > SLOW_S:
        wanted = max(wanted, context.current_num_replicas + 1)
    return wanted, {}
