"""A stranger's manifest that takes for ever, or all memory, stops nobody: the process that reads it is replaced."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semblance.provenance.adapters.c2pa_engine import C2paEngine
from semblance.provenance.adapters.reading_apart import ReadersApart, ReadLimits
from semblance.provenance.domain.errors import ReadersUnavailable, ReadingStopped, TooBusyToLook
from semblance.provenance.domain.reading import READING_STOPPED, ManifestState, Reading

PNG = "image/png"
# What a reader does in these tests follows from the first byte of the picture.
READER = """
    import os, time
    from semblance.provenance.adapters.reading_child import serve
    def report_of(settings, media_type, data):
        if data[:1] == b"s":
            time.sleep(60)
        if data[:1] == b"m":
            return {"bytes": len(bytearray(400 << 20))}
        if data[:1] == b"d":
            os.abort()
        if data[:1] == b"p":
            print("what a library says")
        return {"process": os.getpid(), "settings": settings, "type": media_type, "bytes": len(data),
                "secrets": [name for name in os.environ if name.startswith("PROVENANCE_")]}
    serve(report_of, within_s=5, memory_mib=300)
"""


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Callable[..., ReadersApart]]:
    """Make some: `readers(within_s=0.3)`."""
    script = tmp_path / "reader.py"
    script.write_text(textwrap.dedent(READER))
    made: list[ReadersApart] = []

    def make(**limits: float) -> ReadersApart:
        chosen = ReadLimits(**{"at_once": 1, "within_s": 20.0, "wait_s": 0.05, **limits})  # type: ignore[arg-type]
        made.append(ReadersApart(chosen, [sys.executable, str(script)]))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_questions_are_answered_by_one_process_that_knows_no_secret(readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVENANCE_PKCS11_PIN", "1234")
    apart = readers()
    first, second = apart("{}", PNG, b"x" * 3_000_000), apart("{}", PNG, b"print")
    assert (first["settings"], first["type"], first["bytes"], first["secrets"]) == ("{}", PNG, 3_000_000, [])
    assert first["process"] == second["process"] != os.getpid()
    apart.stop()
    assert not alive(first["process"])


@pytest.mark.parametrize("kind", [b"sleeps", b"memory", b"dies"])
def test_a_reader_that_hangs_or_grows_or_dies_is_replaced(readers, kind: bytes) -> None:
    apart = readers(within_s=3)  # the honest questions are held to it too
    before = apart("{}", PNG, b"x")["process"]
    began = time.monotonic()
    with pytest.raises(ReadingStopped):
        apart("{}", PNG, kind * 200_000)
    assert time.monotonic() - began < 30, "it would have hung for a minute"
    after = apart("{}", PNG, b"x")["process"]
    assert before != after
    assert not alive(before)


def test_a_reader_killed_between_two_questions_is_noticed(readers) -> None:
    apart = readers()
    before = apart("{}", PNG, b"x")["process"]
    os.kill(before, 9)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)  # it is dead, and nobody has noticed
    assert apart("{}", PNG, b"x")["process"] != before


def test_whoever_finds_no_reader_free_is_told_so(readers) -> None:
    apart = readers()
    process = apart("{}", PNG, b"x")["process"]
    heard: list[object] = []

    def hang() -> None:
        with pytest.raises(ReadingStopped):
            apart("{}", PNG, b"sleeps")
        heard.append(True)

    thread = threading.Thread(target=hang)
    thread.start()
    ends_s = time.monotonic() + 60
    while not apart._free.empty():
        assert time.monotonic() < ends_s
        time.sleep(0.01)
    with pytest.raises(TooBusyToLook):
        apart("{}", PNG, b"x")
    os.kill(process, 9)
    thread.join(60)
    assert heard == [True]


def test_a_process_that_does_not_start_is_no_verdict_about_the_picture(tmp_path: Path) -> None:
    apart = ReadersApart(ReadLimits(), [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(ReadersUnavailable):
        apart("{}", PNG, b"x")


def test_the_real_reader_says_the_same_apart_and_is_stopped_by_a_limit(bench) -> None:
    data, apart = bench.signed(PNG), ReadersApart(ReadLimits(at_once=1, within_s=20.0))
    engine = C2paEngine(bench.authority, bench.engine._generator, reports=apart)
    try:
        assert engine.read(data, PNG) == bench.engine.read(data, PNG)
        assert engine.read(data, PNG).signed_here
        assert engine.read(bench.files[PNG], PNG) == Reading(ManifestState.NONE)
    finally:
        apart.stop()
    hurried = ReadersApart(ReadLimits(at_once=1, within_s=0.0))
    engine = C2paEngine(bench.authority, bench.engine._generator, reports=hurried)
    try:
        assert engine.read(data, PNG) == Reading(ManifestState.INVALID, failures=(READING_STOPPED,))
    finally:
        hurried.stop()
