from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from semblance.contracts import registry
from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus import envelope
from semblance.eventbus.errors import BrokerUnavailable, TooManyDeadLetters
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.record import Record
from semblance.kernel import errors
from semblance.kernel.ids import new_id
from semblance.service_kit import testing
from semblance.service_kit.consumer import ACTIONS, ConsumerLoop, Subscription
from semblance.service_kit.database import Database, Unit

TOPIC = "platform.erasure.v1"
DEAD = registry.dead_letter_topic(TOPIC, "ingest")
Handle = Callable[[events_pb2.ErasureRequested, Unit], None]


def an_event() -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())


def subscription(handler: Handle, at_once: int = 1) -> Subscription:
    return Subscription("ingest.erasure", {events_pb2.ErasureRequested: handler}, at_once)


def a_broker() -> MemoryBroker:
    broker = MemoryBroker()
    broker.ensure_topics([registry.TOPICS[TOPIC]])
    return broker


def send(broker: MemoryBroker, database: Database, *messages: events_pb2.ErasureRequested) -> None:
    for message in messages:
        record = envelope.to_record(message, source="identity", event_id=new_id(), time=database.clock.now())
        broker.producer().send(record)


class Running:
    def __init__(self, loop: ConsumerLoop) -> None:
        self.loop = loop
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.loop.run(self.stop)
        except Exception as error:  # noqa: BLE001 - kept for the test to look at
            self.error = error

    def end(self) -> None:
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@contextmanager
def consuming(
    broker: MemoryBroker, database: Database, handler: Handle, at_once: int = 1, **options: float
) -> Iterator[Running]:
    sub = subscription(handler, at_once)
    running = Running(ConsumerLoop(sub, broker, database, **options))  # type: ignore[arg-type]
    try:
        yield running
    finally:
        running.end()


def eventually(what: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline_s, "it did not happen in time"
        time.sleep(0.01)


def said(running: Running) -> errors.SemblanceError | None:
    """What its check raises now."""
    try:
        running.loop.check()
    except errors.SemblanceError as error:
        return error
    return None


def test_an_event_delivered_twice_has_one_effect(database: Database) -> None:
    handled: list[str] = []
    sub = subscription(lambda message, unit: handled.append(message.erasure_id))
    assert testing.deliver(sub, database, an_event()) == ["handled", "duplicate"]
    assert len(handled) == 1


def test_records_are_handled_in_order_and_their_offsets_committed(database: Database) -> None:
    broker, handled = a_broker(), list[str]()
    subject = new_id()
    events = [events_pb2.ErasureRequested(subject_id=subject, erasure_id=new_id()) for _ in range(30)]
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)) as running:
        send(broker, database, *events)
        eventually(lambda: len(handled) == 30)
        running.loop.check()
    assert handled == [event.erasure_id for event in events]
    with consuming(broker, database, lambda m, u: handled.append("again")):
        send(broker, database, an_event())
        eventually(lambda: len(handled) == 31)
    assert handled[-1] == "again"


def test_types_without_a_handler_are_passed_over(database: Database) -> None:
    broker, handled = a_broker(), list[str]()
    other = events_pb2.ErasureCompleted(subject_id=new_id(), erasure_id=new_id())
    broker.producer().send(envelope.to_record(other, source="identity", event_id=new_id(), time=database.clock.now()))
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)):
        send(broker, database, an_event())
        eventually(lambda: len(handled) == 1)
    assert broker.records(DEAD) == []


def test_every_kind_has_an_action() -> None:
    assert set(ACTIONS) == set(errors.Kind)


