"""How far a consumer has come, told to the broker now and then rather than after every event.

Each telling is a request, and a write of the broker's that costs more than the event itself. What was handled and not
told comes again after a crash or a rebalance, and the inbox counts it once: so it is at most the last second's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from semblance.eventbus.broker import GroupConsumer
from semblance.eventbus.record import Record

EVERY_S = 1.0


class Offsets:
    """Of one member of a group, in its thread."""

    def __init__(
        self, consumer: GroupConsumer, *, every_s: float = EVERY_S, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = consumer
        self._every_s = every_s
        self._now_s = now_s
        self._last: dict[tuple[str, int], Record] = {}
        self._due_s = 0.0
        self._hurried = False

    def done(self, records: Sequence[Record]) -> None:
        """These are done with; in order per partition, as they were polled."""
        if records and not self._last:
            self._due_s = self._now_s() + self._every_s
        for record in records:
            self._last[(record.topic, record.partition)] = record

    def hurry(self) -> None:
        """The next `tell` tells all: what went to the dead letters would go there twice."""
        self._hurried = True

    def tell(self, *, at_once: bool = False) -> None:
        """Commit what is done with if that is due. Raises BrokerUnavailable."""
        if self._last and (at_once or self._hurried or self._now_s() >= self._due_s):
            self._consumer.commit(list(self._last.values()))
            self._last.clear()
            self._hurried = False

    def drop(self) -> None:
        """The broker is away: nothing can be told any more, all of it comes again."""
        self._last.clear()
