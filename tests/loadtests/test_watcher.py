"""The watcher sees each event once, times what is said while it watches, and goes on when the broker was away."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import pytest

from loadtests.watcher import TOPICS, Watcher
from semblance.contracts import registry
from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.contracts.provenance.v1 import events_pb2 as provenance_pb
from semblance.eventbus import envelope
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.eventbus.record import Record
from semblance.kernel.ids import new_id


@pytest.fixture
def broker() -> MemoryBroker:
    made = MemoryBroker()
    made.ensure_topics([registry.TOPICS[name] for name in TOPICS])
    return made


def said(broker: MemoryBroker, message: object, *, ago_s: float = 0.0, event_id: str = "") -> str:
    event_id = event_id or new_id()
    at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago_s)
    broker.producer().send(envelope.to_record(message, source="generation", event_id=event_id, time=at))  # type: ignore[arg-type]
    return event_id


def requested(image_id: str = "image-1") -> generation_pb.ImageRequested:
    return generation_pb.ImageRequested(
        subject_id="who", consent_id="consent", consent_revision=1, image_id=image_id, adapter_id="adapter"
    )


def until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_what_was_said_before_is_known_and_only_what_is_said_since_is_timed(broker: MemoryBroker) -> None:
    old = said(broker, requested(), ago_s=60)
    with Watcher(broker) as watcher:
        assert watcher.catch_up()
        new = said(broker, provenance_pb.ImagePublished(subject_id="who", consent_id="consent", image_id="image-1"))
        until(lambda: len(watcher.told) == 2)
    assert [(watcher.told[i].name, watcher.told[i].thing_id) for i in (old, new)] == [
        ("ImageRequested", "image-1"),
        ("ImagePublished", "image-1"),
    ]
    [(topic, seconds)] = watcher.delays
    assert topic == "provenance.manifest.v1"
    assert 0 <= seconds < 30


def test_catching_up_again_waits_for_what_was_said_since(broker: MemoryBroker) -> None:
    with Watcher(broker) as watcher:
        for number in range(5):
            assert watcher.catch_up()
            assert len(watcher.told) == number
            said(broker, requested(f"image-{number}"))


def test_an_event_that_is_told_twice_is_one(broker: MemoryBroker) -> None:
    event_id = said(broker, requested())
    said(broker, requested(), event_id=event_id)
    with Watcher(broker) as watcher:
        assert watcher.catch_up()
    assert list(watcher.told) == [event_id]


def test_what_is_no_event_is_counted_and_passed_over(broker: MemoryBroker) -> None:
    broker.producer().send(Record("generation.image.v1", "key", b"no event", ()))
    said(broker, requested())
    with Watcher(broker) as watcher:
        assert watcher.catch_up()
    assert len(watcher.malformed) == 1
    assert len(watcher.told) == 1


def test_it_goes_on_after_the_broker_was_away(broker: MemoryBroker) -> None:
    said(broker, requested("image-1"))
    with Watcher(broker) as watcher:
        assert watcher.catch_up()
        broker.away = True
        assert not watcher.catch_up(0.3)
        broker.away = False
        said(broker, requested("image-2"))
        assert watcher.catch_up()
    assert {told.thing_id for told in watcher.told.values()} == {"image-1", "image-2"}
