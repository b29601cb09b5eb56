"""What is done to processes is done to the right ones, and whole is what came back as somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from loadtests.chaos.clocks import Clocks
from loadtests.chaos.parts import Parts
from loadtests.chaos.plan import Act
from loadtests.chaos.running import _Breaker
from loadtests.profile import ENOUGH
from semblance.local import state
from semblance.local.layout import Layout
from semblance.local.state import Part, State

# Goes on until it is told or asked to end, and says so.
POLITE = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print(1, flush=True); sys.stdin.read()"


class House:
    """Processes that are started again as a supervisor does it, and told of as it tells."""

    def __init__(self, layout: Layout, *names: str) -> None:
        self.layout, self.running = layout, dict[str, subprocess.Popen[bytes]]()
        self.ended: list[tuple[str, int]] = []
        self.over = threading.Event()
        for name in names:
            self._start(name)
        self._tell()
        self._thread = threading.Thread(target=self._tend)
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._thread.join()
        for process in self.running.values():
            process.kill()
            process.communicate()

    def _start(self, name: str) -> None:
        command = [sys.executable, "-S", "-c", POLITE]
        self.running[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.running[name].stdout is not None
        self.running[name].stdout.readline()  # type: ignore[union-attr]

    def _tend(self) -> None:
        while not self.over.wait(0.05):
            for name, process in list(self.running.items()):
                if (code := process.poll()) is not None:
                    process.communicate()
                    self.ended.append((name, code))
                    self._start(name)
            self._tell()

    def _tell(self) -> None:
        parts = tuple(Part(name, "ready", process.pid, 1, 0) for name, process in self.running.items())
        state.write(self.layout.state, State("ready", os.getpid(), "", parts))


class Never(Parts):
    """A platform that is not whole again, and nobody waits for it."""

    def await_whole(self, ended: Mapping[str, int] | None = None, within_s: float = 0.0) -> bool:
        return False


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    layout = Layout(tmp_path / "data")
    layout.make()
    house = House(layout, "safety", "ingest", "broker")
    yield house
    house.close()


def breaker(house: House, *acts: Act, ends_load: bool = False) -> _Breaker:
    clocks = Clocks(house.layout.data / "clock")
    return _Breaker([acts], Parts(house.layout), {}, clocks, lambda _: None, ends_load=ends_load)


def begun(folder: Path) -> Path:
    (folder / "began.json").write_text(json.dumps({"began_at": time.time()}))
    return folder


def test_two_are_killed_one_is_asked_and_the_load_is_told_that_it_is_enough(house: House, tmp_path: Path) -> None:
    acts = (Act(0, "kill", "safety+broker"), Act(0, "restart", "ingest"))
    with breaker(house, *acts, ends_load=True).during(begun(tmp_path), 1) as broken:
        until_s = time.monotonic() + 60
        while not (tmp_path / ENOUGH).exists():
            assert time.monotonic() < until_s
            time.sleep(0.02)
    assert sorted(house.ended) == [("broker", -9), ("ingest", 7), ("safety", -9)]
    assert [(r["what"], r["target"], r["whole"], r["note"]) for r in broken.acts] == [
        ("kill", "safety+broker", True, ""),
        ("restart", "ingest", True, ""),
    ]
    assert (broken.planned, broken.failure) == (2, "")


def test_what_ends_the_breaker_is_told_and_ends_the_load(house: House, tmp_path: Path) -> None:
    acts = (Act(0, "cut", "gateway>nobody", 1.0), Act(0, "kill", "ingest"))
    with breaker(house, *acts, ends_load=True).during(begun(tmp_path), 1) as broken:
        until_s = time.monotonic() + 60
        while not (tmp_path / ENOUGH).exists():
            assert time.monotonic() < until_s
            time.sleep(0.02)
    assert broken.failure == "after 0 of 2 acts: KeyError('gateway>nobody')"
    assert (broken.planned, broken.acts, house.ended) == (2, [], [])


def test_what_the_loads_end_left_out_and_what_never_was_whole_again_is_counted(house: House, tmp_path: Path) -> None:
    breaks = breaker(house, Act(0, "kill", "ingest"), Act(3600, "kill", "safety"))
    with breaks.during(begun(tmp_path), 1) as broken:
        until_s = time.monotonic() + 60
        while not broken.acts:
            assert time.monotonic() < until_s
            time.sleep(0.02)
        breaks.parts = Never(house.layout)
    assert (broken.planned, [(act["hit"], act["whole"]) for act in broken.acts]) == (2, [(True, False)])


def test_a_service_is_killed_as_its_journal_grows(house: House) -> None:
    journal = Parts(house.layout).journal("safety")
    found: list[str] = []
    thread = threading.Thread(
        target=lambda: found.append(
            breaker(house, Act(0, "tear", "safety"))._broken(Act(0, "tear", "safety"), 0)["note"]
        )
    )
    thread.start()
    until_s = time.monotonic() + 60
    while not house.ended:  # the journal of a service that works grows all the time
        assert time.monotonic() < until_s
        with journal.open("ab") as file:
            file.write(b"page")
        time.sleep(0.02)
    thread.join(60)
    assert house.ended == [("safety", -9)]
    assert found == ["in a write"]


def test_whole_is_only_what_came_back(house: House) -> None:
    parts = Parts(house.layout)
    pids = parts.pids(("safety",))
    assert not parts.await_whole(pids, within_s=0.3)  # the same process still
    house.running["safety"].kill()
    assert parts.await_whole(pids, within_s=60)
    house.over.set()
    house._thread.join()
    state.write(house.layout.state, State("degraded", 1, "", ()))
    assert not parts.await_whole({"safety": 1}, within_s=0.3)
    house.layout.state.unlink()
    assert not parts.await_whole({"safety": 1}, within_s=0.3)
