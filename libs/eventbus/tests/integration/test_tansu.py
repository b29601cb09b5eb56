"""What happens when the broker dies. Memory storage loses the log by design; an S3-backed broker does not."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2
from semblance.eventbus import (
    Broker,
    BrokerSettings,
    BrokerUnavailable,
    GroupConsumer,
    KafkaBroker,
    Outbox,
    Reader,
    Record,
    Relay,
    tables,
)
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.ids import new_id

pytestmark = [
    pytest.mark.integration,
    pytest.mark.resilience,
    # kafka-python leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
Take = Callable[..., list[Record]]
TOPIC = registry.TOPICS["identity.consent.v1"]


@pytest.fixture(autouse=True)
def _collect_sockets() -> Iterator[None]:
    """Here, where the warning is expected, and not in some later test."""
    yield
    gc.collect()


def _kafka(process: TansuBroker) -> KafkaBroker:
    """For clients whose broker is killed: they notice soon."""
    return KafkaBroker(BrokerSettings(process.bootstrap_servers, session_timeout_ms=3000, timeout_s=2))


def _patient(process: TansuBroker) -> KafkaBroker:
    """For clients whose broker is there: on a machine that stands still for a moment they wait."""
    return KafkaBroker(BrokerSettings(process.bootstrap_servers, session_timeout_ms=6000, timeout_s=30))


def _consent(consent_id: str, revision: int) -> events_pb2.ConsentGranted:
    return events_pb2.ConsentGranted(subject_id=new_id(), consent_id=consent_id, consent_revision=revision)


def test_a_broker_that_is_not_there_is_unavailable_and_soon() -> None:
    broker = KafkaBroker(BrokerSettings("127.0.0.1:1", timeout_s=1))
    calls: list[Callable[[], object]] = [
        lambda: broker.ensure_topics([TOPIC]),
        lambda: broker.producer().send(Record(TOPIC.name, "k", b"v", ())),
        lambda: broker.consumer("g", [TOPIC.name]).poll(0.1),
        lambda: broker.reader([TOPIC.name]).poll(0.1),
    ]

    def took_s(call: Callable[[], object]) -> float:
        began = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            call()
        return time.monotonic() - began

    for call in calls:  # one of three times: on a machine that stands still meanwhile nothing is soon
        assert any(took_s(call) < 5 for _ in range(3))


def test_a_reader_never_takes_silence_for_an_empty_topic(take: Take) -> None:
    with TansuBroker() as process:
        broker = _kafka(process)
        _patient(process).ensure_topics([TOPIC])
        reader = broker.reader([TOPIC.name])
        while not reader.caught_up():
            _until_answered(lambda: reader.poll(0.3))
        process.kill()
        with pytest.raises(BrokerUnavailable):
            _poll_often(reader, 30)
        reader.close()


def test_a_group_member_notices_that_the_broker_is_gone(take: Take) -> None:
    with TansuBroker() as process:
        broker = _kafka(process)
        _patient(process).ensure_topics([TOPIC])
        consumer = broker.consumer("g.notices", [TOPIC.name])
        _until_answered(lambda: consumer.poll(0.5))
        for _ in range(12):
            assert consumer.poll(0.5) == []  # also longer than the silence after which it asks
        process.kill()
        with pytest.raises(BrokerUnavailable):
            _poll_often(consumer, 30)
        consumer.close()


def test_a_group_member_waits_for_a_broker_that_does_not_answer_and_keeps_no_processor_busy() -> None:
    """kafka-python's poll asks on without a pause while a heartbeat is due and unanswered."""
    with TansuBroker() as process:
        _patient(process).ensure_topics([TOPIC])
        consumer = _patient(process).consumer("g.waits", [TOPIC.name])
        consumer.poll(0.5)
        client, pid = consumer._client, process.pid
        assert client is not None
        assert pid is not None
        for _ in range(120):
            if client.assignment():
                break
            consumer.poll(0.5)
        asked, of_client = [], client._fetcher.fetch_records

        def counted(*given: object, **named: object) -> object:
            asked.append(time.monotonic())
            return of_client(*given, **named)

        client._fetcher.fetch_records = counted
        os.kill(pid, signal.SIGSTOP)
        try:
            assert client.poll(timeout_ms=4000) == {}  # a heartbeat is due each second
        finally:
            os.kill(pid, signal.SIGCONT)
        assert len(asked) <= 5 * (asked[-1] - asked[0]) + 20
        consumer.close()


def test_kill_9_on_memory_storage_loses_the_log_and_clients_go_on(take: Take) -> None:
    process = TansuBroker()
    process.start()
    try:
        broker = _kafka(process)
        _patient(process).ensure_topics([TOPIC])
        producer = broker.producer()
        _until_answered(lambda: producer.send(Record(TOPIC.name, "k", b"lost", ())))
        process.kill()
        with pytest.raises(BrokerUnavailable):
            producer.send(Record(TOPIC.name, "k", b"refused", ()))

        process.start()
        _patient(process).ensure_topics([TOPIC])
        _until_answered(lambda: producer.send(Record(TOPIC.name, "k", b"after", ())))

        consumer = _patient(process).consumer("g.after", [TOPIC.name])
        assert b"lost" not in [r.value for r in take(consumer, 1)]
        consumer.close()
        producer.close()
    finally:
        process.stop()


def test_the_outbox_carries_events_over_an_outage(tmp_path: Path, take: Take) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/outbox.db", connect_args={"timeout": 60})
    tables.metadata.create_all(engine)
    outbox = Outbox("identity")
    consent_id = new_id()
    process = TansuBroker()
    process.start()
    stop = threading.Event()
    try:
        broker = _kafka(process)
        _patient(process).ensure_topics([TOPIC])
        producer = broker.producer()
        relay = Relay(engine, producer)
        process.kill()
        running = threading.Thread(target=relay.run, args=(stop,))
        running.start()
        for revision in range(1, 21):
            with engine.begin() as connection:
                outbox.add(connection, _consent(consent_id, revision))
        process.start()
        _patient(process).ensure_topics([TOPIC])

        consumer = _patient(process).consumer("g.outage", [TOPIC.name])
        got = [events_pb2.ConsentGranted.FromString(r.value or b"").consent_revision for r in take(consumer, 20)]

        assert list(dict.fromkeys(got)) == list(range(1, 21))
        deadline = time.monotonic() + 60
        while _waiting(engine):
            assert time.monotonic() < deadline, "the relay did not hear that they were sent"
            time.sleep(0.05)
        stop.set()
        running.join(30)
        assert not running.is_alive()
        consumer.close()
        producer.close()
    finally:
        stop.set()
        process.stop()
        engine.dispose()


def _waiting(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(tables.outbox)) or 0)


def _poll_often(reader: Reader | GroupConsumer, times: int = 10) -> None:
    for _ in range(times):
        reader.poll(0.3)


def _until_answered(call: Callable[[], object]) -> None:
    """Of one whose broker is there: who notices soon also takes a machine that stands still for an absence."""
    for _ in range(240):
        try:
            call()
        except BrokerUnavailable:
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the client never recovered")


def test_the_real_broker_is_a_broker() -> None:
    broker: Broker = _kafka(TansuBroker())
    assert broker.producer() is not None
