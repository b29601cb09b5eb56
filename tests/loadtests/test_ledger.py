"""A line is on the disk before the call goes out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests import ledger
from loadtests.ledger import Ledger
from loadtests.people import book

ROOT = Path(__file__).parents[2]


def test_lines_come_back_in_the_order_of_time_from_all_workers(tmp_path: Path) -> None:
    books = [Ledger(tmp_path / f"ledger-{n}.jsonl") for n in range(2)]
    written = [books[n % 2].write(ledger.ASKED, kind="image", key=str(n)) for n in range(6)]
    assert ledger.read(sorted(tmp_path.glob("*.jsonl"))) == written
    for each in books:
        each.close()


FULL = """
import resource, sys
from pathlib import Path
from loadtests import ledger
from loadtests.people.book import Book
from loadtests.world import Somebody
books = Path(sys.argv[1])
book, people = ledger.Ledger(books / "ledger-0.jsonl"), Book.begun(books / "people.jsonl", "http://here")
keep = [lambda key: book.write(ledger.ASKED, kind="image", key=key), lambda key: people.add(Somebody(key, key, "", ""))]
for write in keep:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
    for n in range(9):
        try:
            write(f"key-{n}")
        except OSError as error:
            print(n, "No space" in str(error) or "room" in str(error) or "too large" in str(error))
            break
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    write("last")
"""


@pytest.mark.timeout(300)
def test_on_a_full_disk_a_line_is_whole_or_not_there_and_it_is_said(tmp_path: Path) -> None:
    """What is written when there is room again is not lost with half a line before it."""
    paths = [str(ROOT), *map(str, ROOT.glob("libs/*"))]
    ended = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=True, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    fitted = [line.split() for line in ended.stdout.splitlines()]
    assert [said for _, said in fitted] == ["True", "True"]
    keys = [entry.key for entry in ledger.read([tmp_path / "ledger-0.jsonl"])]
    assert keys == [*(f"key-{n}" for n in range(int(fitted[0][0]))), "last"]
    _, people = book.read(tmp_path / "people.jsonl")
    assert [who.handle for who in people] == [*(f"key-{n}" for n in range(int(fitted[1][0]))), "last"]


def test_every_line_is_synced_before_write_returns(tmp_path: Path) -> None:
    seen: list[int] = []
    path = tmp_path / "ledger.jsonl"
    book = Ledger(path, sync=lambda descriptor: (os.fsync(descriptor), seen.append(len(path.read_text()))))
    book.write(ledger.ASKED, key="a")
    first = len(path.read_text())
    book.write(ledger.ACCEPTED, key="a", job_id="1")
    assert seen == [first, len(path.read_text())]
    book.close()


def test_a_line_cut_off_by_a_kill_is_no_promise(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    book = Ledger(path)
    whole = book.write(ledger.ASKED, key="a")
    book.close()
    with path.open("a") as file:
        file.write('{"what": "accep')
    assert ledger.read([path]) == [whole]
    again = Ledger(path)  # and appending goes on
    again.close()


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger(path).close()
    assert path.stat().st_mode & 0o077 == 0
