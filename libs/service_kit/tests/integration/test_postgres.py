"""The same code on a real PostgreSQL: queues, fences, inbox, migrations at once."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts.platform.v1 import events_pb2
from semblance.eventbus.tables import inbox, work_items
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.local.postgres import Postgres
from semblance.service_kit import migrations, testing, work_queue
from semblance.service_kit.consumer import Subscription
from semblance.service_kit.database import Database, DatabaseUnavailable, Unit
from semblance.service_kit.work import Settle, WorkContext, WorkItem, WorkKind
from semblance.service_kit.worker import Worker

pytestmark = pytest.mark.integration
_MIGRATE = """
import sys
from pathlib import Path
from semblance.service_kit.database import Database
Database(sys.argv[1], source="test").migrate(Path(sys.argv[2]))
"""


@pytest.fixture
def database(postgres: Postgres, migrations_dir: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    made = testing.database(tmp_path, migrations_dir, clock=clock, url=postgres.url(f"t{new_id().replace('-', '')}"))
    yield made
    made.close()


def an_event() -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())


def paint(run: object) -> dict[str, WorkKind]:
    return {"paint": WorkKind(run=run, failed=lambda *_: None)}  # type: ignore[arg-type]


def test_an_event_twice_has_one_effect_and_its_work_one_result(database: Database) -> None:
    def requested(message: events_pb2.ErasureRequested, unit: Unit) -> None:
        unit.enqueue("paint", message.erasure_id)
        unit.enqueue("paint", message.erasure_id)

    def run(item: WorkItem, context: WorkContext) -> Settle:
        return lambda unit: unit.emit(an_event()) and None

    sub = Subscription("ingest.erasure", {events_pb2.ErasureRequested: requested})
    assert testing.deliver(sub, database, an_event()) == ["handled", "duplicate"]
    assert testing.run_work(paint(run), database) == 1
    assert len(testing.emitted(database)) == 1


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), database.read() as session:
        session.execute(sa.text("INSERT INTO facts (name, value) VALUES ('a', 1)"))


def test_twelve_workers_share_sixty_items_without_running_one_twice(database: Database) -> None:
    seen: list[str] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        seen.append(item.aggregate_id)
        return lambda unit: None

    with database.transaction() as unit:
        for number in range(60):
            unit.enqueue("paint", str(number))
    workers = [Worker(database, paint(run)) for _ in range(12)]

    def work(worker: Worker) -> None:
        while worker.run_once("paint"):
            pass

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while workers[0].run_once("paint"):
        pass
    assert sorted(seen, key=int) == [str(number) for number in range(60)]


def test_what_goes_first_is_asked_of_the_services_own_tables_and_each_worker_takes_another(database: Database) -> None:
    place = sa.select(inbox.c.handled_at).where(inbox.c.event_id == work_items.c.aggregate_id).scalar_subquery()
    following = work_queue.next_by(sa.func.coalesce(place, work_items.c.not_before))
    with database.transaction() as unit:
        for name, ahead_s in (("late", 0), ("soon", 60), ("first", 120)):
            unit.enqueue("paint", name)
            if ahead_s:  # the late one has no place of its own: it goes by when it was due
                at = unit.now() - dt.timedelta(seconds=ahead_s)
                unit.session.execute(sa.insert(inbox).values(consumer="paint", event_id=name, handled_at=at))
    with database.transaction() as one, database.transaction() as other:
        taken = [
            work_queue.claim(unit.session.connection(), "paint", unit.now(), 60, following)
            for unit in (one, other, one)
        ]
        assert [claim and claim.aggregate_id for claim in taken] == ["first", "soon", "late"]


def test_cancelling_while_it_is_being_claimed_is_never_lost(database: Database) -> None:
    """A cancellation that waits for the claim's row lock must still hit the item, in its new state."""
    with database.transaction() as unit:
        unit.enqueue("paint", "a")
    cancelled = threading.Thread(target=lambda: _cancel(database))
    with database.transaction() as unit:
        claim = work_queue.claim(unit.session.connection(), "paint", unit.now(), 60)
        cancelled.start()
        cancelled.join(0.3)
        assert cancelled.is_alive(), "it waits for the claim"
    cancelled.join(60)
    assert claim is not None
    with database.read() as session:
        assert work_queue.state_of(session.connection(), claim) == work_queue.CANCELLING


def _cancel(database: Database) -> None:
    with database.transaction() as unit:
        unit.cancel("paint", "a")


def test_a_lease_taken_over_by_a_clock_jump_gives_one_effect(database: Database, clock: FakeClock) -> None:
    runs: list[int] = []

    def run(item: WorkItem, context: WorkContext) -> Settle:
        runs.append(item.attempt)
        if len(runs) == 1:
            clock.advance(86_400)
            assert Worker(database, paint(run)).run_once("paint")
        return lambda unit: unit.emit(an_event()) and None

    with database.transaction() as unit:
        unit.enqueue("paint", "a")
    testing.run_work(paint(run), database)
    assert runs == [1, 2]
    assert len(testing.emitted(database)) == 1


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_processes_that_migrate_at_once_do_it_once(
    postgres: Postgres, migrations_dir: Path, tmp_path: Path, kind: str
) -> None:
    url = postgres.url(f"m{new_id().replace('-', '')}") if kind == "postgres" else f"sqlite:///{tmp_path}/m.sqlite"
    processes = [subprocess.Popen([sys.executable, "-c", _MIGRATE, url, str(migrations_dir)]) for _ in range(3)]
    assert [process.wait(180) for process in processes] == [0, 0, 0]
    database = Database(url, source="test")
    assert "outbox" in sa.inspect(database.engine).get_table_names()
    migrations.downgrade(database.engine, migrations_dir)
    assert sa.inspect(database.engine).get_table_names() == ["alembic_version"]
    database.close()


def test_a_server_that_is_away_is_unavailable_and_comes_back(migrations_dir: Path, tmp_path: Path) -> None:
    directory = Path("/tmp") / f"semblance-pg-{new_id()}"
    server = Postgres(directory)
    try:
        server.start()
        made = testing.database(tmp_path, migrations_dir, url=f"{server.url('t')}?connect_timeout=60")
        made.check()
        server.kill()
        with pytest.raises(DatabaseUnavailable):
            made.check()
        server.start()
        made.check()
        made.close()
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", str(directory)], check=True)