@pytest.mark.parametrize("error", [errors.Invalid("no"), errors.NotFound("no"), errors.Conflict("no")])
def test_what_can_never_work_is_set_aside_with_its_reason(database: Database, error: errors.SemblanceError) -> None:
    broker = a_broker()

    def refuse(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        unit.emit(message)
        raise error

    with consuming(broker, database, refuse):
        send(broker, database, an_event())
        eventually(lambda: len(broker.records(DEAD)) == 1)
    assert broker.records(DEAD)[0].header("dlq_reason") == error.code
    assert testing.emitted(database) == []


@pytest.mark.parametrize("error", [errors.ConsentMissing(), errors.Unauthenticated("no"), errors.Gone("no")])
def test_what_may_not_be_done_is_acknowledged(database: Database, error: errors.SemblanceError) -> None:
    broker, tries = a_broker(), list[int]()
    event_id = new_id()

    def refuse(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        tries.append(1)
        unit.emit(message)
        raise error

    with consuming(broker, database, refuse):
        record = envelope.to_record(an_event(), source="identity", event_id=event_id, time=database.clock.now())
        broker.producer().send_many([record, record])
        send(broker, database, an_event())
        eventually(lambda: len(tries) == 2)
    assert broker.records(DEAD) == []
    assert testing.emitted(database) == []


@pytest.mark.parametrize(
    "error", [errors.Unavailable("away"), errors.QuotaExceeded("busy", retry_after_s=0)], ids=["away", "busy"]
)
def test_what_may_work_later_is_tried_again(database: Database, error: errors.SemblanceError) -> None:
    broker, tries = a_broker(), list[int]()

    def third_time(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise error
        unit.emit(message)

    with consuming(broker, database, third_time):
        send(broker, database, an_event())
        eventually(lambda: len(testing.emitted(database)) == 1)
    assert len(tries) == 3


def test_retries_end_and_the_event_comes_again(database: Database) -> None:
    broker, event = a_broker(), an_event()

    def away(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        raise errors.Unavailable("away")

    with consuming(broker, database, away, retry_limit_s=0.1) as running:
        send(broker, database, event)
        running.thread.join(60)
        assert isinstance(running.error, errors.Unavailable)
    handled: list[str] = []
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)):
        eventually(lambda: handled == [event.erasure_id])


def test_a_bug_crashes_with_the_offset_uncommitted(database: Database) -> None:
    broker, events, handled = a_broker(), [an_event(), an_event()], list[str]()

    def fall(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        if message.erasure_id == events[1].erasure_id:
            raise KeyError("bug")
        handled.append(message.erasure_id)

    with consuming(broker, database, fall) as running:
        send(broker, database, *events)
        running.thread.join(60)
        assert isinstance(running.error, KeyError)
    again: list[str] = []
    with consuming(broker, database, lambda m, u: again.append(m.erasure_id)):
        eventually(lambda: len(handled) + len(again) == 2)  # the first lies behind the second if its key says so
    assert sorted(handled + again) == sorted(event.erasure_id for event in events)


def test_records_that_are_no_events_are_set_aside(database: Database) -> None:
    broker, handled = a_broker(), list[str]()
    broker.producer().send(Record(TOPIC, "x", b"\xff\xff", ()))
    broker.producer().send(Record(TOPIC, None, None, ()))
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)):
        send(broker, database, an_event())
        eventually(lambda: len(handled) == 1 and len(broker.records(DEAD)) == 2)


def test_too_many_dead_letters_in_a_row_stop_the_consumer(database: Database) -> None:
    broker = a_broker()
    for number in range(10):
        broker.producer().send(Record(TOPIC, str(number), b"\xff", ()))

    with consuming(broker, database, lambda m, u: None, dead_letter_limit=4) as running:
        eventually(lambda: isinstance(said(running), TooManyDeadLetters))
        assert running.thread.is_alive()
    assert len(broker.records(DEAD)) == 4


def test_a_broker_that_goes_away_and_comes_back_loses_nothing(database: Database) -> None:
    broker, handled = a_broker(), list[str]()
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)) as running:
        send(broker, database, an_event())
        eventually(lambda: len(handled) == 1)
        broker.away = True
        eventually(lambda: isinstance(said(running), BrokerUnavailable))
        broker.away = False
        send(broker, database, an_event())
        eventually(lambda: len(handled) == 2)
    assert len(set(handled)) == 2


