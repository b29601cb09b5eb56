"""A line is on the disk before the call goes out."""

from __future__ import annotations

import os
from pathlib import Path

from loadtests import ledger
from loadtests.ledger import Ledger


def test_lines_come_back_in_the_order_of_time_from_all_workers(tmp_path: Path) -> None:
    books = [Ledger(tmp_path / f"ledger-{n}.jsonl") for n in range(2)]
    written = [books[n % 2].write(ledger.ASKED, kind="image", key=str(n)) for n in range(6)]
    assert ledger.read(sorted(tmp_path.glob("*.jsonl"))) == written
    for book in books:
        book.close()


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
