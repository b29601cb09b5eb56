"""What only files can get wrong: modes, a lost or foreign master key, damage, races."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing, KeyRingUnavailable, SubjectKeyDestroyed, durable_files


def _ring(root: Path) -> FileKeyRing:
    return FileKeyRing(root / "keys", root / "secret" / "kek", FakeClock())


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_for_the_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    subject = new_id()
    _ring(tmp_path).create(subject)
    assert _mode(tmp_path / "secret" / "kek") == 0o600
    assert _mode(tmp_path / "keys") == 0o700
    assert _mode(tmp_path / "keys" / f"{subject}.key") == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == [f"{subject}.key"]


def test_the_data_key_is_not_in_the_file(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    assert ring.data_key(subject) not in (tmp_path / "keys" / f"{subject}.key").read_bytes()


def test_another_process_reads_the_same_key(tmp_path: Path) -> None:
    subject = new_id()
    _ring(tmp_path).create(subject)
    assert _ring(tmp_path).data_key(subject) == _ring(tmp_path).data_key(subject)


def test_destroying_overwrites_before_unlinking(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    path = tmp_path / "keys" / f"{subject}.key"
    before = path.read_bytes()
    os.link(path, tmp_path / "same-blocks")
    ring.destroy(subject)
    assert not path.exists()
    assert (tmp_path / "same-blocks").read_bytes() != before
    assert len((tmp_path / "same-blocks").read_bytes()) == len(before)


def test_a_crash_between_tombstone_and_shredding_leaves_a_dead_key(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    path = tmp_path / "keys" / f"{subject}.key"
    shutil.copy(path, tmp_path / "copy")
    first = ring.destroy(subject)
    shutil.copy(tmp_path / "copy", path)  # as if the shredding had not happened
    with pytest.raises(SubjectKeyDestroyed):
        ring.data_key(subject)
    assert ring.destroy(subject) == first
    assert not path.exists()


def test_left_over_temporaries_go_with_the_key(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    path = tmp_path / "keys" / f"{subject}.key"
    shutil.copy(path, path.with_name(f".{path.name}.0011.new"))
    ring.destroy(subject)
    assert [entry.name for entry in (tmp_path / "keys").iterdir()] == [f"{subject}.destroyed"]


def test_a_lost_master_key_is_not_replaced(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    (tmp_path / "secret" / "kek").unlink()
    with pytest.raises(KeyRingUnavailable, match="missing although keys exist"):
        ring.data_key(subject)
    with pytest.raises(KeyRingUnavailable):
        ring.create(new_id())


def test_a_foreign_master_key_does_not_open(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    (tmp_path / "secret" / "kek").write_bytes(bytes(32))
    with pytest.raises(KeyRingUnavailable, match="does not open"):
        ring.data_key(subject)


def test_a_master_key_open_to_all_or_cut_short_is_refused(tmp_path: Path) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(subject)
    kek = tmp_path / "secret" / "kek"
    kek.chmod(0o644)
    with pytest.raises(KeyRingUnavailable, match="open to every user"):
        ring.data_key(subject)
    kek.chmod(0o600)
    kek.write_bytes(b"short")
    with pytest.raises(KeyRingUnavailable, match="32 bytes"):
        ring.data_key(subject)


def test_a_key_file_of_another_person_or_damaged_is_refused(tmp_path: Path) -> None:
    one, two = new_id(), new_id()
    ring = _ring(tmp_path)
    ring.create(one)
    ring.create(two)
    keys = tmp_path / "keys"
    shutil.copy(keys / f"{one}.key", keys / f"{two}.key")
    with pytest.raises(KeyRingUnavailable):
        ring.data_key(two)
    (keys / f"{one}.key").write_bytes(b"")
    with pytest.raises(KeyRingUnavailable, match="wrong length"):
        ring.data_key(one)


def test_a_full_disk_says_so_and_leaves_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = new_id()
    ring = _ring(tmp_path)
    ring.create(new_id())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(KeyRingUnavailable, match="full"):
            ring.create(subject)
    assert not ring.exists(subject)
    ring.create(subject)
    assert ring.exists(subject)


def test_many_creating_at_once_agree_on_one_key(tmp_path: Path) -> None:
    subject = new_id()
    seen: list[bytes] = []

    def work() -> None:
        ring = _ring(tmp_path)
        ring.create(subject)
        seen.append(ring.data_key(subject))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len(set(seen)) == 1


def test_a_second_place_is_told_before_the_key_is_shredded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, told = new_id(), tmp_path / "elsewhere" / "identity"
    ring = FileKeyRing(tmp_path / "keys", tmp_path / "secret" / "kek", FakeClock(), erased=told)
    ring.create(subject)
    with monkeypatch.context() as patched:
        patched.setattr(durable_files, "shred", lambda _: pytest.fail("not before it is told"))
        patched.setattr(durable_files, "make_private_directory", _full_for(told))
        with pytest.raises(KeyRingUnavailable):
            ring.destroy(subject)
    with pytest.raises(SubjectKeyDestroyed):
        ring.data_key(subject)
    ring.destroy(subject)
    name = f"{subject}.destroyed"
    assert (told / name).read_bytes() == (tmp_path / "keys" / name).read_bytes()
    assert _mode(told) == 0o700
    assert _mode(told / name) == 0o600
    assert not (tmp_path / "keys" / f"{subject}.key").exists()


def _full_for(folder: Path) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        if path == folder:
            raise KeyRingUnavailable("the key ring's disk is full")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    return make
