"""Breaks what the plan says while the load runs, and writes down when it was whole again."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests import profile as profiles
from loadtests.chaos.clocks import Clocks
from loadtests.chaos.link import Link
from loadtests.chaos.plan import Act, acts_of, slack_of
from loadtests.profile import Profile
from semblance.local import config as configuration
from semblance.local import state
from semblance.local.config import Config
from semblance.local.layout import Layout

_WHOLE_S = 180.0
Record = dict[str, Any]
Disturb = Callable[[Path], AbstractContextManager[list[Record]]]


def planned(profile: Profile) -> list[Act]:
    """The profile's own chaos, or that of profiles/chaos.yaml stretched to the profile's length. Raises BadPlan."""
    if profile.chaos:
        return acts_of(profile.chaos)
    other = profiles.read("chaos")
    return acts_of(other.chaos, stretch=profile.plan()[-1].at_s / other.plan()[-1].at_s)


@contextmanager
def prepared(
    data: Path, profile: Profile, say: Callable[[str], None]
) -> Iterator[tuple[Disturb, dict[str, float], dict[str, str]]]:
    """(what disturbs, how wrong whose times may be, settings that lead through the links). Before the platform starts:
    its ports are picked now, and links listen in front of them."""
    acts, layout = planned(profile), Layout(data.resolve())
    layout.make()
    config = configuration.load_or_make(layout.config)
    clocks = Clocks(data / "clock")
    with ExitStack() as stack:
        links = {
            act.target: stack.enter_context(Link(act.target, _port(config, act.link[1])))
            for act in {a.target: a for a in acts if a.kind in {"slow", "cut"}}.values()
        }
        stack.enter_context(_leading_python_path(clocks.folder))
        settings = {_setting(name): f"127.0.0.1:{link.port}" for name, link in links.items()}
        breaker = _Breaker(acts, layout, links, clocks, say)
        yield breaker.during, slack_of(acts), settings


def _port(config: Config, server: str) -> int:
    return config.store_port if server == "store" else config.ports[f"{server}.grpc"]


def _setting(link: str) -> str:
    client, _, server = link.partition(">")
    return f"{client.upper()}_{'S3_ENDPOINT' if server == 'store' else f'{server.upper()}_ADDRESS'}"


@contextmanager
def _leading_python_path(folder: Path) -> Iterator[None]:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@dataclass
class _Breaker:
    acts: list[Act]
    layout: Layout
    links: dict[str, Link]
    clocks: Clocks
    say: Callable[[str], None]
    records: list[Record] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def during(self, folder: Path) -> Iterator[list[Record]]:
        """From the load's start to its end; what was not mended is mended at the end."""
        thread = threading.Thread(target=self._run, args=(folder,), name="chaos", daemon=True)
        thread.start()
        try:
            yield self.records
        finally:
            self.stop.set()
            thread.join(_WHOLE_S)
            self._await_whole()

    def _run(self, folder: Path) -> None:
        while not (folder / "began.json").exists():
            if self.stop.wait(0.2):
                return
        began_at = float(json.loads((folder / "began.json").read_text())["began_at"])
        for act in self.acts:
            if self.stop.wait(max(0.0, began_at + act.at_s - time.time())):
                return
            self.say(f"chaos: {act.kind} {act.target}")
            broken_at = time.time()
            _DO[act.kind](self, act)
            self._await_whole()
            self.records.append(
                {
                    "at_s": round(broken_at - began_at, 1),
                    "what": act.kind,
                    "target": act.target,
                    "back_after_s": round(time.time() - broken_at, 1),
                }
            )

    def _pid(self, part: str) -> int | None:
        found = state.read(self.layout.state)
        return next((p.pid for p in found.parts if p.name == part), None) if found else None

    def _await_whole(self) -> None:
        """Until the supervisor calls every part ready, for some minutes at most; its own look is a second old."""
        time.sleep(1.5)
        until_s = time.monotonic() + _WHOLE_S
        while time.monotonic() < until_s:
            found = state.read(self.layout.state)
            if found is not None and found.phase == "ready":
                return
            time.sleep(0.2)
        self.say(f"chaos: not every part was ready again after {_WHOLE_S:.0f} s")

    def kill(self, act: Act) -> None:
        """kill -9; the supervisor starts it again."""
        self._signal(act.target, signal.SIGKILL)

    def pause(self, act: Act) -> None:
        """As a machine that stands still."""
        pid = self._pid(act.target)
        self._signal(act.target, signal.SIGSTOP)
        self.stop.wait(act.for_s)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def slow(self, act: Act) -> None:
        """Every block takes longer."""
        self.links[act.target].delay_s = act.by
        self.stop.wait(act.for_s)
        self.links[act.target].mend()

    def cut(self, act: Act) -> None:
        """Nothing gets through."""
        self.links[act.target].cut()
        self.stop.wait(act.for_s)
        self.links[act.target].mend()

    def fill(self, act: Act) -> None:
        """No file of the process may grow: each write fails as on a full disk. Source: prlimit(2)."""
        for soft, wait_s in ((1, act.for_s), (resource.RLIM_INFINITY, 0.0)):
            pid = self._pid(act.target)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
            self.stop.wait(wait_s)

    def skew(self, act: Act) -> None:
        """It starts again with a wrong clock, and once more with the right one."""
        self.clocks.set(act.target, round(act.by))
        self._signal(act.target, signal.SIGKILL)
        self._await_whole()
        self.stop.wait(act.for_s)
        self.clocks.right(act.target)
        self._signal(act.target, signal.SIGKILL)

    def _signal(self, part: str, what: signal.Signals) -> None:
        pid = self._pid(part)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)


_DO: dict[str, Callable[[_Breaker, Act], None]] = {
    "kill": _Breaker.kill,
    "pause": _Breaker.pause,
    "slow": _Breaker.slow,
    "cut": _Breaker.cut,
    "fill": _Breaker.fill,
    "skew": _Breaker.skew,
}
