from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import BrokerUnavailable, Inbox, MemoryBroker, Outbox, Record, Relay, from_record, tables
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id

TOPIC = "identity.consent.v1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    # Three relays and a writer share it, and SQLite lets one at a time: whoever is out of luck waits.
    engine = sa.create_engine(f"sqlite:///{tmp_path}/service.db", connect_args={"timeout": 60})
    tables.metadata.create_all(engine)
    yield engine
    engine.dispose()


def _consent(revision: int, consent_id: str | None = None) -> events_pb2.ConsentGranted:
    return events_pb2.ConsentGranted(subject_id=new_id(), consent_id=consent_id or new_id(), consent_revision=revision)


def _waiting(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.outbox)) or 0)


def _revisions(broker: MemoryBroker) -> list[int]:
    return [from_record(r).message.consent_revision for r in broker.records(TOPIC)]  # type: ignore[attr-defined]


def test_an_event_leaves_with_its_transaction(engine: sa.Engine) -> None:
    broker, outbox = MemoryBroker(), Outbox("identity")
    relay = Relay(engine, broker.producer())
    with engine.begin() as connection:
        event_id = outbox.add(connection, _consent(1), traceparent="00-aa-bb-01")
    with engine.connect() as connection:
        outbox.add(connection, _consent(2))
        connection.rollback()

    assert relay.run_once() == 1
    assert relay.run_once() == 0
    (record,) = broker.records(TOPIC)
    envelope = from_record(record)
    assert (envelope.event_id, envelope.source, envelope.traceparent) == (event_id, "identity", "00-aa-bb-01")


def test_events_are_sent_in_the_order_they_were_written_in_bounded_batches(engine: sa.Engine) -> None:
    broker, outbox, consent_id = MemoryBroker(), Outbox("identity"), new_id()
    relay = Relay(engine, broker.producer(), batch=4)
    with engine.begin() as connection:
        for revision in range(1, 11):
            outbox.add(connection, _consent(revision, consent_id))

    assert [relay.run_once() for _ in range(4)] == [4, 4, 2, 0]
    assert _revisions(broker) == list(range(1, 11))


def test_rows_stay_until_the_broker_has_them(engine: sa.Engine) -> None:
    broker = MemoryBroker()
    relay = Relay(engine, broker.producer())
    with engine.begin() as connection:
        Outbox("identity").add(connection, _consent(1))
    broker.away = True
    with pytest.raises(BrokerUnavailable):
        relay.run_once()
    assert _waiting(engine) == 1

    broker.away = False

    assert relay.run_once() == 1
    assert _waiting(engine) == 0


class _DiesAfterSending:
    def __init__(self, broker: MemoryBroker) -> None:
        self._producer = broker.producer()

    def send(self, record: Record) -> None:
        raise AssertionError("the relay sends batches")

    def send_many(self, records: list[Record]) -> None:
        self._producer.send_many(records)
        raise KeyboardInterrupt

    def close(self) -> None:
        self._producer.close()


def test_a_relay_that_dies_after_sending_sends_again_and_the_inbox_counts_once(engine: sa.Engine) -> None:
    broker = MemoryBroker()
    with engine.begin() as connection:
        Outbox("identity").add(connection, _consent(1))
    clock = FakeClock()
    with pytest.raises(KeyboardInterrupt):
        Relay(engine, _DiesAfterSending(broker), clock=clock).run_once()
    heir = Relay(engine, broker.producer(), clock=clock)
    assert heir.run_once() == 0
    clock.advance(61)

    assert heir.run_once() == 1

    twice = broker.records(TOPIC)
    assert len(twice) == 2
    with engine.begin() as connection:
        counted = [Inbox.first_time(connection, "training.consents", from_record(r).event_id) for r in twice]
    assert counted == [True, False]


def test_relays_side_by_side_keep_the_order(engine: sa.Engine) -> None:
    broker, outbox, stop, keys = MemoryBroker(), Outbox("identity"), threading.Event(), [new_id() for _ in range(3)]
    relays = [Relay(engine, broker.producer(), batch=3, idle_s=0.001, lease_s=0.2) for _ in range(3)]
    threads = [threading.Thread(target=relay.run, args=(stop,)) for relay in relays]
    for thread in threads:
        thread.start()
    for revision in range(1, 31):
        with engine.begin() as connection:
            for key in keys:
                outbox.add(connection, _consent(revision, key))
    deadline_s = time.monotonic() + 60
    while _waiting(engine) and time.monotonic() < deadline_s:
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(60)

    for key in keys:
        seen = [from_record(r).message.consent_revision for r in broker.records(TOPIC) if r.key == key]  # type: ignore[attr-defined]
        assert list(dict.fromkeys(seen)) == list(range(1, 31))


def test_an_absent_broker_is_asked_ever_more_rarely(engine: sa.Engine) -> None:
    broker = MemoryBroker()
    broker.away = True
    with engine.begin() as connection:
        Outbox("identity").add(connection, _consent(1))

    class Recording(threading.Event):
        def __init__(self) -> None:
            super().__init__()
            self.pauses: list[float] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.pauses.append(timeout or 0.0)
            if len(self.pauses) == 9:
                self.set()
            return self.is_set()

    stop = Recording()
    Relay(engine, broker.producer()).run(stop)

    assert stop.pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]
    assert _waiting(engine) == 1


def test_notify_ends_the_idle_wait(engine: sa.Engine) -> None:
    broker, stop = MemoryBroker(), threading.Event()
    relay = Relay(engine, broker.producer(), idle_s=60)
    running = threading.Thread(target=relay.run, args=(stop,))
    running.start()
    with engine.begin() as connection:
        Outbox("identity").add(connection, _consent(1))
    relay.notify()
    (record,) = broker.consumer("g", [TOPIC]).poll(30)  # within the idle wait
    assert record.topic == TOPIC
    stop.set()
    relay.notify()
    running.join(30)
    assert not running.is_alive()


def test_the_inbox_counts_per_consumer_and_forgets_the_old(engine: sa.Engine) -> None:
    clock = FakeClock()
    with engine.begin() as connection:
        assert Inbox.first_time(connection, "a", "event", now=clock.now())
        assert Inbox.first_time(connection, "b", "event", now=clock.now())
        assert not Inbox.first_time(connection, "a", "event", now=clock.now())
        clock.advance(60)
        assert Inbox.forget_before(connection, clock.now()) == 2


def test_a_rolled_back_handler_leaves_no_memory(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert Inbox.first_time(connection, "a", "event")
        connection.rollback()
        assert Inbox.first_time(connection, "a", "event")


def test_one_unfinished_work_item_an_aggregate(engine: sa.Engine) -> None:
    now = FakeClock().now()
    row = {"kind": "publish", "aggregate_id": new_id(), "payload": {}, "attempts": 0, "not_before": now}
    insert = sa.insert(tables.work_items)
    with engine.begin() as connection:
        connection.execute(insert.values(id=new_id(), state="done", created_at=now, **row))
        connection.execute(insert.values(id=new_id(), state="queued", created_at=now, **row))
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(insert.values(id=new_id(), state="claimed", created_at=now, **row))


def test_times_come_back_in_utc(engine: sa.Engine) -> None:
    now = FakeClock().now()
    with engine.begin() as connection:
        Inbox.first_time(connection, "a", "event", now=now)
        assert connection.scalar(sa.select(tables.inbox.c.handled_at)) == now
