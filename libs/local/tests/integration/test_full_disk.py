"""A store that a full disk has left stuck is known by its log, and no other."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from pathlib import Path

from semblance.local.full_disk import FullDisk
from semblance.objects import ObjectStore, StoreUnavailable
from semblance.objects.seaweed import SeaweedServer

FOLDERS = 2


def taken(store: ObjectStore) -> int:
    """How many of the folders take an object."""
    count = 0
    for folder in range(FOLDERS):
        with contextlib.suppress(StoreUnavailable):
            store.put("photos", f"{folder}/a", b"x")
            count += 1
    return count


def limit(pid: int, size_bytes: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def found_stuck(full_disk: FullDisk, pid: int, store: ObjectStore, *, within_s: float) -> bool:
    """While somebody writes again and again, as the broker and the services do."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        taken(store)
        if full_disk.stuck(pid):
            return True
        time.sleep(0.2)
    return False


def test_a_store_whose_journals_refuse_for_good_is_started_again_once_there_is_room(tmp_path: Path) -> None:
    with SeaweedServer(tmp_path / "store", buckets=["photos"]) as server:
        full_disk = FullDisk(tmp_path / "store" / "weed.log")
        store = server.store()
        assert taken(store) == FOLDERS
        limit(server.pid, 1)
        for folder in range(FOLDERS):  # a removal writes a journal of the filer alone; each is tried for three seconds
            with contextlib.suppress(StoreUnavailable):
                store.remove("photos", f"{folder}/a")
        assert not found_stuck(full_disk, server.pid, store, within_s=7), "without room another start helps nobody"
        limit(server.pid, resource.RLIM_INFINITY)
        assert taken(store) < FOLDERS, "or the premise does not hold any more"
        assert found_stuck(full_disk, server.pid, store, within_s=60)
        server.stop()
        server.start()
        full_disk.begin()
        assert taken(store) == FOLDERS
        assert not found_stuck(full_disk, server.pid, store, within_s=1)


def test_a_failure_that_passed_and_a_log_that_was_emptied_are_no_reason(tmp_path: Path) -> None:
    log, now_s = tmp_path / "weed.log", [0.0]
    full_disk = FullDisk(log, now_s=lambda: now_s[0])
    assert not full_disk.stuck(os.getpid()), "there is no log yet"

    def after(seconds: float, written: bytes) -> bool:
        now_s[0] += seconds
        with log.open("ab") as file:
            file.write(written)
        return full_disk.stuck(os.getpid())

    assert not after(1, b"write 000001.log: no space left on device\n")
    assert not after(10, b"other lines\n")
    log.write_bytes(b"")
    assert not after(1, b"")
    assert after(1, b"persisting: no space left on device\n"), "and it still fails"
    full_disk.begin()
    assert not after(1, b"persisting: no space left on device\n")
    assert not after(4, b"persisting: no space left on device\n")
    assert after(1, b"persisting: no space left on device\n")
