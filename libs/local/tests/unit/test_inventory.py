"""The inventory finds a person wherever a row or a file names them or one of their things."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from semblance.kernel.ids import SubjectId, new_id
from semblance.local.inventory import Inventory, files_with, rows_with, things_of
from semblance.local.layout import Layout
from semblance.local.rights import SERVICES

WHO = SubjectId(new_id())
PHOTO, OTHER = new_id(), new_id()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.make()
    for service in SERVICES:
        execute(made, service, "CREATE TABLE work_items (aggregate_id TEXT, payload TEXT, value BLOB)")
    execute(made, "ingest", "CREATE TABLE photos (id TEXT, subject_id TEXT, width_px INTEGER)")
    execute(made, "ingest", "INSERT INTO photos VALUES (?, ?, 7), (?, ?, 7)", PHOTO, WHO, OTHER, new_id())
    execute(made, "identity", "CREATE TABLE erasures (id TEXT, subject_id TEXT)")
    execute(made, "identity", "INSERT INTO erasures VALUES (?, ?)", new_id(), WHO)
    return made


def execute(layout: Layout, service: str, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(layout.database(service))) as database:
        database.execute("PRAGMA secure_delete=on")
        database.execute(statement, values)
        database.commit()


def test_things_are_found_by_their_owner_and_rows_by_things(layout: Layout) -> None:
    things = things_of(layout, WHO)
    assert PHOTO in things
    assert OTHER not in things
    execute(layout, "gateway", "INSERT INTO work_items VALUES (?, NULL, NULL), (?, NULL, NULL)", PHOTO, OTHER)
    execute(layout, "training", "INSERT INTO work_items VALUES ('x', ?, NULL)", f'{{"key": "{WHO}/{PHOTO}"}}')
    execute(layout, "safety", "INSERT INTO work_items VALUES ('x', NULL, ?)", b"\x0a" + WHO.encode())
    assert rows_with(layout, {WHO, *things}) == {
        "ingest photos": 1,
        "gateway work_items": 1,
        "training work_items": 1,
        "safety work_items": 1,
    }
    assert rows_with(layout, {new_id()}) == {}


def test_the_erasures_own_row_is_not_the_persons(layout: Layout) -> None:
    assert "identity erasures" not in rows_with(layout, {WHO})


def test_files_are_searched_by_bytes_whatever_the_rows_say(layout: Layout) -> None:
    assert set(files_with(layout, WHO)) == {"identity.sqlite", "ingest.sqlite"}
    for service, table in (("ingest", "photos"), ("identity", "erasures")):
        execute(layout, service, f"DELETE FROM {table}")
    assert files_with(layout, WHO) == ()
    (layout.database("x").parent / "gateway.sqlite-wal").write_bytes(b"..." + WHO.encode())
    assert files_with(layout, WHO) == ("gateway.sqlite-wal",)


def test_empty_means_everything() -> None:
    assert Inventory().empty
    for left in (
        Inventory(rows={"a b": 1}),
        Inventory(objects={"photos": 1}),
        Inventory(keys=1),
        Inventory(files=("x",)),
    ):
        assert not left.empty
