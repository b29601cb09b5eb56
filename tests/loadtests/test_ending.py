"""Whatever ends the harness itself is no verdict, and a yes or a no is the run's own."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtests import __main__ as command
from loadtests import ending
from loadtests.load import LoadFailed


def full() -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def broken() -> int:
    raise ZeroDivisionError


def unloaded() -> int:
    raise LoadFailed("Locust ended with 1")


def ended() -> int:
    os.kill(os.getpid(), signal.SIGTERM)
    return 0


@pytest.mark.parametrize(
    ("run", "code", "says"),
    [
        (lambda: 0, 0, ""),
        (lambda: 1, 1, ""),
        (full, 2, "No space left"),
        (broken, 2, "ZeroDivisionError"),
        (unloaded, 2, "NOT JUDGED: Locust ended with 1"),
        (ended, 2, "NOT JUDGED: interrupted"),
    ],
)
def test_only_a_run_that_came_to_its_verdict_has_one(
    run: Callable[[], int], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    assert ending.code_of(run) == code
    assert says in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("wrong", ["out", "profile", "trace", "slo", "memory", "cores"])
def test_what_cannot_be_meant_is_found_before_anything_is_begun(
    wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At an address where nobody is, so that anything that is begun fails otherwise."""
    (tmp_path / "file").touch()
    (tmp_path / "p.yaml").write_text("people: [" if wrong == "profile" else "")
    (tmp_path / "t.jsonl").write_text('{"at_s": 1, "journey": "fly"}\n')
    given = ["--url", "http://127.0.0.1:9", "--bootstrap", "127.0.0.1:9", "--out", str(tmp_path / "out")]
    if wrong == "out":
        given += ["--profile", "smoke", "--out", str(tmp_path / "file")]
    elif wrong == "trace":
        given += ["--profile", "smoke", "--trace", str(tmp_path / "t.jsonl")]
    elif wrong in {"memory", "cores"}:
        given += ["--profile", "soak" if wrong == "memory" else "overhead"]
    elif wrong == "slo":
        text = (command.profiles.HERE / "profiles" / "smoke.yaml").read_text().replace("slo-smoke", "slo-none")
        (tmp_path / "p.yaml").write_text(text)
    if wrong in {"profile", "slo"}:
        given += ["--profile", str(tmp_path / "p.yaml")]
    assert command.main(given) == 2
    said = capsys.readouterr().err
    names = {"out": "file", "profile": "p.yaml", "trace": "fly", "slo": "slo-none", "memory": "memory_growth"}
    assert names.get(wrong, "core_s_per_picture") in said
    assert "NOT JUDGED" in said
