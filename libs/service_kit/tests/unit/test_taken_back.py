"""What people take back is noted outside of every backup: before it is answered, and else as soon as it can be."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from semblance.contracts import registry
from semblance.contracts.identity.v1 import events_pb2 as identity_pb
from semblance.contracts.ingest.v1.events_pb2 import PhotoRemoved
from semblance.contracts.platform.v1.events_pb2 import ServiceErased
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.service_kit import owing, testing, work_queue
from semblance.service_kit.database import Database
from semblance.service_kit.taken_back import (
    OWED,
    Kind,
    TakenBack,
    TakenBackLog,
    TakenBackUnavailable,
    UnknownEntry,
    of_message,
)
from semblance.service_kit.work import WorkKind

AN_ID = "01a223a6-0000-7000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log" / "taken-back"


@pytest.fixture
def work(database: Database, folder: Path) -> dict[str, WorkKind]:
    return owing.begin(database, folder)


def remove_photo(database: Database, subject_id: str | None = None) -> TakenBack:
    entry = TakenBack(Kind.PHOTO, subject_id or new_id(), new_id())
    with database.transaction() as unit:
        unit.emit(
            PhotoRemoved(subject_id=entry.subject_id, photo_id=entry.thing_id, consent_id=new_id(), consent_revision=1)
        )
    return entry


def owed(database: Database) -> int:
    with database.read() as session:
        return work_queue.counts(session.connection()).get(OWED, 0)


def test_it_is_in_the_log_when_the_transaction_returns_and_the_work_finds_it_there(
    database: Database, folder: Path, work: dict[str, WorkKind]
) -> None:
    entry = remove_photo(database)
    assert TakenBackLog(folder).entries() == {entry: database.clock.now()}
    assert folder.stat().st_mode & 0o777 == 0o700
    written = (folder / entry.name).stat()
    assert testing.run_work(work, database) == 1
    assert (folder / entry.name).stat() == written
    assert not owed(database)


def test_a_log_that_is_away_refuses_nobody_and_gets_the_entry_later(
    database: Database, folder: Path, work: dict[str, WorkKind], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.parent.joinpath("log").write_text("a file where the folder should be")
    at = clock.now()
    entry = remove_photo(database)
    assert "not in the log yet" in caplog.text
    for _ in range(12):  # more than a kind that is not patient would try
        testing.run_work(work, database)
        clock.advance(61)
    assert owed(database) == 1
    folder.parent.unlink()
    testing.run_work(work, database)
    assert TakenBackLog(folder).entries() == {entry: at}
    assert not owed(database)


def test_a_process_that_dies_before_it_wrote_leaves_work_that_writes(
    database: Database, folder: Path, work: dict[str, WorkKind], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(TakenBackLog, "write_at_once", die)
        with pytest.raises(SystemExit):
            remove_photo(database)
    assert TakenBackLog(folder).entries() == {}
    testing.run_work(work, database)
    assert len(TakenBackLog(folder).entries()) == 1


FOLLOWS = {"AdapterRevoked", "ImageRevoked"}
"""These come of a consent's end, which is noted: to end it again brings them again."""


def test_every_event_that_takes_something_back_is_known() -> None:
    every = [registry.message_class(ce_type) for topic in registry.TOPICS.values() for ce_type in topic.messages]
    taking = [cls for cls in every if re.search(r"(Removed|Revoked|TakenDown|Withdrawn|Deleted)$", cls.__name__)]
    assert len(taking) > len(FOLLOWS)
    for cls in taking:
        assert (of_message(cls()) is None) == (cls.__name__ in FOLLOWS), cls.__name__


def test_what_is_rolled_back_is_not_in_the_log(database: Database, folder: Path, work: dict[str, WorkKind]) -> None:
    def refused() -> None:
        with database.transaction() as unit:
            unit.take_back(TakenBack(Kind.PHOTO, new_id(), new_id()))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refused()
    assert TakenBackLog(folder).entries() == {}
    assert not owed(database)


def test_without_a_log_nothing_is_owed(database: Database) -> None:
    assert owing.begin(database, None) == {}
    remove_photo(database)
    assert not owed(database)


