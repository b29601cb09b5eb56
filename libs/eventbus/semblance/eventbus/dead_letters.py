"""Records that could not be handled: kept beside their topic, counted, and moved back on command."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from semblance.contracts import registry
from semblance.eventbus.broker import Broker, Producer
from semblance.eventbus.errors import TooManyDeadLetters
from semblance.eventbus.record import Record

_log = logging.getLogger(__name__)
_PREFIX = "dlq_"


@dataclass(frozen=True)
class Reason:
    """Why a record is a dead letter: a machine-read code, and how often it was tried."""

    code: str
    attempts: int = 1


class DeadLetters:
    """One consumer's dead letters. Too many in a row stop it: a bad deploy must not drain a topic."""

    def __init__(self, producer: Producer, service: str, *, limit_in_a_row: int = 20) -> None:
        self._producer = producer
        self._service = service
        self._limit = limit_in_a_row
        self._in_a_row = 0

    def put(self, record: Record, reason: Reason) -> None:
        """Keep `record`; on topics without dead letters, drop it. Log its place and the code, never its payload.

        Raises BrokerUnavailable (the record must then not be committed); TooManyDeadLetters before keeping the
        record that would pass the limit.
        """
        if self._in_a_row >= self._limit:
            raise TooManyDeadLetters(f"{self._in_a_row} records in a row could not be handled; last: {reason.code}")
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        topic = registry.TOPICS.get(record.topic)
        if topic is None or topic.dead_letters:
            self._producer.send(as_dead_letter(record, self._service, reason))
            _log.warning("dead letter: %s %s", place, reason.code)
        else:
            _log.info("dropped: %s %s", place, reason.code)
        self._in_a_row += 1

    def handled(self) -> None:
        """A record was handled: the row is broken."""
        self._in_a_row = 0


def as_dead_letter(record: Record, service: str, reason: Reason) -> Record:
    """The record for the dead-letter topic: untouched, with its origin and the reason in headers."""
    origin = {
        "reason": reason.code,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "attempts": str(reason.attempts),
    }
    kept = tuple(h for h in record.headers if not h[0].startswith(_PREFIX))
    added = tuple((_PREFIX + name, text.encode()) for name, text in origin.items())
    return Record(registry.dead_letter_topic(record.topic, service), record.key, record.value, kept + added)


def replay(broker: Broker, topic: str, service: str, *, limit: int = 10_000, quiet_s: float = 8.0) -> int:
    """Move the dead letters of `service` back to `topic`, oldest first; returns how many were moved.

    Other consumers of the topic see them again and count them once. Ends after `limit` records or when nothing
    came for `quiet_s`, which must be longer than the broker takes to give a new member its partitions.
    Raises BrokerUnavailable; what was moved stays moved, and the record in hand may be moved twice.
    """
    producer = broker.producer()
    consumer = broker.consumer(f"{service}.replay", [registry.dead_letter_topic(topic, service)])
    moved = 0
    heard_at = time.monotonic()
    try:
        while moved < limit and time.monotonic() - heard_at < quiet_s:
            for record in consumer.poll(min(1.0, quiet_s), min(100, limit - moved)):
                producer.send(_as_it_was(record, topic))
                consumer.commit([record])
                moved += 1
                heard_at = time.monotonic()
    finally:
        consumer.close()
        producer.close()
    return moved


def _as_it_was(record: Record, topic: str) -> Record:
    kept = tuple(h for h in record.headers if not h[0].startswith(_PREFIX))
    return Record(topic, record.key, record.value, kept)
