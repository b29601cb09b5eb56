from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
import sqlalchemy as sa

from semblance.contracts.platform.v1 import events_pb2
from semblance.kernel import errors
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.service_kit import testing, work_queue
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.work import Cancelled, Settle, WorkContext, WorkItem, WorkKind
from semblance.service_kit.worker import Worker

Failures = list[errors.SemblanceError | None]
DONE = events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())


def settle(unit: Unit) -> None:
    unit.emit(DONE)


def kind_of(
    run: Callable[[WorkItem, WorkContext], Settle], failures: Failures | None = None, **more: float
) -> WorkKind:
    def failed(item: WorkItem, error: errors.SemblanceError | None, unit: Unit) -> None:
        assert failures is not None, "nothing should have failed"
        failures.append(error)

    return WorkKind(run=run, failed=failed, **more)  # type: ignore[arg-type]


def enqueue(database: Database, aggregate_id: str = "a", **options: float) -> None:
    with database.transaction() as unit:
        unit.enqueue("paint", aggregate_id, {"colour": "red"}, **options)


def waiting(database: Database) -> int:
    with database.read() as session:
        return work_queue.counts(session.connection()).get("paint", 0)


def test_an_item_is_run_once_with_its_payload_and_settled(database: Database) -> None:
    items: list[WorkItem] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        items.append(item)
        return settle

    enqueue(database)
    enqueue(database)
    assert testing.run_work({"paint": kind_of(run)}, database) == 1
    assert (items[0].aggregate_id, items[0].payload, items[0].attempt) == ("a", {"colour": "red"}, 1)
    assert len(testing.emitted(database)) == 1
    assert waiting(database) == 0


def test_items_of_other_aggregates_are_items_of_their_own_and_a_delay_is_kept(
    database: Database, clock: FakeClock
) -> None:
    enqueue(database, "a")
    enqueue(database, "b", delay_s=60)
    kinds = {"paint": kind_of(lambda item, context: settle)}
    assert testing.run_work(kinds, database) == 1
    clock.advance(61)
    assert testing.run_work(kinds, database) == 1


def test_what_may_work_later_is_retried_with_a_growing_pause_and_then_fails(
    database: Database, clock: FakeClock
) -> None:
    failures: Failures = []
    away = errors.Unavailable("away")

    def run(item: WorkItem, context: WorkContext) -> Settle:
        raise away

    kinds = {"paint": kind_of(run, failures, max_attempts=3)}
    enqueue(database)
    assert testing.run_work(kinds, database) == 1
    for _ in range(2):
        assert failures == []
        clock.advance(120)
        testing.run_work(kinds, database)
    assert failures == [away]
    assert waiting(database) == 0


@pytest.mark.parametrize("attempts", [4, 1])
def test_patient_work_waits_out_what_is_away_and_still_ends_when_it_kills(
    database: Database, clock: FakeClock, attempts: int
) -> None:
    failures: Failures = []
    tries: list[int] = []
    bug = False

    def run(item: WorkItem, context: WorkContext) -> Settle:
        tries.append(item.attempt)
        if bug:
            raise KeyError("bug")
        raise errors.Unavailable("away")

    kinds = {"paint": kind_of(run, failures, max_attempts=attempts, patient=True)}
    enqueue(database)
    for _ in range(30):
        testing.run_work(kinds, database)
        clock.advance(120)
    assert len(tries) == 30
    assert max(tries) == attempts
    assert failures == []
    bug = True
    for _ in range(attempts):
        testing.run_work(kinds, database)
        clock.advance(120)
    assert failures == [None]


@pytest.mark.parametrize("away", [True, False])
def test_what_is_away_is_waited_out_for_a_time_and_what_the_item_may_have_done_is_not(
    database: Database, clock: FakeClock, away: bool
) -> None:
    failures: Failures = []
    tries: list[int] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        tries.append(item.attempt)
        raise errors.Unavailable("no answer", away=away)

    kinds = {"paint": kind_of(run, failures, max_attempts=4, patience_s=3600)}
    enqueue(database)
    for _ in range(60):
        testing.run_work(kinds, database)
        clock.advance(120)
    assert [error and error.detail for error in failures] == ["no answer"]
    assert max(tries) == 4
    # Thirty within the hour; behind it as many attempts as are left.
    assert 30 <= len(tries) < 34 if away else len(tries) == 4


