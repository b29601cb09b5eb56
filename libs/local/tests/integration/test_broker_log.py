"""The real broker on the real store reads a joined log as it read the long one, from every offset and for groups."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.contracts import registry
from semblance.eventbus import BrokerSettings, GroupConsumer, KafkaBroker, Record
from semblance.eventbus.tansu import TansuBroker, s3_environment
from semblance.local.broker_log import BrokerLog
from semblance.objects.minio_store import MinioStore
from semblance.objects.seaweed import SeaweedServer

pytestmark = [
    pytest.mark.integration,
    # kafka-python leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
TOPIC = registry.TOPICS["ingest.photo.v1"]
COUNT = 240


@pytest.fixture
def running(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[tuple[KafkaBroker, MinioStore]]:
    caplog.set_level(logging.CRITICAL, "kafka")  # a kept traceback keeps its socket
    with SeaweedServer(tmp_path / "s3", buckets=["broker"]) as s3:
        environment = s3_environment(f"http://{s3.endpoint}", s3.access_key, s3.secret_key)
        with TansuBroker(storage="s3://broker/", environment=environment) as process:
            settings = BrokerSettings(process.bootstrap_servers, session_timeout_ms=6000, timeout_s=30)
            broker = KafkaBroker(settings)
            broker.ensure_topics([TOPIC])
            yield broker, MinioStore(s3.endpoint, s3.access_key, s3.secret_key, secure=False)
    gc.collect()


def take(consumer: GroupConsumer, count: int) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + 60
    while len(found) < count and time.monotonic() < deadline:
        records = consumer.poll(0.5, 50)
        consumer.commit(records)
        found += records
    return found


def read(broker: KafkaBroker) -> list[bytes]:
    """All that a reader gets until it says that it has caught up."""
    reader, found = broker.reader([TOPIC.name]), []
    deadline = time.monotonic() + 60
    while not reader.caught_up() and time.monotonic() < deadline:
        found += [record.value or b"" for record in reader.poll(0.2)]
    reader.close()
    return found


def test_a_joined_log_reads_as_the_long_one_did(running: tuple[KafkaBroker, MinioStore]) -> None:
    broker, store = running
    producer = broker.producer()
    sent = [Record(TOPIC.name, f"key-{n % 3}", b"%d" % n, (("type", b"t"),)) for n in range(COUNT)]
    for record in sent:
        producer.send(record)
    consumer = broker.consumer("g.halfway", [TOPIC.name])
    before = take(consumer, COUNT // 2)
    consumer.close()
    assert len(before) >= COUNT // 2

    log = BrokerLog(store, "broker")
    log.tidy()
    producer.send(Record(TOPIC.name, "key-0", b"afterwards", ()))  # older than the joined batches, and behind them
    assert log.tidy() > COUNT // 2
    halfway = read(broker)  # while both are there: some twice, none missing
    assert set(halfway) == {record.value for record in sent} | {b"afterwards"}
    log.tidy()

    consumer = broker.consumer("g.halfway", [TOPIC.name])
    after = take(consumer, COUNT + 1 - len(before))
    consumer.close()
    # Each once, in each key's order, across a commit in the middle of what is now one batch.
    numbers = [record.value for record in before + after]
    assert sorted(numbers) == sorted([record.value for record in sent] + [b"afterwards"])
    for key in ("key-0", "key-1", "key-2"):
        wanted = [record.value for record in sent if record.key == key]
        assert [record.value for record in before + after if record.key == key][: len(wanted)] == wanted
    assert {record.headers for record in before + after} == {(("type", b"t"),), ()}

    producer.close()
    assert sorted(read(broker)) == sorted([b"%d" % n for n in range(COUNT)] + [b"afterwards"])
    stranger = broker.consumer("g.late", [TOPIC.name])  # a group that comes now begins at the beginning
    assert len(take(stranger, COUNT + 1)) == COUNT + 1
    stranger.close()
