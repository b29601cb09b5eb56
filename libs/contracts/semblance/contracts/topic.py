"""What a topic's file says, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """One topic: who owns it, what its records are keyed by, who writes, who reads, what may be in it."""

    name: str
    owner: str
    # The field of every message that is the record's key, so that one aggregate stays in order.
    key: str
    partitions: int
    # -1 keeps records for ever.
    retention_hours: int
    compacted: bool
    producers: tuple[str, ...]
    consumers: tuple[str, ...]
    # Full protobuf names, which are also the CloudEvents types.
    messages: tuple[str, ...]
    # False where a record that cannot be handled is dropped: ticks that nobody misses.
    dead_letters: bool
    description: str = ""
    # What a consumer named above leaves alone, by service.
    passes_over: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def handled_by(self, service: str) -> tuple[str, ...]:
        """The messages that `service` must handle; none if it does not consume this topic."""
        if service not in self.consumers:
            return ()
        left_alone = dict(self.passes_over).get(service, ())
        return tuple(name for name in self.messages if name not in left_alone)