def test_attempts_that_each_get_further_are_not_counted_together(database: Database, clock: FakeClock) -> None:
    failures: Failures = []
    tries: list[int] = []
    further = True

    def run(item: WorkItem, context: WorkContext) -> Settle:
        tries.append(item.attempt)
        if further:
            context.advanced()
        raise errors.Unavailable("lost")

    kinds = {"paint": kind_of(run, failures, max_attempts=3, patience_s=86_400)}
    enqueue(database)
    for _ in range(10):
        testing.run_work(kinds, database)
        clock.advance(120)
        with database.transaction() as unit:  # each second time its worker is killed
            assert work_queue.claim(unit.session.connection(), "paint", unit.now(), 60) is not None
        clock.advance(61)
    assert (tries, failures) == ([1] + [3] * 9, [])
    further = False
    for _ in range(2):
        testing.run_work(kinds, database)
        clock.advance(120)
    assert len(failures) == 1


def test_other_errors_fail_at_once(database: Database) -> None:
    failures: Failures = []
    revoked = errors.ConsentRevoked("c")

    def run(item: WorkItem, context: WorkContext) -> Settle:
        raise revoked

    enqueue(database)
    testing.run_work({"paint": kind_of(run, failures)}, database)
    assert failures == [revoked]
    assert waiting(database) == 0


def test_a_bug_is_retried_and_then_fails_without_an_error(database: Database, clock: FakeClock) -> None:
    failures: Failures = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        raise KeyError("bug")

    kinds = {"paint": kind_of(run, failures, max_attempts=2)}
    enqueue(database)
    testing.run_work(kinds, database)
    clock.advance(120)
    testing.run_work(kinds, database)
    assert failures == [None]


def test_a_settle_that_fails_leaves_nothing_and_is_retried(database: Database, clock: FakeClock) -> None:
    tries: list[int] = []

    def half(unit: Unit) -> None:
        unit.emit(DONE)
        tries.append(1)
        if len(tries) == 1:
            raise KeyError("bug in settle")

    kinds = {"paint": kind_of(lambda item, context: half)}
    enqueue(database)
    testing.run_work(kinds, database)
    assert testing.emitted(database) == []
    clock.advance(120)
    testing.run_work(kinds, database)
    assert len(testing.emitted(database)) == 1


def test_the_item_of_a_killed_worker_is_run_again_when_its_lease_ends(database: Database, clock: FakeClock) -> None:
    kinds = {"paint": kind_of(lambda item, context: settle, lease_s=60)}
    enqueue(database)
    with database.transaction() as unit:
        assert work_queue.claim(unit.session.connection(), "paint", unit.now(), 60) is not None
    assert testing.run_work(kinds, database) == 0
    clock.advance(61)
    assert testing.run_work(kinds, database) == 1
    assert len(testing.emitted(database)) == 1


def test_an_item_that_kills_its_worker_every_time_fails(database: Database, clock: FakeClock) -> None:
    failures: Failures = []
    runs: list[int] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        runs.append(1)
        return settle

    enqueue(database)
    for _ in range(2):
        with database.transaction() as unit:
            assert work_queue.claim(unit.session.connection(), "paint", unit.now(), 60) is not None
        clock.advance(61)
    testing.run_work({"paint": kind_of(run, failures, max_attempts=2)}, database)
    assert (failures, runs) == ([None], [])


@pytest.mark.parametrize("jump", [dt.timedelta(days=2), dt.timedelta(days=-2)], ids=["forward", "back"])
def test_a_clock_jump_can_cause_a_second_run_but_never_two_effects(
    database: Database, clock: FakeClock, jump: dt.timedelta
) -> None:
    entered: list[int] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        entered.append(item.attempt)
        if len(entered) == 1:
            clock.jump_to(clock.now() + jump)
            assert Worker(database, kinds).run_once("paint"), "the jump made the lease look over"
        return settle

    kinds = {"paint": kind_of(run)}
    enqueue(database)
    testing.run_work(kinds, database)
    assert entered == [1, 2]
    assert len(testing.emitted(database)) == 1


def test_a_clock_that_goes_back_does_not_strand_queued_items(database: Database, clock: FakeClock) -> None:
    enqueue(database)
    clock.jump_to(clock.now() - dt.timedelta(days=3))
    assert testing.run_work({"paint": kind_of(lambda item, context: settle)}, database) == 1


