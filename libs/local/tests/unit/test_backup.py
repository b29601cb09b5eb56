"""Backups of a data directory that nothing runs on: what is refused, what comes back, what does not."""

from __future__ import annotations

import datetime as dt
import io
import json
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from semblance.kernel.clock import FakeClock
from semblance.kernel.errors import Invalid, NotFound, SemblanceError
from semblance.kernel.ids import new_id
from semblance.local import config as configuration
from semblance.local import erased_log
from semblance.local.backup import archive, forget, restore, take
from semblance.local.backup.errors import BackupDamaged, BackupsDoNotFit, NoRoom
from semblance.local.backup.sealed_stream import PIECE_BYTES, SealedReader, SealedWriter
from semblance.local.backup.take import Taken
from semblance.local.command import app
from semblance.local.environment import of_service
from semblance.local.layout import Layout
from semblance.local.lock import Lock
from semblance.local.platform import Options, Platform
from semblance.local.rights import SERVICES
from semblance.objects import FileKeyRing, SubjectKeyDestroyed
from semblance.service_kit.taken_back import Kind, TakenBack, TakenBackLog, UnknownEntry

RUNNER = CliRunner()
KEY = bytes(range(32))


@dataclass
class Home:
    """A platform's files, and where its backups go."""

    root: Path
    clock: FakeClock

    @property
    def layout(self) -> Layout:
        return Layout(self.root / "data")

    @property
    def ring(self) -> FileKeyRing:
        """As identity has it."""
        erased = erased_log.place_of(self.layout) / erased_log.PEOPLE
        return FileKeyRing(self.layout.keyring, self.layout.secrets / "kek", self.clock, erased=erased)

    def note(self, entry: TakenBack, service: str) -> None:
        """As a service has it."""
        folder = erased_log.taken_back_of(erased_log.place_of(self.layout), service)
        TakenBackLog(folder).write(entry, self.clock.now())

    def take(self) -> Taken:
        self.clock.advance(60)
        return take.take(self.layout, self.root / "backups", self.root / "keys", self.clock, lambda _: None)

    def lose(self) -> None:
        """The disk with the data directory is gone."""
        self.layout.data.rename(self.root / f"lost-{new_id()}")

    def restore(self, file: Path | None = None) -> restore.Restored:
        found = file or restore.newest(self.root / "backups")
        return restore.put_back(self.layout, found, self.root / "keys", lambda _: None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.delenv(erased_log.VARIABLE, raising=False)
    made = Home(tmp_path, FakeClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))
    made.layout.make()
    configuration.load_or_make(made.layout.config)
    erased_log.make(erased_log.place_of(made.layout))
    made.layout.database("identity").write_bytes(b"rows of a person" * 1000)
    (made.layout.store / "volumes").mkdir(parents=True)
    (made.layout.store / "empty").mkdir()
    (made.layout.store / "volumes" / "1.dat").write_bytes(bytes(3 * PIECE_BYTES + 5))
    return made


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES])
def test_a_sealed_stream_is_read_as_it_was_written(size: int) -> None:
    file, plain = io.BytesIO(), bytes(range(256)) * (size // 256) + bytes(size % 256)
    writer = SealedWriter(file, KEY)
    for start in range(0, size, 100_000):
        writer.write(plain[start : start + 100_000])
    writer.finish()
    file.seek(0)
    assert io.BufferedReader(SealedReader(file, KEY)).read() == plain


def test_a_cut_a_change_a_swap_and_an_addition_are_noticed() -> None:
    file = io.BytesIO()
    writer = SealedWriter(file, KEY)
    writer.write(bytes(2 * PIECE_BYTES + 10))
    writer.finish()
    whole, piece = file.getvalue(), PIECE_BYTES + 20
    first, second = whole[37 : 37 + piece], whole[37 + piece : 37 + 2 * piece]
    broken = [
        whole[:-1],
        whole[: 37 + 2 * piece],
        whole[: 37 + 2 * piece + 2],
        whole[:37],
        whole[:20],
        b"XBAK" + whole[4:],
        whole[:100] + bytes([whole[100] ^ 1]) + whole[101:],
        whole[:37] + second + first + whole[37 + 2 * piece :],
        whole + b"x",
    ]
    for content in broken:
        with pytest.raises(BackupDamaged):
            SealedReader(io.BytesIO(content), KEY).drain()
    with pytest.raises(BackupDamaged, match="another key"):
        SealedReader(io.BytesIO(whole), bytes(32)).drain()


def test_what_was_backed_up_comes_back_and_only_its_owner_reads_it(home: Home) -> None:
    person = new_id()
    home.ring.create(person)
    data_key = home.ring.data_key(person)
    (home.layout.secrets / "gateway").mkdir()
    for name in ("pepper", "signing.pem"):
        configuration.write_private(home.layout.secrets / "gateway" / name, name)
    taken = home.take()
    for path in (taken.archive, *(path for path in taken.keys.rglob("*") if path.is_file())):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (home.root / "backups", taken.keys, taken.keys / "secrets", taken.keys / "keyring"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"rows of a person" not in taken.archive.read_bytes()
    config = home.layout.config.read_text()
    home.lose()
    restored = home.restore()
    assert restored.shredded == 0
    kept = {path.name for path in (home.layout.secrets / "gateway").iterdir()}
    assert kept == {"pepper"}, "tokens from before the restore are good for nothing: they may have been signed out"
    assert home.layout.database("identity").read_bytes() == b"rows of a person" * 1000
    assert (home.layout.store / "volumes" / "1.dat").stat().st_size == 3 * PIECE_BYTES + 5
    assert (home.layout.store / "empty").is_dir()
    assert home.layout.config.read_text() == config
    assert home.ring.data_key(person) == data_key
    assert stat.S_IMODE(home.layout.data.stat().st_mode) == 0o711


def test_a_key_destroyed_after_the_backup_does_not_come_back(home: Home) -> None:
    stays, erased = new_id(), new_id()
    home.ring.create(stays)
    home.ring.create(erased)
    home.take()
    told = home.ring.destroy(erased)
    home.lose()
    assert home.restore().shredded == 1
    assert not (home.layout.keyring / f"{erased}.key").exists()
    assert home.ring.destroy(erased) == told
    with pytest.raises(SubjectKeyDestroyed):
        home.ring.data_key(erased)
    assert home.ring.exists(stays)
    assert home.layout.restoring.exists()


def test_an_older_archive_opens_with_the_newest_keys_and_without_the_erased(home: Home) -> None:
    stays, erased = new_id(), new_id()
    home.ring.create(stays)
    home.ring.create(erased)
    first = home.take()
    home.ring.destroy(erased)
    home.take()
    assert not (home.root / "keys" / "keyring" / f"{erased}.key").exists()
    assert not (home.root / "keys.old").exists()
    home.lose()
    assert home.restore(first.archive).shredded == 0
    assert home.ring.exists(stays)
    assert not home.ring.exists(erased)


def test_without_the_log_of_erasures_nothing_is_restored(home: Home) -> None:
    home.take()
    home.lose()
    place = erased_log.place_of(home.layout)
    place.rename(place.with_name("elsewhere"))
    with pytest.raises(erased_log.ErasedLogMissing, match="log of erasures"):
        home.restore()
    erased_log.make(place)
    with pytest.raises(BackupsDoNotFit, match="different platforms"):
        home.restore()
    assert not home.layout.config.exists()


def test_a_log_that_forgot_an_erasure_is_refused(home: Home) -> None:
    person = new_id()
    home.ring.create(person)
    home.ring.destroy(person)
    home.take()
    home.lose()
    (erased_log.place_of(home.layout) / erased_log.PEOPLE / f"{person}.destroyed").unlink()
    with pytest.raises(BackupsDoNotFit, match="lacks 1"):
        home.restore()


def test_a_log_that_cannot_be_kept_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(erased_log.ErasedLogUnavailable, match="cannot be kept") as caught:
        erased_log.make(tmp_path / "file" / "log")
    assert erased_log.VARIABLE in caught.value.remedy


def test_a_key_ring_from_before_the_log_is_learnt(home: Home) -> None:
    person = new_id()
    FileKeyRing(home.layout.keyring, home.layout.secrets / "kek").destroy(person)
    home.take()
    log = erased_log.read(erased_log.place_of(home.layout))
    assert list(log.tombstones(erased_log.PEOPLE)) == [person]


def test_a_half_written_backup_is_refused_and_leaves_nothing(home: Home) -> None:
    taken = home.take()
    home.lose()
    whole = taken.archive.read_bytes()
    taken.archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupDamaged, match="ends too soon"):
        home.restore()
    taken.archive.rename(taken.archive.with_name(taken.archive.name + archive.UNFINISHED))
    with pytest.raises(BackupDamaged, match="never finished"):
        home.restore()
    assert not home.layout.data.exists()
    assert not home.layout.data.with_name("data.restoring").exists()
    with pytest.raises(NotFound, match="no backup"):
        restore.newest(home.root / "keys")


def test_a_copy_of_keys_that_was_touched_or_is_too_old_is_refused(home: Home) -> None:
    home.ring.create(new_id())
    home.take()
    (home.root / "keys").rename(home.root / "old-keys")
    newer = home.take()
    home.lose()
    (home.root / "keys").rename(home.root / "new-keys")
    (home.root / "old-keys").rename(home.root / "keys")
    with pytest.raises(BackupsDoNotFit, match="older than the archive"):
        home.restore(newer.archive)
    (home.root / "keys" / "secrets" / "kek").write_bytes(bytes(32))
    with pytest.raises(BackupDamaged, match="secrets/kek"):
        home.restore()
    (home.root / "keys" / "copy.json").unlink()
    with pytest.raises(BackupDamaged, match="no finished copy"):
        home.restore()


def test_a_restore_writes_over_nothing(home: Home) -> None:
    home.take()
    with pytest.raises(restore.DataThere):
        home.restore()


def test_a_running_platform_is_not_copied(home: Home) -> None:
    with Lock(home.layout.lock), pytest.raises(take.StillRunning) as caught:
        home.take()
    assert "semblance down" in caught.value.remedy
    assert not (home.root / "backups").exists()


def test_places_within_one_another_are_refused(home: Home) -> None:
    inside = [
        (home.layout.data / "b", home.root / "k"),
        (home.root / "b", home.root / "b" / "k"),
        (home.root / "b",) * 2,
    ]
    for to, keys_to in inside:
        with pytest.raises(Invalid, match="lies in"):
            take.take(home.layout, to, keys_to, home.clock, lambda _: None)


def test_a_disk_that_is_too_small_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="MB are free"):
        archive.require_room(tmp_path, 1 << 60)


