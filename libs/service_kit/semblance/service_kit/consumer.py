"""Events in: poll, then for each record one transaction (inbox row, handler, outbox rows), then the offset."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from semblance.contracts import registry
from semblance.eventbus import envelope
from semblance.eventbus.broker import Broker, GroupConsumer
from semblance.eventbus.dead_letters import DeadLetters, Reason
from semblance.eventbus.envelope import Envelope
from semblance.eventbus.errors import BrokerUnavailable, MalformedEvent, TooManyDeadLetters
from semblance.eventbus.inbox import Inbox
from semblance.eventbus.record import Record
from semblance.kernel.errors import Kind, QuotaExceeded, SemblanceError
from semblance.service_kit import metrics
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.tracing import context_of, tracer

_log = logging.getLogger(__name__)

# Handlers name the message class they take, so the table's value type cannot be narrower than Any.
Handler = Callable[[Any, Unit], None]
DEAD_LETTER, ACKNOWLEDGE, RETRY = "dead_letter", "acknowledge", "retry"
ACTIONS: Mapping[Kind, str] = {
    Kind.INVALID: DEAD_LETTER,
    Kind.NOT_FOUND: DEAD_LETTER,
    Kind.CONFLICT: DEAD_LETTER,
    Kind.UNAUTHENTICATED: ACKNOWLEDGE,
    Kind.FORBIDDEN: ACKNOWLEDGE,
    Kind.GONE: ACKNOWLEDGE,
    Kind.QUOTA: RETRY,
    Kind.UNAVAILABLE: RETRY,
}
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0


@dataclass(frozen=True)
class Subscription:
    """A group and what it does with each type of event; other known types on its topics are passed over.

    `group` is `<service>.<purpose>`. Every handler sees an event once, in one transaction with its effects.
    """

    group: str
    handlers: Mapping[type[Message], Handler] = field(hash=False)

    @property
    def service(self) -> str:
        """The service that this group belongs to."""
        return self.group.partition(".")[0]

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that carries a handled type."""
        return tuple(sorted({registry.topic_of(message).name for message in self.handlers}))

    def apply(self, database: Database, event: Envelope) -> str:
        """Handle `event` in one transaction: "handled", "duplicate" or "passed". Raises what the handler raises."""
        handler = self.handlers.get(type(event.message))
        if handler is None:
            return "passed"
        with database.transaction() as unit:
            if not Inbox.first_time(unit.session.connection(), self.group, event.event_id, now=unit.now()):
                return "duplicate"
            handler(event.message, unit)
        return "handled"

    def acknowledge(self, database: Database, event: Envelope) -> None:
        """Note an event whose handler refused it, so that it is not tried again."""
        with database.transaction() as unit:
            Inbox.first_time(unit.session.connection(), self.group, event.event_id, now=unit.now())


