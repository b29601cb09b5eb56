"""A removed adapter is heard of by every process, whichever of them consumes."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message

from semblance.contracts import registry
from semblance.contracts.training.v1 import events_pb2 as training_pb
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.generation.adapters.removals import TOPIC, Removals
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.main import let_go
from semblance.kernel.ids import AdapterId, new_id


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure_topics([registry.TOPICS[TOPIC]])
    return made


@pytest.fixture
def follow(broker: MemoryBroker) -> Iterator[Callable[[Callable[[AdapterId], None]], None]]:
    made: list[Removals] = []

    def following(told: Callable[[AdapterId], None]) -> None:
        made.append(Removals(broker, told))
        made[-1].start()

    yield following
    for each in made:
        each.stop()


def publish(broker: MemoryBroker, message: Message) -> None:
    now = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    broker.producer().send(envelope.to_record(message, source="training", event_id=new_id(), time=now))


def until(held: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + 30
    while not held():
        assert time.monotonic() < ends_s, "never heard of"
        time.sleep(0.01)


@pytest.mark.parametrize("message", [training_pb.AdapterRevoked, training_pb.AdapterRemoved])
def test_every_process_lets_go_of_a_removed_adapter(
    service: Any, broker: MemoryBroker, follow: Any, message: Any
) -> None:
    _, adapter_id = service.enrol()
    service.shelf.load(service.adapters.known[adapter_id])
    beside: list[AdapterId] = []
    follow(lambda found: let_go(found, service.shelf, service.renderer))
    follow(beside.append)
    publish(broker, training_pb.AdapterTrained(adapter_id=adapter_id, subject_id=service.subject_id))
    publish(broker, message(adapter_id=adapter_id, subject_id=service.subject_id))
    until(lambda: beside == [adapter_id] and bool(service.renderer.revoked))
    assert len(service.shelf) == 0
    assert service.renderer.revoked == [(Withdrawal(adapter_id=adapter_id), False)]


def test_a_broker_that_was_away_is_heard_again_and_says_nothing_twice(broker: MemoryBroker, follow: Any) -> None:
    told: list[AdapterId] = []
    follow(told.append)
    first, second = AdapterId(new_id()), AdapterId(new_id())
    publish(broker, training_pb.AdapterRemoved(adapter_id=first, subject_id=new_id()))
    until(lambda: told == [first])
    broker.away = True
    time.sleep(0.3)  # longer than it polls: its reader is lost
    broker.away = False
    publish(broker, training_pb.AdapterRemoved(adapter_id=second, subject_id=new_id()))
    until(lambda: told == [first, second])