def test_the_end_of_a_consent_is_noted_unless_an_erasure_ended_it(
    database: Database, folder: Path, work: dict[str, WorkKind]
) -> None:
    person = new_id()
    ended = {reason: new_id() for reason in ("withdrawn", "operator", "erasure")}
    with database.transaction() as unit:
        for reason, consent_id in ended.items():
            unit.emit(identity_pb.ConsentRevoked(subject_id=person, consent_id=consent_id, reason=reason))
    kept = {TakenBack(Kind.CONSENT, person, ended[reason]) for reason in ("withdrawn", "operator")}
    assert set(TakenBackLog(folder).entries()) == kept


def test_who_is_erased_needs_no_entries_any_more(database: Database, folder: Path, work: dict[str, WorkKind]) -> None:
    stays, goes = remove_photo(database), remove_photo(database)
    with database.transaction() as unit:
        unit.emit(ServiceErased(subject_id=goes.subject_id, erasure_id=new_id(), service="ingest"))
    assert set(TakenBackLog(folder).entries()) == {stays}


def test_an_entry_is_its_name_so_damage_loses_nothing_but_a_time(folder: Path) -> None:
    log, entry = TakenBackLog(folder), TakenBack(Kind.IMAGE, new_id(), new_id())
    log.write(entry, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    log.write(entry, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    assert log.entries() == {entry: dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}
    for content in (b"", b'{"at": "2026-0', b'{"at": 5}', b'{"at": "2026-01-01"}', b"\xff"):
        (folder / entry.name).write_bytes(content)
        assert log.entries() == {entry: None}
    (folder / f".{entry.name}.0123456789abcdef.new").write_bytes(b"half")  # of a write that a power cut ended
    assert log.entries() == {entry: None}


def test_what_was_undone_and_is_done_anew_counts_from_then(folder: Path) -> None:
    log, hidden = TakenBackLog(folder), TakenBack(Kind.HIDDEN, new_id(), new_id())
    times = [dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (2, 3, 1)]
    for at in times:
        log.write(hidden, at)
    assert log.entries() == {hidden: max(times)}


@pytest.mark.parametrize("name", ["lost", f"grown.{AN_ID}.{AN_ID}", f"image.{AN_ID}", f"image.x.{AN_ID}"])
def test_a_file_that_is_no_entry_is_not_passed_over(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / name).touch()
    with pytest.raises(UnknownEntry):
        TakenBackLog(folder).entries()


def test_a_file_that_holds_more_than_a_time_is_read_when_it_is_written_and_shredded_with_its_person(
    database: Database, folder: Path
) -> None:
    there = {"words": b"first"}
    keep = {Kind.PASSWORD: lambda _entry: there.get("words")}
    work = owing.begin(database, folder, keep)
    log, person = TakenBackLog(folder), new_id()

    def changed() -> TakenBack:
        entry = TakenBack(Kind.PASSWORD, person, new_id())
        with database.transaction() as unit:
            unit.take_back(entry)
        return entry

    first = changed()
    assert log.content(first) == (database.clock.now(), b"first")
    database.clock.advance(1)
    there["words"] = b"second"
    second = changed()
    assert log.of(Kind.PASSWORD) == [second], "the newest is enough"
    assert log.content(second) == (database.clock.now(), b"second")
    testing.run_work(work, database)
    (folder / f".{second.name}.0123.new").write_bytes(b"half of a hash")
    inode = (folder / f".{second.name}.0123.new").open("rb")
    there.clear()
    changed()
    assert log.of(Kind.PASSWORD) == [second], "there is nothing left to note"
    log.forget(person)
    assert list(folder.iterdir()) == []
    assert inode.read() != b"half of a hash"
    inode.close()


def test_a_damaged_file_says_so_and_a_folder_that_cannot_be_read_is_not_empty(folder: Path) -> None:
    log, entry = TakenBackLog(folder, {Kind.LIMITS: lambda _: b"{}"}), TakenBack(Kind.LIMITS, new_id(), new_id())
    assert log.of(Kind.LIMITS) == []
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    log.write(entry, at)
    assert log.content(entry) == (at, b"{}")
    for content in (b"", b"[]", b'{"at": "2026-01-01T00:00:00+00:00"}', b'{"at": 5, "kept": "e30="}', b"\xff"):
        (folder / entry.name).write_bytes(content)
        assert log.content(entry) is None
    (folder / f"limits.{new_id()}").touch()
    with pytest.raises(UnknownEntry):
        log.of(Kind.LIMITS)
    assert log.of(Kind.PROTECTED) == []
    with pytest.raises(TakenBackUnavailable):
        TakenBackLog(folder / entry.name).of(Kind.LIMITS)
