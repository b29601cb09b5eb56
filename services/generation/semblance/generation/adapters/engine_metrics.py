"""What the engines do, as metrics; collected when metrics are, and never held up by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from semblance.generation.ports import EngineLoad

Reading = Callable[[EngineLoad], float]
_NOW: Final[Sequence[tuple[str, str, Reading]]] = (
    ("engines", "Engines that answer.", lambda load: load.engines),
    ("rows_waiting", "Rows that have not begun.", lambda load: load.waiting),
    ("rows_drawing", "Rows in the batches.", lambda load: load.drawing),
    ("slots", "Adapter slots.", lambda load: load.slots),
    ("slots_worn", "Slots whose adapter a row wears.", lambda load: load.slots_worn),
    ("oldest_wait", "Seconds that the oldest drawing waits whose rows all wait.", lambda load: load.oldest_wait_s),
    ("first_step_p95", "Seconds that 95 % of the last rows waited at most.", lambda load: load.first_step_p95_s),
)
_SINCE_START: Final[Sequence[tuple[str, str, Reading]]] = (
    ("steps", "Steps of a batch.", lambda load: load.steps),
    ("shortages", "Steps that did not fit into memory.", lambda load: load.shortages),
    ("adapters_held", "Drawings whose adapter was packed already.", lambda load: load.adapters_held),
    ("adapters_packed", "Drawings whose adapter had to be packed.", lambda load: load.adapters_packed),
)


def watch_engines(load: Callable[[], EngineLoad], meter: metrics.Meter | None = None) -> None:
    """Report `load()` at every collection; asked once for all instruments that are collected together."""
    meter = meter or metrics.get_meter("semblance.generation")
    seen = [EngineLoad()]

    def first(read: Reading) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            seen[0] = load()
            return [Observation(read(seen[0]))]

        return observe

    def later(read: Reading) -> Callable[[CallbackOptions], Iterable[Observation]]:
        return lambda _options: [Observation(read(seen[0]))]

    for index, (name, description, read) in enumerate(_NOW):
        observe = first(read) if index == 0 else later(read)
        meter.create_observable_gauge(f"semblance.engine.{name}", [observe], description=description)
    for name, description, read in _SINCE_START:
        meter.create_observable_counter(f"semblance.engine.{name}", [later(read)], description=description)