class LetterBox:
    """A producer that fails the first time."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._producer = broker.producer()
        self.failed = False

    def send(self, record: Record) -> None:
        if not self.failed:
            self.failed = True
            raise BrokerUnavailable("away")
        self._producer.send(record)

    def send_many(self, records: Sequence[Record]) -> None:
        raise AssertionError("a consumer sends dead letters one by one")

    def close(self) -> None:
        self._producer.close()


def test_a_dead_letter_that_cannot_be_kept_is_not_lost(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    broker, handled = a_broker(), list[str]()
    broker.producer().send(Record(TOPIC, "x", b"\xff", ()))
    send(broker, database, an_event())
    box = LetterBox(broker)
    monkeypatch.setattr(broker, "producer", lambda: box)
    with consuming(broker, database, lambda m, u: handled.append(m.erasure_id)):
        eventually(lambda: len(handled) == 1 and len(broker.records(DEAD)) == 1)
    assert box.failed


def test_events_that_share_a_transaction_keep_their_order_and_count_once(database: Database) -> None:
    broker, transactions = a_broker(), list[Unit]()
    subject = new_id()
    events = [events_pb2.ErasureRequested(subject_id=subject, erasure_id=new_id()) for _ in range(30)]

    def handle(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        transactions.append(unit)
        unit.emit(message)

    records = [envelope.to_record(e, source="identity", event_id=new_id(), time=database.clock.now()) for e in events]
    broker.producer().send_many([*records, *records[5:]])
    # However slow the machine is, no transaction is ended because of its time.
    with consuming(broker, database, handle, at_once=20, shared_s=3600):
        eventually(lambda: len(testing.emitted(database)) == 30)
        send(broker, database, an_event())
        eventually(lambda: len(testing.emitted(database)) == 31)
    assert [message.erasure_id for message in testing.emitted(database)[:30]] == [e.erasure_id for e in events]  # type: ignore[attr-defined]
    assert len(transactions) == 31
    assert len({id(unit) for unit in transactions}) < 10


@pytest.mark.parametrize("error", [errors.Invalid("no"), errors.ConsentMissing()], ids=["dead letter", "acknowledged"])
def test_one_refused_event_takes_none_of_its_neighbours_along(database: Database, error: errors.SemblanceError) -> None:
    broker, subject = a_broker(), new_id()
    events = [events_pb2.ErasureRequested(subject_id=subject, erasure_id=new_id()) for _ in range(12)]

    def handle(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        unit.emit(message)
        if message.erasure_id == events[4].erasure_id:
            raise error

    send(broker, database, *events)
    with consuming(broker, database, handle, at_once=20):
        eventually(lambda: len(testing.emitted(database)) == 11)
    wanted = [event.erasure_id for event in events if event is not events[4]]
    assert [message.erasure_id for message in testing.emitted(database)] == wanted  # type: ignore[attr-defined]
    assert len(broker.records(DEAD)) == (1 if isinstance(error, errors.Invalid) else 0)


def test_a_bug_behind_others_ends_the_process_with_those_done_and_itself_not(database: Database) -> None:
    broker, subject = a_broker(), new_id()
    events = [events_pb2.ErasureRequested(subject_id=subject, erasure_id=new_id()) for _ in range(6)]

    def handle(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        unit.emit(message)
        if message.erasure_id == events[3].erasure_id:
            raise ZeroDivisionError

    send(broker, database, *events)
    with consuming(broker, database, handle, at_once=20) as running:
        eventually(lambda: running.error is not None)
    assert isinstance(running.error, ZeroDivisionError)
    assert len(testing.emitted(database)) == 3

    def mended(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        unit.emit(message)

    with consuming(broker, database, mended, at_once=20):
        eventually(lambda: len(testing.emitted(database)) == 6)


def test_who_lingers_waits_after_events_and_not_for_them(database: Database) -> None:
    waits: list[float | None] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout)
            return super().wait(0)

    broker, handled, stop = a_broker(), list[str](), Stop()
    sub = Subscription(
        "ingest.erasure", {events_pb2.ErasureRequested: lambda m, u: handled.append(m.erasure_id)}, linger_s=33.0
    )
    thread = threading.Thread(target=ConsumerLoop(sub, broker, database).run, args=(stop,), daemon=True)
    thread.start()
    time.sleep(0.7)  # a look that finds nothing
    assert waits == []
    send(broker, database, an_event())
    eventually(lambda: waits == [33.0])
    assert len(handled) == 1
    stop.set()
    thread.join(60)
