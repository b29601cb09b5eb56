"""Kafka by kafka-python; the only module that imports it.

Held to what brokers differ in: `end_offsets` may lag behind the true end (Tansu answers the first offset of the
last batch + 1), `latest` likewise. The producer is not idempotent on purpose: Tansu keeps a producer's sequence number
apart from the record, so a broker killed in between acknowledges the retry (with offset -1) of a record that it never
kept: 4 of 7 such records were lost in 3 runs. Plain retries repeat records instead, and the inbox counts them once.
"""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from semblance.contracts.topic import Topic
from semblance.eventbus.errors import BrokerUnavailable, RecordTooLarge
from semblance.eventbus.kafka_options import client_options, consumer_options, producer_options, topic_options
from semblance.eventbus.record import MAX_RECORD_BYTES, Record
from semblance.eventbus.settings import BrokerSettings

with warnings.catch_warnings():
    # It reads its own schemas by importlib.resources.read_text, which Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
    from kafka.errors import (
        CommitFailedError,
        IllegalGenerationError,
        IllegalStateError,
        KafkaError,
        MessageSizeTooLargeError,
        RebalanceInProgressError,
        TopicAlreadyExistsError,
        UnknownMemberIdError,
    )
    from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

# For tansu_batches, as the client is imported here alone.
RecordBatch, RecordBatchBuilder = DefaultRecordBatch, DefaultRecordBatchBuilder

_log = logging.getLogger(__name__)
_REBALANCED = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)
_FIRST_BACK_OFF_S = 0.2
_LONGEST_BACK_OFF_S = 5.0
# A reader's silence is measured by its answered fetches, so they are asked for often.
_READER_FETCH_WAIT_MS = 200
_RECORDS_AT_ONCE = 5000
_ASK_EVERY_S = 2.0
_LONGEST_SILENCE_S = 5.0
_LEAST_WAIT_S = 0.2


class KafkaBroker:
    """A Kafka cluster. Making one connects to nothing; clients connect when they are first used."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        """See Broker. A topic that exists is left as it is."""
        with _wrapped("create topics"):
            admin = KafkaAdminClient(**client_options(self._settings))
            try:
                present = set(admin.list_topics())
                for name, options in topic_options(topics, self._settings.replication_factor).items():
                    if name not in present:
                        with contextlib.suppress(TopicAlreadyExistsError):  # another service was faster
                            admin.create_topics({name: options}, timeout_ms=self._settings.timeout_ms)
            finally:
                admin.close()

    def producer(self) -> KafkaEventProducer:
        """See Broker."""
        return KafkaEventProducer(self._settings)

    def consumer(self, group: str, topics: Sequence[str]) -> KafkaGroupConsumer:
        """See Broker."""
        return KafkaGroupConsumer(self._settings, group, topics)

    def reader(self, topics: Sequence[str]) -> KafkaReader:
        """See Broker."""
        return KafkaReader(self._settings, topics)


class KafkaEventProducer:
    """Acknowledged by all replicas, one request at a time so that a retry keeps the order; repeats are possible.

    After a failure the client is made anew, with back-off.
    """

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._client: KafkaProducer | None = None
        self._back_off_s = 0.0
        self._not_before = 0.0

    def send(self, record: Record) -> None:
        """See Producer."""
        self.send_many([record])

    def send_many(self, records: Sequence[Record]) -> None:
        """See Producer."""
        for record in records:
            if record.size_bytes() > MAX_RECORD_BYTES:
                raise RecordTooLarge(f"a record may hold {MAX_RECORD_BYTES} bytes; this one has {record.size_bytes()}")
        client = self._connected()
        try:
            with _wrapped("send"):
                sent = [self._hand_over(client, record) for record in records]
                for future in sent:
                    future.get(timeout=self._settings.timeout_s * 2)
        except BrokerUnavailable:
            self._discard(client)
            raise
        self._back_off_s = 0.0

    def close(self) -> None:
        """See Producer."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close(timeout=self._settings.timeout_s)

    def _hand_over(self, client: KafkaProducer, record: Record) -> Any:
        key = None if record.key is None else record.key.encode()
        try:
            return client.send(record.topic, key=key, value=record.value, headers=list(record.headers))
        except MessageSizeTooLargeError as error:
            raise RecordTooLarge(f"the broker's client refused {record.size_bytes()} bytes") from error

    def _connected(self) -> KafkaProducer:
        with self._lock:
            if self._client is None:
                if time.monotonic() < self._not_before:
                    raise BrokerUnavailable("the broker failed a moment ago")
                try:
                    with _wrapped("connect"):
                        self._client = KafkaProducer(**producer_options(self._settings))
                except BrokerUnavailable:
                    self._wait_longer()
                    raise
            return self._client

    def _discard(self, client: KafkaProducer) -> None:
        with self._lock:
            if self._client is client:
                self._client = None
                self._wait_longer()
        try:
            client.close(timeout=0)
        except KafkaError:
            # Its close gives up while it holds unsent records, and its thread would send them some day, out of order,
            # after the outbox has sent them again.
            client._sender.force_close()

    def _wait_longer(self) -> None:
        self._back_off_s = min(max(_FIRST_BACK_OFF_S, self._back_off_s * 2), _LONGEST_BACK_OFF_S)
        self._not_before = time.monotonic() + self._back_off_s


