from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from semblance.contracts.platform.v1 import events_pb2
from semblance.kernel.ids import new_id
from semblance.service_kit import migrations, testing
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.engine import create_engine

ADD = sa.text("INSERT INTO facts (name, value) VALUES (:name, 0)")
COUNT = sa.text("SELECT count(*) FROM facts")


def an_event() -> events_pb2.ErasureRequested:
    return events_pb2.ErasureRequested(subject_id=new_id(), erasure_id=new_id())


def test_rows_and_events_commit_together(database: Database) -> None:
    event = an_event()
    with database.transaction() as unit:
        unit.session.execute(ADD, {"name": "a"})
        unit.emit(event)
    assert testing.emitted(database) == [event]
    with database.read() as session:
        assert session.execute(COUNT).scalar_one() == 1


def test_an_error_leaves_no_row_no_event_and_no_work(database: Database) -> None:
    called: list[str] = []
    database.on_commit(lambda _: called.append("committed"))

    def fall() -> None:
        with database.transaction() as unit:
            unit.session.execute(ADD, {"name": "a"})
            unit.emit(an_event())
            unit.enqueue("paint", new_id())
            raise KeyError

    with pytest.raises(KeyError):
        fall()
    assert testing.emitted(database) == []
    assert called == []
    with database.read() as session:
        assert session.execute(COUNT).scalar_one() == 0
        assert session.execute(sa.text("SELECT count(*) FROM work_items")).scalar_one() == 0


def test_who_listens_for_a_commit_sees_it(database: Database) -> None:
    seen: list[int] = []

    def look(_: Unit) -> None:
        with database.read() as session:
            seen.append(session.execute(COUNT).scalar_one())

    database.on_commit(look)
    with database.transaction() as unit:
        unit.session.execute(ADD, {"name": "a"})
    assert seen == [1]


def test_reading_does_not_wait_for_a_writer_and_cannot_write(database: Database) -> None:
    with database.transaction() as unit:
        unit.session.execute(ADD, {"name": "a"})
        with database.read() as session:
            assert session.execute(COUNT).scalar_one() == 0
    with pytest.raises(sa.exc.OperationalError), database.read() as session:
        session.execute(ADD, {"name": "b"})
    with database.transaction() as unit:
        unit.session.execute(ADD, {"name": "c"})


def test_concurrent_read_then_write_loses_nothing(database: Database) -> None:
    with database.transaction() as unit:
        unit.session.execute(ADD, {"name": "n"})

    def add_twenty() -> None:
        for _ in range(20):
            with database.transaction() as unit:
                value = unit.session.execute(sa.text("SELECT value FROM facts")).scalar_one()
                unit.session.execute(sa.text("UPDATE facts SET value = :v"), {"v": value + 1})

    threads = [threading.Thread(target=add_twenty) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.execute(sa.text("SELECT value FROM facts")).scalar_one() == 80


def test_a_wrong_statement_is_a_bug_and_not_an_outage(database: Database) -> None:
    with pytest.raises(sa.exc.OperationalError), database.read() as session:
        session.execute(sa.text("SELECT * FROM nowhere"))


def test_errors_do_not_quote_parameters(database: Database) -> None:
    def add() -> None:
        with database.transaction() as unit:
            unit.session.execute(ADD, {"name": "a very private prompt"})

    add()
    with pytest.raises(sa.exc.IntegrityError) as caught:
        add()
    assert "private" not in str(caught.value)


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="file"):
        Database("sqlite://", source="test")


def test_migrations_go_up_and_down_and_up(database: Database, migrations_dir: Path) -> None:
    migrations.downgrade(database.engine, migrations_dir)
    assert sa.inspect(database.engine).get_table_names() == ["alembic_version"]
    database.migrate(migrations_dir)
    assert "outbox" in sa.inspect(database.engine).get_table_names()


@pytest.mark.parametrize(("said", "waits_s"), [("", 5), ("?connect_timeout=60", 60)])
def test_a_server_is_waited_for_as_long_as_its_url_says(said: str, waits_s: int) -> None:
    class Connecting(Exception):
        pass

    def connect(_dialect: object, _record: object, _positional: object, named: dict[str, object]) -> None:
        raise Connecting(named["connect_timeout"])

    engine = create_engine(f"postgresql+psycopg://somebody:secret@127.0.0.1:1/x{said}")
    sa.event.listen(engine, "do_connect", connect)
    with pytest.raises(Connecting) as waits:
        engine.connect()
    assert int(waits.value.args[0]) == waits_s
