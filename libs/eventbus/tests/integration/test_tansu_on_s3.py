"""A log in S3 outlives its broker: kill -9 in the middle of sending loses nothing that was acknowledged."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semblance.contracts import registry
from semblance.eventbus import BrokerSettings, BrokerUnavailable, KafkaBroker, Record
from semblance.eventbus.tansu import TansuBroker, s3_environment
from semblance.objects.seaweed import SeaweedServer

pytestmark = [
    pytest.mark.integration,
    pytest.mark.resilience,
    # kafka-python leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
Take = Callable[..., list[Record]]
TOPIC = registry.TOPICS["ingest.photo.v1"]


@pytest.fixture
def tansu(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[TansuBroker]:
    caplog.set_level(logging.CRITICAL, "kafka")  # a kept traceback keeps its socket
    with SeaweedServer(tmp_path / "s3", buckets=["tansu"]) as s3:
        environment = s3_environment(f"http://{s3.endpoint}", s3.access_key, s3.secret_key)
        process = TansuBroker(storage="s3://tansu/", environment=environment)
        process.start()
        yield process
        process.stop()
    gc.collect()


def test_what_was_acknowledged_survives_kill_9(tansu: TansuBroker, take: Take) -> None:
    broker = KafkaBroker(BrokerSettings(tansu.bootstrap_servers, session_timeout_ms=3000, timeout_s=2))
    # For clients whose broker is not killed: they may wait.
    patient = KafkaBroker(BrokerSettings(tansu.bootstrap_servers, session_timeout_ms=6000, timeout_s=30))
    patient.ensure_topics([TOPIC])
    producer = broker.producer()
    acknowledged: list[int] = []
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            try:
                producer.send(Record(TOPIC.name, f"key-{number % 5}", str(number).encode(), ()))
            except BrokerUnavailable:
                time.sleep(0.05)
                continue
            acknowledged.append(number)
            number += 1

    def until_acknowledged(count: int) -> None:
        deadline = time.monotonic() + 60
        while len(acknowledged) < count:
            assert time.monotonic() < deadline, f"{len(acknowledged)} of {count} were acknowledged in time"
            time.sleep(0.02)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        for kill in range(1, 3):
            until_acknowledged(20 * kill)
            tansu.kill()
            stop.wait(0.3)
            tansu.start()
        until_acknowledged(60)
    finally:
        stop.set()
        sending.join(60)

    consumer = patient.consumer("g.survives", [TOPIC.name])
    got: set[int] = set()
    deadline = time.monotonic() + 60
    while not set(acknowledged) <= got and time.monotonic() < deadline:
        got |= {int(r.value or b"") for r in take(consumer, 1)}
    assert len(acknowledged) > 50
    assert set(acknowledged) <= got
    consumer.close()
    producer.close()
