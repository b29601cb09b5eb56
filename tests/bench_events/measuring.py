"""One measurement: a fresh broker, two fresh databases, a full outbox, and two processes that empty it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from parts import database, effects

from semblance.contracts import registry
from semblance.contracts.generation.v1.events_pb2 import GenerationProgressed
from semblance.eventbus import outbox
from semblance.eventbus.kafka_broker import KafkaBroker
from semblance.eventbus.settings import BrokerSettings
from semblance.eventbus.tables import inbox
from semblance.eventbus.tansu import TansuBroker
from semblance.kernel.ids import new_id
from semblance.service_kit.database import Database

_PER_IMAGE, _WITHIN_S, _LOOK_S = 8, 120.0, 0.02
_US = 1e6


class NotDelivered(RuntimeError):
    """The effects are not there in time."""


@dataclass(frozen=True)
class Way:
    """relay: records at once. consume: events in a transaction; the sender's handlers write as many."""

    name: str
    relay: int
    consume: int


@dataclass(frozen=True)
class _Place:
    broker: TansuBroker
    here: Database
    there: Database

    def written(self, events: int, at_once: int) -> float:
        """Fill the outbox, `at_once` events a transaction; seconds."""
        began_s = time.monotonic()
        for first in range(0, events, at_once):
            with self.here.transaction() as unit:
                for step in range(first, min(first + at_once, events)):
                    unit.emit(_event(step))
        return time.monotonic() - began_s

    def effects(self) -> tuple[int, int]:
        """(rows, distinct events)."""
        count = sa.select(sa.func.count(), sa.func.count(sa.distinct(effects.c.event_id))).select_from(effects)
        with self.there.read() as session:
            rows, events = session.execute(count).one()
        return int(rows), int(events)

    def wait(self, events: int) -> None:
        """Until so many were handled. Raises NotDelivered."""
        count = sa.select(sa.func.count()).select_from(inbox)
        until_s = time.monotonic() + _WITHIN_S
        while time.monotonic() < until_s:
            with self.there.read() as session:
                if session.execute(count).scalar_one() >= events:
                    return
            time.sleep(_LOOK_S)
        raise NotDelivered(f"{self.effects()} of {events} events after {_WITHIN_S:g} s")

    def part(self, side: str, batch: int) -> subprocess.Popen[bytes]:
        """A process that relays or consumes."""
        url = (self.here if side == "relay" else self.there).url
        given = ["--database", url, "--bootstrap", self.broker.bootstrap_servers, "--batch", str(batch)]
        return subprocess.Popen([sys.executable, str(Path(__file__).with_name("parts.py")), side, *given])


def measured(folder: Path, way: Way, events: int) -> dict[str, float]:
    """Wall and processor time of `events` events. A first one, not counted, waits for clients to connect and join."""
    with _place(folder) as place, ExitStack() as stack:
        consumer = stack.enter_context(_ended(place.part("consume", way.consume)))
        relay = stack.enter_context(_ended(place.part("relay", way.relay)))
        place.written(1, 1)
        place.wait(1)
        relay.suspend()
        wrote_s = place.written(events, way.consume)
        before = [_cpu_s(relay), _cpu_s(consumer), _cpu_s(psutil.Process(place.broker.pid))]
        began_s = time.monotonic()
        relay.resume()
        place.wait(events + 1)
        took_s = time.monotonic() - began_s
        after = [_cpu_s(relay), _cpu_s(consumer), _cpu_s(psutil.Process(place.broker.pid))]
        if place.effects() != (events + 1, events + 1):
            raise NotDelivered(f"{place.effects()} effects of {events + 1} events")
    used = [(b - a) / events * _US for a, b in zip(before, after, strict=True)]
    return {
        "per_s": events / took_s,
        "relay_us": used[0],
        "consumer_us": used[1],
        "broker_us": used[2],
        "cpu_us": sum(used),
        "write_us": wrote_s / events * _US,
    }


def interrupted(folder: Path, way: Way, events: int) -> dict[str, int]:
    """kill -9 of the consumer in the middle, another one goes on, and everything is sent twice."""
    with _place(folder) as place, ExitStack() as stack:
        first = place.part("consume", way.consume)
        place.written(events, way.consume)
        with place.here.engine.connect() as connection:
            records = [record for _, record in outbox.waiting(connection, events)]
        stack.enter_context(_ended(place.part("relay", way.relay)))
        place.wait(events // 3)
        first.kill()
        first.wait()
        at_kill, _ = place.effects()
        again = KafkaBroker(BrokerSettings(place.broker.bootstrap_servers)).producer()
        again.send_many(records)
        again.close()
        stack.enter_context(_ended(place.part("consume", way.consume)))
        place.wait(events)
        place.written(1, 1)  # behind all repeats of its partition; the others are at their end soon after
        place.wait(events + 1)
        time.sleep(3)
        rows, distinct = place.effects()
    return {"events": events + 1, "effects": rows, "distinct": distinct, "at_kill": at_kill, "sent_again": len(records)}


@contextmanager
def _place(folder: Path) -> Iterator[_Place]:
    folder.mkdir()
    here = database(f"sqlite:///{folder}/sender.sqlite", "generation")
    there = database(f"sqlite:///{folder}/receiver.sqlite", "gateway")
    with TansuBroker() as broker:
        topic = registry.topic_of(GenerationProgressed)
        KafkaBroker(BrokerSettings(broker.bootstrap_servers)).ensure_topics([topic])
        yield _Place(broker, here, there)
    here.close()
    there.close()


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[psutil.Process]:
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


_IMAGES = [new_id() for _ in range(200)]


def _event(step: int) -> GenerationProgressed:
    image = _IMAGES[step // _PER_IMAGE % len(_IMAGES)]
    return GenerationProgressed(image_id=image, subject_id=image, step=step, steps=_PER_IMAGE)
