"""How long an event takes behind a long log: the local broker on the local store, its log left alone and kept short.

Two of both, filled with as many batches of one event each. At each length they are asked by turns: events are sent, six
readers wait for them, and the processor time of broker and store is counted.
"""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from semblance.contracts import registry
from semblance.eventbus import BrokerSettings, KafkaBroker
from semblance.eventbus.kafka_options import consumer_options, producer_options
from semblance.eventbus.tansu import TansuBroker, s3_environment
from semblance.local.broker_log import BrokerLog
from semblance.objects.minio_store import MinioStore
from semblance.objects.seaweed import SeaweedServer

LENGTHS, ROUNDS, SENT, EVERY_S, READERS = (120, 2400, 6000), 3, 48, 0.2, 6
_TOPIC = registry.TOPICS["generation.progress.v1"]
_BUCKET = "broker"


@dataclass
class Place:
    """A store and a broker on it; `written` batches in each partition."""

    settings: BrokerSettings
    processes: tuple[psutil.Process, psutil.Process]
    log: BrokerLog
    written: int = 0

    def fill(self, length: int) -> None:
        """Batches of one event, until there are so many: a producer a partition, as each waits for its answer."""
        each = length // _TOPIC.partitions - self.written

        def write(partition: int) -> None:
            producer = KafkaProducer(**producer_options(self.settings))
            for _ in range(each):
                producer.send(_TOPIC.name, b"0" * 300, partition=partition).get(30)
            producer.close()

        _together([threading.Thread(target=write, args=(number,)) for number in range(_TOPIC.partitions)])
        self.written += each

    def asked(self) -> dict[str, float]:
        """The median and the longest delay in ms, and the cores that broker and store used, for ten seconds."""
        delays: list[float] = []
        stop = threading.Event()
        readers = [threading.Thread(target=self._listen, args=(stop, delays)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        time.sleep(2.0)
        producer = KafkaProducer(**producer_options(self.settings))
        cpu_s, began_s = self._cpu_s(), time.monotonic()
        for _ in range(SENT // _TOPIC.partitions):
            for partition in range(_TOPIC.partitions):
                producer.send(_TOPIC.name, repr(time.monotonic()).encode(), partition=partition).get(30)
                time.sleep(EVERY_S)
            self.written += 1
        time.sleep(1.0)
        cores = (self._cpu_s() - cpu_s) / (time.monotonic() - began_s)
        stop.set()
        producer.close()
        for reader in readers:
            reader.join()
        if not delays:  # nobody heard anything: no shorter than this
            delays.append(time.monotonic() - began_s)
        return {
            "median_ms": statistics.median(delays) * 1000,
            "most_ms": max(delays) * 1000,
            "heard": len(delays) / (SENT * READERS),
            "cores": cores,
        }

    def _listen(self, stop: threading.Event, delays: list[float]) -> None:
        """Whoever is at the end of the log already, as a service is."""
        client = KafkaConsumer(**consumer_options(self.settings), group_id=None)
        partitions = [TopicPartition(_TOPIC.name, number) for number in range(_TOPIC.partitions)]
        client.assign(partitions)
        for partition in partitions:
            client.seek(partition, self.written)
        while not stop.is_set():
            for records in client.poll(timeout_ms=300).values():
                delays += [time.monotonic() - float(record.value) for record in records]
        client.close(autocommit=False)

    def _cpu_s(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)


def measured(folder: Path) -> list[dict[str, Any]]:
    """A row a length: what was found of each, a median over the rounds."""
    rows = []
    with ExitStack() as stack:
        places = {name: _opened(stack, folder / name) for name in ("left alone", "kept short")}
        for length in LENGTHS:
            found: dict[str, list[dict[str, float]]] = {name: [] for name in places}
            for place in places.values():
                place.fill(length)
            short = places["kept short"]
            while short.log.tidy() or short.log.tidy():  # what it joined is removed by the pass after
                pass
            for number in range(ROUNDS):
                for name in list(places)[:: 1 if number % 2 else -1]:
                    found[name].append(places[name].asked())
            rows.append({"batches": length, **{name: _medians(runs) for name, runs in found.items()}})
    return rows


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(run[key] for run in runs), 3) for key in runs[0]}


def _opened(stack: ExitStack, folder: Path) -> Place:
    s3 = stack.enter_context(SeaweedServer(folder / "s3", buckets=[_BUCKET]))
    environment = s3_environment(f"http://{s3.endpoint}", s3.access_key, s3.secret_key)
    process = stack.enter_context(TansuBroker(storage=f"s3://{_BUCKET}/", environment=environment))
    settings = BrokerSettings(process.bootstrap_servers)
    KafkaBroker(settings).ensure_topics([_TOPIC])
    store = MinioStore(s3.endpoint, s3.access_key, s3.secret_key, secure=False)
    assert process.pid is not None
    return Place(settings, (psutil.Process(s3.pid), psutil.Process(process.pid)), BrokerLog(store, _BUCKET))


def _together(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