class ConsumerLoop:
    """One member of a subscription's group; one thread's whole life.

    It ends by returning (stop), by staying stopped and unready (too many dead letters), or by raising: what the
    handler raised if that is a bug or has been unavailable for longer than `retry_limit_s`.
    """

    def __init__(
        self,
        subscription: Subscription,
        broker: Broker,
        database: Database,
        *,
        retry_limit_s: float = 120.0,
        dead_letter_limit: int = 20,
    ) -> None:
        self._subscription = subscription
        self._broker = broker
        self._database = database
        self._retry_limit_s = retry_limit_s
        self._dead_letter_limit = dead_letter_limit
        self._stopped_by = ""
        self._reached = False

    def check(self) -> None:
        """Raise TooManyDeadLetters once it stopped itself, BrokerUnavailable while the broker is away."""
        if self._stopped_by:
            raise TooManyDeadLetters(f"consumer {self._subscription.group} stopped: {self._stopped_by}")
        if not self._reached:
            raise BrokerUnavailable(f"consumer {self._subscription.group} has not reached the broker")

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop`."""
        producer = self._broker.producer()
        consumer = self._broker.consumer(self._subscription.group, self._subscription.topics)
        letters = DeadLetters(producer, self._subscription.service, limit_in_a_row=self._dead_letter_limit)
        try:
            self._consume(consumer, letters, stop)
        except TooManyDeadLetters as error:
            self._stopped_by = error.detail
            _log.critical("consumer stopped", extra={"consumer": self._subscription.group, "error_code": error.code})
            consumer.close()
            stop.wait()
        finally:
            consumer.close()
            producer.close()

    def _consume(self, consumer: GroupConsumer, letters: DeadLetters, stop: threading.Event) -> None:
        pause_s = 0.0
        while not stop.is_set():
            try:
                records = consumer.poll(0.5, 50)
                self._reached, pause_s = True, 0.0
                self._batch(records, consumer, letters, stop)
            except BrokerUnavailable as error:
                # Nothing is lost: offsets stay, and what was handled is known to the inbox.
                self._reached = False
                pause_s = min(max(_FIRST_PAUSE_S, 2 * pause_s), _LONGEST_PAUSE_S)
                fields = {"consumer": self._subscription.group, "error_code": error.code}
                _log.warning("consumer waits for the broker", extra=fields)
                stop.wait(pause_s)

    def _batch(
        self, records: list[Record], consumer: GroupConsumer, letters: DeadLetters, stop: threading.Event
    ) -> None:
        done: list[Record] = []
        try:
            for record in records:
                if stop.is_set() or not self._record(record, consumer, letters, stop):
                    break
                done.append(record)
        finally:
            if done:
                consumer.commit(done)

    def _record(self, record: Record, consumer: GroupConsumer, letters: DeadLetters, stop: threading.Event) -> bool:
        """Deal with one record; whether it is done with."""
        try:
            event = envelope.from_record(record)
        except MalformedEvent as error:
            metrics.dead_letter(self._subscription.group, error.code)
            letters.put(record, Reason(error.code))
            return True
        if type(event.message) not in self._subscription.handlers:
            return True
        name = f"{record.topic} process"
        with tracer().start_as_current_span(name, context_of(event.traceparent), SpanKind.CONSUMER) as span:
            _describe(span, record, event, self._subscription.group)
            return self._event(event, record, consumer, letters, stop, span)

    def _event(
        self,
        event: Envelope,
        record: Record,
        consumer: GroupConsumer,
        letters: DeadLetters,
        stop: threading.Event,
        span: Span,
    ) -> bool:
        started_s, attempts, pause_s = time.monotonic(), 0, _FIRST_PAUSE_S
        while True:
            attempts += 1
            try:
                outcome = self._subscription.apply(self._database, event)
                letters.handled()
                break
            except SemblanceError as error:
                span.set_attribute("semblance.error_code", error.code)
                action = ACTIONS[error.kind]
                self._note(event, error, attempts)
                if action == DEAD_LETTER:
                    span.set_status(Status(StatusCode.ERROR, error.code))
                    metrics.dead_letter(self._subscription.group, error.code)
                    letters.put(record, Reason(error.code, attempts))
                    outcome = "dead_letter"
                    break
                if action == ACKNOWLEDGE:
                    self._subscription.acknowledge(self._database, event)
                    letters.handled()
                    outcome = "refused"
                    break
                if time.monotonic() - started_s > self._retry_limit_s:
                    raise
                if not _wait(consumer, stop, _pause(error, pause_s)):
                    return False
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        lag_s = (self._database.clock.now() - event.time).total_seconds()
        metrics.event_handled(self._subscription.group, event.type, outcome, time.monotonic() - started_s, lag_s)
        return True

    def _note(self, event: Envelope, error: SemblanceError, attempts: int) -> None:
        fields = {"consumer": self._subscription.group, "event_id": event.event_id, "event_type": event.type}
        codes = {"error_code": error.code, "error_kind": error.kind.value, "attempt": attempts}
        _log.warning("event refused", extra={**fields, **codes})


def _pause(error: SemblanceError, pause_s: float) -> float:
    if isinstance(error, QuotaExceeded):
        return max(pause_s, min(float(error.retry_after_s), 60.0))
    return pause_s


def _wait(consumer: GroupConsumer, stop: threading.Event, pause_s: float) -> bool:
    """Pause fetching, keep the membership alive, resume; False when stopped meanwhile."""
    consumer.pause()
    try:
        until_s = time.monotonic() + pause_s
        while (left_s := until_s - time.monotonic()) > 0:
            if stop.wait(min(0.1, left_s)):
                return False
            consumer.poll(0.0, 1)
    finally:
        consumer.resume()
    return True


def _describe(span: Span, record: Record, event: Envelope, group: str) -> None:
    span.set_attributes(
        {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.consumer.group.name": group,
            "messaging.message.id": event.event_id,
            "semblance.event_type": event.type,
            "semblance.event_source": event.source,
        }
    )
