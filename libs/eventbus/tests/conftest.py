"""The brokers that the port suite runs on: the twin in memory, and a real Tansu."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest

from semblance.contracts.identity.v1 import events_pb2
from semblance.contracts.topic import Topic
from semblance.eventbus import (
    Broker,
    BrokerSettings,
    GroupConsumer,
    KafkaBroker,
    MemoryBroker,
    Producer,
    Reader,
    Record,
    to_record,
)
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id

Client = TypeVar("Client", Producer, GroupConsumer, Reader)


@pytest.fixture(scope="session")
def tansu() -> Iterator[TansuBroker]:
    with TansuBroker() as process:
        yield process


class ClosingBroker:
    """Closes at the test's end every client it handed out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._clients: list[Producer | GroupConsumer | Reader] = []

    def ensure_topics(self, topics: Sequence[Topic]) -> None:
        self._broker.ensure_topics(topics)

    def producer(self) -> Producer:
        return self._kept(self._broker.producer())

    def consumer(self, group: str, topics: Sequence[str]) -> GroupConsumer:
        return self._kept(self._broker.consumer(group, topics))

    def reader(self, topics: Sequence[str]) -> Reader:
        return self._kept(self._broker.reader(topics))

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def _kept(self, client: Client) -> Client:
        self._clients.append(client)
        return client


@pytest.fixture(params=["memory", pytest.param("tansu", marks=pytest.mark.integration)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    closing = ClosingBroker(kafka(request.getfixturevalue("tansu")) if request.param == "tansu" else MemoryBroker())
    yield closing
    closing.close()


def kafka(process: TansuBroker) -> KafkaBroker:
    """Nothing is killed here, and a busy machine takes its time for 32 MiB. Who stands still for six seconds is out of
    its group; with more every test would take longer, since Tansu lets nobody in before half of it has passed."""
    return KafkaBroker(BrokerSettings(process.bootstrap_servers, session_timeout_ms=6000, timeout_s=30))


@pytest.fixture
def topic(broker: Broker) -> Topic:
    """A topic that no other test writes to."""
    made = Topic(
        name=f"test.{uuid.uuid4().hex}.v1",
        owner="identity",
        key="consent_id",
        partitions=3,
        retention_hours=1,
        compacted=False,
        producers=("identity",),
        consumers=("training",),
        messages=(),
        dead_letters=True,
    )
    broker.ensure_topics([made])
    return made


@pytest.fixture
def take() -> Callable[..., list[Record]]:
    """Poll until `count` records came or a minute passed: after an outage relay and producer pause up to 15 s."""
    import time

    def taking(consumer: GroupConsumer, count: int, *, commit: bool = True) -> list[Record]:
        taken: list[Record] = []
        deadline = time.monotonic() + 60
        while len(taken) < count and time.monotonic() < deadline:
            batch = consumer.poll(0.5)
            if commit and batch:
                consumer.commit(batch)
            taken += batch
        return taken

    return taking


def granted(consent_id: str | None = None) -> events_pb2.ConsentGranted:
    return events_pb2.ConsentGranted(subject_id=new_id(), consent_id=consent_id or new_id(), consent_revision=1)


@pytest.fixture
def event() -> Callable[..., Record]:
    """A well-formed record of identity.consent.v1."""

    def make(consent_id: str | None = None) -> Record:
        return to_record(granted(consent_id), source="identity", event_id=new_id(), time=FakeClock().now())

    return make
