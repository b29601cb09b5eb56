"""Events in: poll, then for each record one transaction (inbox row, handler, outbox rows), then, within a second, the
offset.

A subscription may let several events share a transaction (`at_once`). If any of them is refused or fails, none of it
has happened, and they are dealt with one by one: what one event does never depends on its neighbours.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
from semblance.service_kit.offsets import Offsets
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
_POLLED = 50
# A transaction that several events share ends with the event after this, `shared_s`: other writers wait for it.
_SHARED_S = 0.1


@dataclass(frozen=True)
class Subscription:
    """A group and what it does with each type of event; other known types on its topics are passed over.

    `group` is `<service>.<purpose>`. Every handler sees an event once, in one transaction with its effects.
    `at_once`: so many events may share that transaction. More than one only where handlers do nothing but read and
    write through their Unit: what they read elsewhere would not show what the events before did, and the database's
    writers wait for all of them together.
    `linger_s`: so long after some events the next are awaited, which then come together; where nobody waits for them,
    and never while more are there already.
    Each look at the broker costs as much as an event, here, there and in what it stores in.
    """

    group: str
    handlers: Mapping[type[Message], Handler] = field(hash=False)
    at_once: int = 1
    linger_s: float = 0.0

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
        if type(event.message) not in self.handlers:
            return "passed"
        with database.transaction() as unit:
            return self.within(unit, event)

    def within(self, unit: Unit, event: Envelope) -> str:
        """Handle a handled type's event as part of `unit`: "handled" or "duplicate". Raises what the handler raises."""
        if not Inbox.first_time(unit.session.connection(), self.group, event.event_id, now=unit.now()):
            return "duplicate"
        unit.event = event
        self.handlers[type(event.message)](event.message, unit)
        return "handled"

    def acknowledge(self, database: Database, event: Envelope) -> str:
        """Note an event whose handler refused it, so that it is not tried again."""
        with database.transaction() as unit:
            Inbox.first_time(unit.session.connection(), self.group, event.event_id, now=unit.now())
        return "refused"


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
        shared_s: float = _SHARED_S,
    ) -> None:
        self._subscription = subscription
        self._broker = broker
        self._database = database
        self._retry_limit_s = retry_limit_s
        self._dead_letter_limit = dead_letter_limit
        self._shared_s = shared_s
        self._stopped_by = ""
        self._reached = False

    def check(self) -> None:
        """Raise TooManyDeadLetters once it stopped itself, BrokerUnavailable while the broker is away."""
        if self._stopped_by:
            raise TooManyDeadLetters(f"consumer {self._subscription.group} stopped: {self._stopped_by}")
        if not self._reached:
            raise BrokerUnavailable(f"consumer {self._subscription.group} has not reached the broker")

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop`; while the broker is away, try again ever more slowly, up to every 10 s."""
        producer = self._broker.producer()
        limit = self._dead_letter_limit
        letters = DeadLetters(producer, self._subscription.service, limit_in_a_row=limit)
        pause_s = 0.0
        try:
            while not stop.is_set():
                started_s = time.monotonic()
                try:
                    self._consume(letters, stop)
                except BrokerUnavailable as error:
                    # Nothing is lost: a new member begins at the last commit, and the inbox knows what was handled.
                    self._reached = False
                    lasted = time.monotonic() - started_s > 2 * _LONGEST_PAUSE_S
                    pause_s = _FIRST_PAUSE_S if lasted else min(max(_FIRST_PAUSE_S, 2 * pause_s), _LONGEST_PAUSE_S)
                    fields = {"consumer": self._subscription.group, "error_code": error.code}
                    _log.warning("consumer waits for the broker", extra=fields)
                    stop.wait(pause_s)
        except TooManyDeadLetters as error:
            self._stopped_by = error.detail
            _log.critical("consumer stopped", extra={"consumer": self._subscription.group, "error_code": error.code})
            stop.wait()
        finally:
            producer.close()

    def _consume(self, letters: DeadLetters, stop: threading.Event) -> None:
        consumer = self._broker.consumer(self._subscription.group, self._subscription.topics)
        offsets, most = Offsets(consumer), max(_POLLED, 4 * self._subscription.at_once)
        member = _Member(
            *(self._subscription, self._database, consumer, letters, stop),
            *(self._retry_limit_s, self._shared_s, offsets),
        )
        try:
            while not stop.is_set():
                records = consumer.poll(0.5, most)
                self._reached = True
                member.batch(records)
                offsets.tell()
                if self._subscription.linger_s and 0 < len(records) < most:
                    stop.wait(self._subscription.linger_s)
        except BrokerUnavailable:
            offsets.drop()
            raise
        finally:
            try:
                offsets.tell(at_once=True)
            finally:
                consumer.close()


@dataclass(frozen=True)
class _Member:
    """A membership, from joining the group to leaving it."""

    subscription: Subscription
    database: Database
    consumer: GroupConsumer
    letters: DeadLetters
    stop: threading.Event
    retry_limit_s: float
    shared_s: float
    offsets: Offsets

    def batch(self, records: list[Record]) -> None:
        """Deal with records in order and note those that are done with, whatever happens to the next."""
        done: list[Record] = []
        try:
            while len(done) < len(records):
                part = records[len(done) : len(done) + self.subscription.at_once]
                shared = self._together(part) if len(part) > 1 and not self.stop.is_set() else 0
                done += part[:shared]
                for record in [] if shared else part:
                    if self.stop.is_set() or not self._record(record):
                        return
                    done.append(record)
        finally:
            self.offsets.done(done)

    def _together(self, records: list[Record]) -> int:
        """Handle the first of these in one transaction; how many. 0: nothing has happened, take them one by one."""
        handled: list[tuple[Envelope, str, float]] = []
        count, began_s = 0, time.monotonic()
        try:
            events = [(record, envelope.from_record(record)) for record in records]
            with self.database.transaction() as unit:
                for record, event in events:
                    if type(event.message) in self.subscription.handlers:
                        started_s = time.monotonic()
                        with self._span(record, event):
                            outcome = self.subscription.within(unit, event)
                        handled.append((event, outcome, time.monotonic() - started_s))
                    count += 1
                    if time.monotonic() - began_s > self.shared_s:
                        break
        except Exception as error:  # noqa: BLE001 - whatever it is, it comes again when they are taken one by one
            fields = {"consumer": self.subscription.group, "error_code": getattr(error, "code", type(error).__name__)}
            _log.info("events are taken one by one", extra=fields)
            return 0
        now = self.database.clock.now()
        for event, outcome, took_s in handled:
            lag_s = (now - event.time).total_seconds()
            metrics.event_handled(self.subscription.group, event.type, outcome, took_s, lag_s)
            self.letters.handled()
        return count

    @contextmanager
    def _span(self, record: Record, event: Envelope) -> Iterator[Span]:
        name = f"{record.topic} process"
        with tracer().start_as_current_span(name, context_of(event.traceparent), SpanKind.CONSUMER) as span:
            _describe(span, record, event, self.subscription.group)
            yield span

    def _record(self, record: Record) -> bool:
        """Deal with one record; False when stopped before it was done with."""
        try:
            event = envelope.from_record(record)
        except MalformedEvent as error:
            self._dead_letter(record, error.code, 1)
            return True
        if type(event.message) not in self.subscription.handlers:
            return True
        started_s = time.monotonic()
        lag_s = (self.database.clock.now() - event.time).total_seconds()
        with self._span(record, event) as span:
            outcome = self._event(event, record, span)
        if outcome is None:
            return False
        group = self.subscription.group
        metrics.event_handled(group, event.type, outcome, time.monotonic() - started_s, lag_s)
        return True

    def _event(self, event: Envelope, record: Record, span: Span) -> str | None:
        """Apply the event until it is done with; the outcome, or None when stopped before."""
        step, attempts, pause_s, began_s = self.subscription.apply, 0, _FIRST_PAUSE_S, time.monotonic()
        while True:
            attempts += 1
            try:
                outcome = step(self.database, event)
            except SemblanceError as error:
                self._note(event, error, attempts, span)
                action = ACTIONS[error.kind]
                if action == DEAD_LETTER:
                    self._dead_letter(record, error.code, attempts)
                    return "dead_letter"
                if action == ACKNOWLEDGE:
                    step = self.subscription.acknowledge
                    continue
                if time.monotonic() - began_s > self.retry_limit_s:
                    raise
                if not self._wait(_pause(error, pause_s)):
                    return None
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                self.letters.handled()
                return outcome

    def _dead_letter(self, record: Record, code: str, attempts: int) -> None:
        metrics.dead_letter(self.subscription.group, code)
        self.offsets.hurry()
        self.letters.put(record, Reason(code, attempts))

    def _wait(self, pause_s: float) -> bool:
        """Pause fetching, keep the membership alive, resume; False when stopped meanwhile."""
        self.consumer.pause()
        try:
            until_s = time.monotonic() + pause_s
            while (left_s := until_s - time.monotonic()) > 0:
                if self.stop.wait(min(0.1, left_s)):
                    return False
                self.consumer.poll(0.0, 1)
        finally:
            self.consumer.resume()
        return True

    def _note(self, event: Envelope, error: SemblanceError, attempts: int, span: Span) -> None:
        span.set_attribute("semblance.error_code", error.code)
        span.set_status(Status(StatusCode.ERROR, error.code))
        fields = {"consumer": self.subscription.group, "event_id": event.event_id, "event_type": event.type}
        codes = {"error_code": error.code, "error_kind": error.kind.value, "attempt": attempts}
        _log.warning("event refused", extra={**fields, **codes})


def _pause(error: SemblanceError, pause_s: float) -> float:
    if isinstance(error, QuotaExceeded):
        return max(pause_s, min(float(error.retry_after_s), 60.0))
    return pause_s


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
