"""The broker as services see it. KafkaBroker and MemoryBroker keep the same promises; one suite holds both to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from semblance.contracts.topic import Topic
from semblance.eventbus.record import Record


class Producer(Protocol):
    """Sends and waits. Safe to share between threads."""

    def send(self, record: Record) -> None:
        """Return once the broker has acknowledged. Raises BrokerUnavailable, RecordTooLarge."""

    def send_many(self, records: Sequence[Record]) -> None:
        """Like send, in order per key; when it raises, any part may have arrived. Raises as send does."""

    def close(self) -> None:
        """Give up the connection; a second call does nothing."""


class GroupConsumer(Protocol):
    """One member of a group: partitions are shared out, positions are kept by the broker. One thread only."""

    def poll(self, timeout_s: float, max_records: int = 100) -> list[Record]:
        """Records in order per partition, or nothing after `timeout_s`. Raises BrokerUnavailable."""

    def commit(self, records: Sequence[Record]) -> None:
        """These records, and all before them in their partitions, are done.

        A rebalance in between makes the commit void: the records come again, to this member or another.
        Raises BrokerUnavailable.
        """

    def pause(self) -> None:
        """Polls keep the membership alive and return nothing until resume."""

    def resume(self) -> None:
        """Undo pause; nothing was lost meanwhile."""

    def close(self) -> None:
        """Leave the group, so that its other members take over at once."""


class Reader(Protocol):
    """Reads every partition from the beginning, in no group. One thread only."""

    def poll(self, timeout_s: float) -> list[Record]:
        """Records in order per partition, or nothing after `timeout_s`.

        Raises BrokerUnavailable when the broker cannot be asked: silence is never taken for an empty topic, and an
        outage shows within some seconds.
        """

    def caught_up(self) -> bool:
        """Whether, at some poll since the start, everything that was there had been returned."""

    def heard_ago_s(self) -> float:
        """Seconds since the broker was last asked for news and gave them, counting only what poll() has returned.

        Silence makes it grow, whatever poll() returns: what it says is how old at most a piece of news is that this
        reader has not told yet.
        """

    def close(self) -> None:
        """Give up the connection."""


class Broker(Protocol):
    """A source of producers, consumers and readers."""

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """Create what is missing, each consumer's dead-letter topic with it. Raises BrokerUnavailable."""

    def producer(self) -> Producer:
        """A new producer."""

    def consumer(self, group: str, topics: Sequence[str]) -> GroupConsumer:
        """A new member of `group`; a group that never committed starts at the beginning."""

    def reader(self, topics: Sequence[str]) -> Reader:
        """A new reader of all of `topics`."""
