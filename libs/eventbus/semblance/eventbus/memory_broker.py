"""A broker in this process, with the promises of the real one: partitions, groups, redelivery, absence."""

from __future__ import annotations

import dataclasses
import threading
import time
import zlib
from collections import defaultdict
from collections.abc import Sequence

from semblance.contracts import registry
from semblance.contracts.topic import Topic
from semblance.eventbus.errors import BrokerUnavailable, RecordTooLarge
from semblance.eventbus.record import MAX_RECORD_BYTES, Record

_Place = tuple[str, int]


class MemoryBroker:
    """Topics as lists. `away = True` makes every call fail as if the broker were unreachable."""

    def __init__(self) -> None:
        self.away = False
        self._changed = threading.Condition()
        self._partitions: dict[str, int] = {}
        self._logs: dict[_Place, list[Record]] = defaultdict(list)
        self._committed: dict[str, dict[_Place, int]] = defaultdict(dict)
        self._members: dict[str, list[_MemoryConsumer]] = defaultdict(list)

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """See Broker."""
        with self._reached():
            for topic in topics:
                self._partitions.setdefault(topic.name, topic.partitions)
                for service in topic.consumers if topic.dead_letters else ():
                    self._partitions.setdefault(registry.dead_letter_topic(topic.name, service), 1)
            for group in list(self._members):
                self._rebalance(group)

    def producer(self) -> _MemoryProducer:
        """See Broker."""
        return _MemoryProducer(self)

    def consumer(self, group: str, topics: Sequence[str]) -> _MemoryConsumer:
        """See Broker."""
        member = _MemoryConsumer(self, group, tuple(topics))
        with self._changed:
            self._members[group].append(member)
            self._rebalance(group)
        return member

    def reader(self, topics: Sequence[str]) -> _MemoryReader:
        """See Broker."""
        return _MemoryReader(self, tuple(topics))

    def records(self, topic: str) -> list[Record]:
        """Everything on a topic, partition by partition; for tests."""
        with self._changed:
            return [record for place in self._places((topic,)) for record in self._logs[place]]

    def _append(self, record: Record) -> None:
        if record.size_bytes() > MAX_RECORD_BYTES:
            raise RecordTooLarge(f"a record may hold {MAX_RECORD_BYTES} bytes; this one has {record.size_bytes()}")
        with self._reached():
            count = self._partitions.setdefault(record.topic, 1)
            partition = zlib.crc32((record.key or "").encode()) % count
            log = self._logs[record.topic, partition]
            log.append(dataclasses.replace(record, partition=partition, offset=len(log)))
            self._changed.notify_all()

    def _take(self, positions: dict[_Place, int], timeout_s: float, max_records: int) -> list[Record]:
        """Records after `positions`, which move on; waits up to `timeout_s` for the first."""
        deadline = time.monotonic() + timeout_s
        with self._reached():
            while True:
                taken: list[Record] = []
                for place in list(positions):
                    part = self._logs[place][positions[place] :][: max_records - len(taken)]
                    positions[place] += len(part)
                    taken += part
                left_s = deadline - time.monotonic()
                if taken or left_s <= 0:
                    return taken
                self._changed.wait(left_s)
                if self.away:
                    raise BrokerUnavailable("the broker went away")

    def _places(self, topics: Sequence[str]) -> list[_Place]:
        return [(topic, n) for topic in topics for n in range(self._partitions.get(topic, 1))]

    def _rebalance(self, group: str) -> None:
        members = self._members[group]
        for member in members:
            member.positions = {}
        for topic in sorted({topic for member in members for topic in member.topics}):
            takers = [member for member in members if topic in member.topics]
            for place in self._places((topic,)):
                takers[place[1] % len(takers)].positions[place] = self._committed[group].get(place, 0)

    def _leave(self, member: _MemoryConsumer) -> None:
        with self._changed:
            if member in self._members[member.group]:
                self._members[member.group].remove(member)
                self._rebalance(member.group)

    def _commit(self, member: _MemoryConsumer, records: Sequence[Record]) -> None:
        with self._reached():
            for record in records:
                place = (record.topic, record.partition)
                if place in member.positions:
                    done = self._committed[member.group]
                    done[place] = max(done.get(place, 0), record.offset + 1)

    def _reached(self) -> threading.Condition:
        if self.away:
            raise BrokerUnavailable("the broker is away")
        return self._changed


class _MemoryProducer:
    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def send(self, record: Record) -> None:
        self._broker._append(record)

    def send_many(self, records: Sequence[Record]) -> None:
        for record in records:
            self._broker._append(record)

    def close(self) -> None:
        """Nothing is held."""


class _MemoryConsumer:
    def __init__(self, broker: MemoryBroker, group: str, topics: tuple[str, ...]) -> None:
        self.group = group
        self.topics = topics
        self.positions: dict[_Place, int] = {}
        self._broker = broker
        self._paused = False

    def poll(self, timeout_s: float, max_records: int = 100) -> list[Record]:
        positions: dict[_Place, int] = {} if self._paused else self.positions
        return self._broker._take(positions, timeout_s, max_records)

    def commit(self, records: Sequence[Record]) -> None:
        self._broker._commit(self, records)

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False

    def close(self) -> None:
        self._broker._leave(self)


class _MemoryReader:
    def __init__(self, broker: MemoryBroker, topics: tuple[str, ...]) -> None:
        self._broker = broker
        self._topics = topics
        self._positions: dict[_Place, int] = {}
        self._caught_up = False

    def poll(self, timeout_s: float) -> list[Record]:
        for place in self._broker._places(self._topics):
            self._positions.setdefault(place, 0)
        records = self._broker._take(self._positions, timeout_s, 10_000)
        self._caught_up = self._caught_up or not records
        return records

    def caught_up(self) -> bool:
        return self._caught_up

    def heard_ago_s(self) -> float:
        return 0.0  # poll() raises while it is away

    def close(self) -> None:
        """Nothing is held."""
