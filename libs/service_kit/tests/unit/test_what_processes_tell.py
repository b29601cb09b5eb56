"""What stops must be seen by what goes on: a dead relay in the outbox's age, a consumer in its process's readiness."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus.memory_broker import MemoryBroker
from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import Unavailable
from semblance.kernel.ids import new_id
from semblance.service_kit import metrics
from semblance.service_kit.bounded import Bounded
from semblance.service_kit.database import Database
from semblance.service_kit.http import Check
from semblance.service_kit.parts import ROLES, Parts
from semblance.service_kit.runtime import Application
from semblance.service_kit.settings import ServiceSettings
from semblance.service_kit.work import WorkKind, nothing

Told = Callable[[str], list[Any]]
OUTBOX, READY, QUEUE = "semblance.outbox.age", "semblance.process.ready", "semblance.work.queue_age"


class Store:
    away = False

    def check(self) -> None:
        if self.away:
            raise ConnectionRefusedError


@contextmanager
def running(database: Database, migrations_dir: Path, role: str, store: Store) -> Iterator[threading.Event]:
    stop = threading.Event()
    application = Application(
        name="ingest",
        settings=ServiceSettings(internal_token=SecretStr("t"), drain_timeout_s=3),
        database=database,
        broker=MemoryBroker(),
        work={"erase": WorkKind(run=lambda *_: nothing, failed=lambda *_: None)},
        checks=[Check("store", store.check)],
        migrations_dir=migrations_dir,
    )
    parts = Parts(application, ROLES[role], stop)
    parts.start()
    try:
        yield stop
    finally:
        parts.stop()


def by_label(points: list[Any]) -> dict[str, float]:
    return {",".join(str(value) for value in point.attributes.values()): point.value for point in points}


@pytest.mark.parametrize("role", ["api", "consume", "work"])
def test_events_that_nobody_sends_grow_old_in_the_eyes_of_everybody_else(
    database: Database, clock: FakeClock, migrations_dir: Path, told: Told, role: str
) -> None:
    with running(database, migrations_dir, role, Store()):
        assert by_label(told(OUTBOX)) == {"": 0}
        for _ in range(2):
            with database.transaction() as unit:
                unit.emit(events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id()))
            clock.advance(90)
        assert by_label(told(OUTBOX)) == {"": 180}


def test_a_process_says_for_each_of_its_roles_whether_it_is_ready_until_it_stops(
    database: Database, migrations_dir: Path, told: Told
) -> None:
    store = Store()
    with running(database, migrations_dir, "all", store) as stop:
        assert by_label(told(READY)) == dict.fromkeys(["api", "consume", "relay", "work"], 1)
        store.away = True
        assert by_label(told(READY)) == dict.fromkeys(["api", "consume", "relay", "work"], 0)
        stop.set()
        assert told(READY) == []


def test_what_is_to_be_done_later_does_not_wait_before_its_time(
    database: Database, clock: FakeClock, migrations_dir: Path, told: Told
) -> None:
    with database.transaction() as unit:
        unit.enqueue("give_up", new_id(), delay_s=3600)
        unit.enqueue("draw", new_id())
    with running(database, migrations_dir, "work", Store()):
        clock.advance(3000)
        assert by_label(told(QUEUE)) == {"erase": 0, "draw": 3000}
        clock.advance(700)
        assert by_label(told(QUEUE)) == {"erase": 0, "draw": 3700, "give_up": 100}


def test_what_is_away_is_not_told_and_not_complained_of(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    def away() -> float:
        raise Unavailable("the database does not answer")

    metrics.watch_outbox(away)
    assert told(OUTBOX) == []
    assert not caplog.records


def test_what_hangs_is_not_waited_for_nor_asked_again_before_it_answers() -> None:
    answers, begun, asked = threading.Event(), threading.Event(), []

    def ask() -> int:
        asked.append(1)
        begun.set()
        answers.wait(60)
        return 7

    bounded, patient = Bounded(ask, 0.01), Bounded(ask, 30)
    for _ in range(2):
        with pytest.raises(Unavailable):
            bounded()
    assert begun.wait(60)
    assert len(asked) == 1
    answers.set()
    assert patient() == 7


def test_a_process_that_hangs_over_whether_it_is_ready_is_not(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(metrics, "_ANSWER_S", 0.01)
    metrics.watch_ready({"api"}, lambda: answers.wait(30))
    assert by_label(told(READY)) == {"api": 0}
    answers.set()