def test_cancelling_a_queued_item_drops_it(database: Database) -> None:
    enqueue(database)
    with database.transaction() as unit:
        unit.cancel("paint", "a")
    assert testing.run_work({"paint": kind_of(lambda item, context: settle)}, database) == 0


def test_a_result_that_comes_after_the_cancellation_is_not_applied(database: Database) -> None:
    cleaned: list[str] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        with database.transaction() as unit:
            unit.cancel("paint", "a")
        context.emit(DONE)
        return settle

    spec = WorkKind(run=run, failed=lambda *_: None, cancelled=lambda item, unit: cleaned.append(item.aggregate_id))
    enqueue(database)
    testing.run_work({"paint": spec}, database)
    assert testing.emitted(database) == []
    assert (cleaned, waiting(database)) == (["a"], 0)


def test_a_cancelled_item_whose_worker_died_is_dropped_and_not_run(database: Database, clock: FakeClock) -> None:
    enqueue(database)
    with database.transaction() as unit:
        work_queue.claim(unit.session.connection(), "paint", unit.now(), 60)
    with database.transaction() as unit:
        unit.cancel("paint", "a")
    clock.advance(61)
    testing.run_work({"paint": kind_of(lambda item, context: settle)}, database)
    assert testing.emitted(database) == []
    assert waiting(database) == 0


class Threads:
    """A worker with its threads, ended by the test."""

    def __init__(self, database: Database, kinds: dict[str, WorkKind]) -> None:
        self.worker = Worker(database, kinds, poll_s=600)
        ways = [kind for kind, spec in kinds.items() for _ in range(spec.concurrency)]
        threads = ThreadPoolExecutor(1 + len(ways))
        self.ends = [threads.submit(self.worker.heartbeat), *(threads.submit(self.worker.run_kind, k) for k in ways)]

    def end(self, timeout_s: float = 5) -> bool:
        idle = self.worker.drain(timeout_s)
        assert not wait(self.ends, 30).not_done
        return idle


def test_running_work_hears_of_its_cancellation_within_a_second(database: Database) -> None:
    """One of three times: of a machine that stands still meanwhile nothing is heard."""
    started, heard_s = threading.Event(), list[float]()

    def run(item: WorkItem, context: WorkContext) -> Settle:
        started.set()
        began_s = time.monotonic()
        while time.monotonic() - began_s < 30:
            if context.cancelled():
                heard_s.append(time.monotonic())
            context.check()
            time.sleep(0.01)
        return settle

    def took_s() -> float:
        heard_s.clear()
        started.clear()
        enqueue(database)  # also shows the wake-up: the poll interval is 600 s
        assert started.wait(30)
        with database.transaction() as unit:
            unit.cancel("paint", "a")
        cancelled_s = time.monotonic()
        while waiting(database):
            assert time.monotonic() - cancelled_s < 60
            time.sleep(0.01)
        return heard_s[0] - cancelled_s

    threads = Threads(database, {"paint": kind_of(run)})
    try:
        assert any(took_s() < 1 for _ in range(3))
    finally:
        threads.end()
    assert testing.emitted(database) == []


def test_concurrent_workers_run_every_item_once(database: Database) -> None:
    seen: list[str] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        seen.append(item.aggregate_id)
        return settle

    threads = Threads(database, {"paint": kind_of(run, concurrency=4)})
    try:
        for number in range(40):
            enqueue(database, str(number))
        deadline_s = time.monotonic() + 60
        while waiting(database):
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    finally:
        threads.end()
    assert sorted(seen, key=int) == [str(number) for number in range(40)]


def test_draining_waits_for_short_work_and_gives_long_work_back_uncounted(database: Database) -> None:
    """Given more time where the machine stood still in the three tenths of it that interrupted work has to end in."""
    started = threading.Event()

    def run(item: WorkItem, context: WorkContext) -> Settle:
        started.set()
        while not context.cancelled():
            time.sleep(0.01)
        raise Cancelled

    def ended(timeout_s: float) -> bool:
        started.clear()
        threads = Threads(database, {"paint": kind_of(run)})
        assert started.wait(30)
        idle = threads.end(timeout_s)
        with database.read() as session:
            state, attempts = session.execute(sa.text("SELECT state, attempts FROM work_items")).one()
        assert (state, attempts) == ("queued", 0)
        return idle

    enqueue(database)
    assert any(ended(timeout_s) for timeout_s in (1.0, 6.0, 30.0))