def test_a_platform_is_not_started_while_a_restore_has_not_ended(home: Home, tmp_path: Path) -> None:
    home.take()
    home.lose()
    home.restore()
    with pytest.raises(SemblanceError, match="restore did not end"):
        Platform(home.layout, Options(tmp_path), lambda _: None).run(None, lambda _: None)  # type: ignore[arg-type]


def test_where_nobody_was_ever_erased_a_restore_ends_without_a_start(home: Home, tmp_path: Path) -> None:
    home.take()
    home.lose()
    home.restore()
    held = forget.forget_again(home.layout, Options(tmp_path, closed=True), lambda _: pytest.fail("nothing to say"))
    assert held == forget.Held(0, 0)
    assert not home.layout.restoring.exists()


def test_an_interrupted_restore_goes_on_with_its_own_log_alone(home: Home, tmp_path: Path) -> None:
    home.take()
    home.lose()
    home.restore()
    place = erased_log.place_of(home.layout)
    place.rename(tmp_path / "elsewhere")
    erased_log.make(place)
    with pytest.raises(BackupsDoNotFit, match="begun with"):
        forget.forget_again(home.layout, Options(tmp_path, closed=True), lambda _: None)
    assert home.layout.restoring.exists()


def test_what_is_taken_back_is_asked_of_the_log_and_of_nobody_who_is_erased(home: Home) -> None:
    stays, erased = new_id(), new_id()
    for person in (stays, erased):
        home.note(TakenBack(Kind.PHOTO, person, new_id()), "ingest")
    home.ring.destroy(erased)
    log = erased_log.read(erased_log.place_of(home.layout))
    assert [entry.subject_id for entry in log.taken_back()] == [stays]
    home.take()
    folder = erased_log.taken_back_of(log.folder, "ingest")
    assert [entry.subject_id for entry in TakenBackLog(folder).entries()] == [stays]