class KafkaGroupConsumer:
    """One group member; it joins at the first poll."""

    def __init__(self, settings: BrokerSettings, group: str, topics: Sequence[str]) -> None:
        self._settings = settings
        self._group = group
        self._topics = list(topics)
        self._client: KafkaConsumer | None = None
        self._paused = False
        self._heard_at_s = time.monotonic()
        self._missed = False

    def poll(self, timeout_s: float, max_records: int = 100) -> list[Record]:
        """See GroupConsumer."""
        with _wrapped("poll"):
            client = self._connected()
            if self._paused:
                client.pause(*client.assignment())
            batches = client.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
            self._probe_silence(client, heard=bool(batches))
        if not self._paused:
            return _records(batches)
        for place, batch in batches.items():  # assigned during this poll, so not yet paused: put back
            client.seek(place, batch[0].offset)
            client.pause(place)
        return []

    def commit(self, records: Sequence[Record]) -> None:
        """See GroupConsumer."""
        if self._client is None or not records:
            return
        ends: dict[TopicPartition, int] = {}
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            ends[place] = max(ends.get(place, 0), record.offset + 1)
        offsets = {place: OffsetAndMetadata(offset, "", -1) for place, offset in ends.items()}
        try:
            with _wrapped("commit"):
                self._client.commit(offsets, timeout_ms=self._settings.timeout_ms)
        except BrokerUnavailable as error:
            if not isinstance(error.__cause__, _REBALANCED):
                raise
            _log.info("group %s was rebalanced before a commit; the records will come again", self._group)

    def pause(self) -> None:
        """See GroupConsumer."""
        self._paused = True

    def resume(self) -> None:
        """See GroupConsumer."""
        self._paused = False
        if self._client is not None:
            self._client.resume(*self._client.assignment())

    def close(self) -> None:
        """See GroupConsumer."""
        client, self._client = self._client, None
        if client is not None:
            with _wrapped("leave the group"):
                client.close(autocommit=False, timeout_ms=self._settings.timeout_ms)

    def _probe_silence(self, client: KafkaConsumer, *, heard: bool) -> None:
        """A poll says nothing about an outage, so after some silence the broker is asked whether it is there.

        Once it may be slow, twice it is away: leaving the group for nothing makes every member wait.
        """
        if not heard and time.monotonic() - self._heard_at_s < _LONGEST_SILENCE_S:
            return
        if not heard:
            try:
                client.end_offsets([TopicPartition(self._topics[0], 0)], timeout_ms=self._settings.timeout_ms)
            except KafkaError:
                if self._missed:
                    raise
                self._missed = True
                return
        self._missed = False
        self._heard_at_s = time.monotonic()

    def _connected(self) -> KafkaConsumer:
        if self._client is None:
            client = KafkaConsumer(
                **consumer_options(self._settings),
                group_id=self._group,
                session_timeout_ms=self._settings.session_timeout_ms,
                heartbeat_interval_ms=self._settings.session_timeout_ms // 6,
            )
            client.subscribe(self._topics)
            _let_it_wait(client)
            self._client = client
        return self._client


def _let_it_wait(client: KafkaConsumer) -> None:
    """A member's poll waits no longer than until its next heartbeat, so while one is unanswered not at all: behind a
    broker that is slow or away each member would keep a processor busy, and the broker slow. Heartbeats are sent by a
    thread of the client's own, so none is late for this."""
    coordinator = client._coordinator
    until_next_s = coordinator.time_to_next_poll
    coordinator.time_to_next_poll = lambda: max(_LEAST_WAIT_S, until_next_s())


