"""A platform that a test may kill and start again on the same data."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from semblance.client import Client
from semblance.local import models, state
from semblance.local.demo.running import running_platform
from semblance.local.layout import Layout
from semblance.local.state import Part, State
from semblance.local.testing.kept import Kept
from semblance.local.testing.members import Member

T = TypeVar("T")


class House:
    """start() and stop() on the main thread: the processes end with the thread that started them."""

    def __init__(self, data: Path) -> None:
        self.layout = Layout(data)
        self.kept = Kept(self.layout)
        self.url = ""
        self._running = ExitStack()
        self._clients = ExitStack()

    def start(self) -> None:
        """Returns once every part is ready. Raises StepFailed."""
        platform = running_platform(self.layout.data, models.default_directory(), lambda *_: None)
        _, self.url = self._running.enter_context(platform)

    def stop(self) -> None:
        """Stop in order; also after a kill."""
        self._clients.close()
        self._running.close()

    def pause(self) -> None:
        """Stop in order; accounts stay signed in."""
        self._running.close()

    def stop_after_kill(self) -> None:
        """Forget a supervisor that was killed; accounts stay signed in."""
        self._running.close()

    def member(self, who: str) -> Member:
        """Somebody new with an account, signed in."""
        client = self._clients.enter_context(Client(self.url, retries=25))
        return Member(client, who).join()

    def state(self) -> State:
        """What runs."""
        found = state.read(self.layout.state)
        assert found is not None, "the platform has written no state"
        return found

    def part(self, name: str) -> Part:
        """One process."""
        return next(part for part in self.state().parts if part.name == name)

    def kill(self, name: str) -> None:
        """kill -9; returns at once."""
        pid = self.part(name).pid
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

    def limit_files(self, name: str, size_bytes: int | None) -> None:
        """Let no file of a process grow beyond `size_bytes`, as on a full disk; None lifts it, also from a process
        that was started again meanwhile. Source: prlimit(2)."""
        soft = resource.RLIM_INFINITY if size_bytes is None else size_bytes
        pid = self.part(name).pid
        if pid is not None or size_bytes is not None:
            assert pid is not None, f"{name} does not run"
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def kill_supervisor(self) -> list[int]:
        """kill -9 of the supervisor; the pids that must end with it, its own among them."""
        found = self.state()
        os.kill(found.pid, signal.SIGKILL)
        return [found.pid, *(part.pid for part in found.parts if part.pid)]

    def wait_ready(self, timeout_s: float = 120) -> None:
        """Until every part is ready. Raises AssertionError."""
        eventually(lambda: self.state().phase == "ready", "every part is ready", timeout_s)

    def wait_restarted(self, name: str, restarts: int, timeout_s: float = 120) -> None:
        """Until `name` was started again more than `restarts` times and everything is ready."""
        eventually(lambda: self.part(name).restarts > restarts, f"{name} is started again", timeout_s)
        self.wait_ready(timeout_s)


def eventually(what: Callable[[], T], means: str, timeout_s: float = 60) -> T:
    """The first true answer. Raises AssertionError with `means` when none came in time."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := what()):
        assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {means}"
        time.sleep(0.1)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