def test_an_entry_that_is_not_understood_stops_a_restore_before_it_begins(home: Home) -> None:
    home.take()
    home.lose()
    home.note(TakenBack(Kind.PHOTO, new_id(), new_id()), "ingest")
    entry = erased_log.taken_back_of(erased_log.place_of(home.layout), "ingest") / f"thought.{new_id()}.{new_id()}"
    entry.touch()
    with pytest.raises(UnknownEntry, match="no entry"):
        home.restore()
    assert not home.layout.data.exists()
    entry.unlink()
    home.restore()
    assert json.loads(home.layout.restoring.read_text())["made_at"] == home.clock.now().isoformat()


def test_every_service_that_takes_back_for_people_is_told_where_to_note_it(home: Home) -> None:
    config = configuration.read(home.layout.config)
    for service in SERVICES:
        told = of_service(service, config, home.layout, home.root).get(f"{service.upper()}_TAKEN_BACK_DIR")
        place = erased_log.taken_back_of(erased_log.place_of(home.layout), service)
        assert told == (str(place) if service in erased_log.KEEPERS else None)


def test_the_command_says_in_one_sentence_what_is_wrong(home: Home) -> None:
    for arguments in (
        ["backup", "--to", str(home.root / "b"), "--data", str(home.root / "nothing")],
        ["backup", "--to", str(home.layout.data / "b"), "--data", str(home.layout.data)],
        ["restore", "--from", str(home.root / "b"), "--data", str(home.root / "new")],
    ):
        ended = RUNNER.invoke(app, arguments)
        assert ended.exit_code == 1
        assert "Traceback" not in ended.output