class KafkaReader:
    """Every partition by hand, from the beginning."""

    def __init__(self, settings: BrokerSettings, topics: Sequence[str]) -> None:
        self._settings = settings
        self._topics = list(topics)
        self._client: KafkaConsumer | None = None
        self._caught_up = False
        self._asked_at_s = 0.0
        self._heard_at_s = -math.inf
        self._last_fetch: _LastFetch | None = None

    def poll(self, timeout_s: float) -> list[Record]:
        """See Reader. A fetch is silent about outages, so an empty answer is checked with a request of its own, once it
        has caught up every 2 s: each request costs the broker a look at every partition."""
        with _wrapped("read"):
            client = self._connected()
            sent_at_s = self._last_fetch.sent_at_s if self._last_fetch else -math.inf
            records = _records(client.poll(timeout_ms=int(timeout_s * 1000), max_records=_RECORDS_AT_ONCE))
            if len(records) < _RECORDS_AT_ONCE:  # nothing of what was answered before this poll is left behind
                self._heard_at_s = max(self._heard_at_s, sent_at_s)
            due = not self._caught_up or time.monotonic() - self._asked_at_s >= _ASK_EVERY_S
            if not records and due:
                self._caught_up = self._at_end(client) or self._caught_up
                self._asked_at_s = time.monotonic()
        return records

    def caught_up(self) -> bool:
        """See Reader."""
        return self._caught_up

    def heard_ago_s(self) -> float:
        """See Reader. Counted from when the last answered fetch was sent: the broker may have looked at once."""
        return time.monotonic() - self._heard_at_s

    def close(self) -> None:
        """See Reader."""
        client, self._client = self._client, None
        if client is not None:
            with _wrapped("close"):
                client.close(autocommit=False, timeout_ms=self._settings.timeout_ms)

    def _at_end(self, client: KafkaConsumer) -> bool:
        # The answer to the request may be far before the end (Tansu's is of the object that was written last); what a
        # fetch told is right as of then, and a partition that no fetch has answered for is not at its end.
        timeout_ms = self._settings.timeout_ms
        for place, end in client.end_offsets(list(client.assignment()), timeout_ms=timeout_ms).items():
            told = client.highwater(place)
            if told is None or (client.position(place, timeout_ms=timeout_ms) or 0) < max(end, told):
                return False
        return True

    def _connected(self) -> KafkaConsumer:
        if self._client is None:
            own = {"fetch_max_wait_ms": _READER_FETCH_WAIT_MS, "metrics_enabled": True}  # see _LastFetch
            client = KafkaConsumer(**{**consumer_options(self._settings), **own}, group_id=None)
            found = {topic: client.partitions_for_topic(topic) for topic in self._topics}
            if not all(found.values()):
                client.close(autocommit=False)
                raise BrokerUnavailable(f"not there yet: {sorted(t for t, parts in found.items() if not parts)}")
            client.assign([TopicPartition(topic, n) for topic, parts in found.items() for n in sorted(parts)])
            self._last_fetch = _LastFetch(client)
            self._client = client
        return self._client


class _LastFetch:
    """Stands where the client's sensor of fetch latencies does, and remembers when the last answered fetch was sent.

    kafka-python tells nobody, its public metrics are averages; the port's tests notice if this place moves.
    """

    def __init__(self, client: KafkaConsumer) -> None:
        sensors = client._fetcher._sensors
        self._sensor = sensors.fetch_latency
        self.sent_at_s = -math.inf
        sensors.fetch_latency = self

    def record(self, latency_ms: float, time_ms: float | None = None) -> None:
        """Called by the client for every answer to a fetch, also for an empty one."""
        self.sent_at_s = time.monotonic() - latency_ms / 1000
        self._sensor.record(latency_ms, time_ms)


def _records(batches: dict[TopicPartition, list[Any]]) -> list[Record]:
    return [_record(found) for batch in batches.values() for found in batch]


def _record(found: Any) -> Record:
    key = None if found.key is None else found.key.decode(errors="replace")
    headers = tuple((name, value or b"") for name, value in found.headers)
    return Record(found.topic, key, found.value, headers, found.partition, found.offset)


@contextlib.contextmanager
def _wrapped(what: str) -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        if isinstance(error, IllegalStateError):
            raise  # our own misuse of the client
        raise BrokerUnavailable(f"the broker did not {what}: {type(error).__name__}") from error
