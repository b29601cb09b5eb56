"""What every service needs to erase: work dropped and named, answers shortened, nothing left in its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts.platform.v1 import events_pb2 as platform_pb
from semblance.eventbus.tables import work_items
from semblance.kernel.clock import FakeClock
from semblance.kernel.destroyed import Destroyed, item_digest
from semblance.kernel.ids import new_id
from semblance.service_kit import testing, work_queue
from semblance.service_kit.database import Database
from semblance.service_kit.erased import dropped_work, service_erased, shorten

WORDS = "quixotic-zeppelin-hangar"
notes = sa.Table("notes", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))


@pytest.fixture
def database(tmp_path: Path, migrations_dir: Path) -> Iterator[Database]:
    made = testing.database(tmp_path, migrations_dir, clock=FakeClock())
    with made.engine.begin() as connection:
        notes.create(connection)
    yield made
    made.close()


def left(tmp_path: Path, needle: str = WORDS) -> list[str]:
    return [path.name for path in tmp_path.iterdir() if path.is_file() and needle.encode() in path.read_bytes()]


def answer() -> platform_pb.ServiceErased:
    return service_erased("test", new_id(), new_id(), [])


def test_after_an_erasure_what_was_deleted_is_in_no_file(database: Database, tmp_path: Path) -> None:
    with database.transaction() as unit:
        unit.session.execute(sa.insert(notes), [{"text": f"{WORDS} {k}" * 200} for k in range(20)])
    database.clock.advance(61)
    assert left(tmp_path)
    assert not database.tidy()  # nothing was erased for a minute: leave the log alone
    with database.transaction() as unit:
        unit.session.execute(sa.delete(notes))
        unit.emit(answer())
    assert left(tmp_path), "the write-ahead log still holds it, or this test shows nothing"
    assert database.tidy()
    assert left(tmp_path) == []


def test_a_reader_puts_the_tidying_off_and_no_further(database: Database, tmp_path: Path) -> None:
    with database.transaction() as unit:
        unit.session.execute(sa.insert(notes), {"text": WORDS})
    with database.read() as session:
        assert session.execute(sa.select(notes)).all()
        with database.transaction() as unit:
            unit.session.execute(sa.delete(notes))
            unit.emit(answer())
        assert not database.tidy()
        assert left(tmp_path)
    assert database.tidy()
    assert left(tmp_path) == []


def test_a_process_that_starts_tidies_what_a_killed_one_left(database: Database, tmp_path: Path) -> None:
    with database.transaction() as unit:
        unit.session.execute(sa.insert(notes), {"text": WORDS})
        unit.session.execute(sa.delete(notes))
    again = Database(database.url, source="test", clock=database.clock)
    assert again.tidy()
    again.close()
    assert left(tmp_path) == []


def test_work_of_every_kind_and_state_is_dropped_and_named(database: Database) -> None:
    mine, other = new_id(), new_id()
    with database.transaction() as unit:
        for kind in ("one", "two", "three"):
            unit.enqueue(kind, mine)
        unit.enqueue("one", other)
        connection = unit.session.connection()
        claimed = work_queue.claim(connection, "two", unit.now(), 30)
        connection.execute(sa.update(work_items).where(work_items.c.kind == "three").values(state="failed"))
        assert claimed is not None
        assert unit.forget_work([mine, new_id()]) == [mine] * 3
        rows = connection.execute(sa.select(work_items.c.kind, work_items.c.state, work_items.c.aggregate_id)).all()
    assert sorted(tuple(row) for row in rows) == [("one", "queued", other), ("two", "cancelling", mine)]
    assert dropped_work({"dropped": [mine, mine]}) == Destroyed("queue:work", (mine, f"{mine}#2"))
    assert dropped_work({}).count == 0


def test_more_work_than_a_statement_takes_is_dropped_too(database: Database) -> None:
    ids = [new_id() for _ in range(1100)]
    with database.transaction() as unit:
        for each in ids[::100]:
            unit.enqueue("one", each)
        assert unit.forget_work(ids) == sorted(ids[::100])
        assert unit.forget_work([]) == []


def test_an_answer_names_things_by_digest_in_order_and_is_shortened_longest_first() -> None:
    gone = [Destroyed.of("a", ["x", "y"]), Destroyed.of("b", [str(k) for k in range(5)])]
    message = service_erased("test", new_id(), new_id(), gone)
    assert list(message.stores[0].items) == sorted([item_digest("x"), item_digest("y")])
    again = service_erased("test", new_id(), new_id(), [*gone, Destroyed.of("a", ["y", "z"])])
    assert [(store.store, store.count) for store in again.stores] == [("a", 3), ("b", 5)]
    shorten(message, 7)
    assert [len(store.items) for store in message.stores] == [2, 5]
    shorten(message, 6)
    assert [len(store.items) for store in message.stores] == [2, 0]
    assert (message.stores[1].count, len(message.stores[1].items_root)) == (5, 64)
    shorten(message, 0)
    assert [store.count for store in message.stores] == [2, 5]
    assert all(store.items_root for store in message.stores)
