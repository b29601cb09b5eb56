"""Breaks what the plan says while the load runs, and writes down when it was whole again."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loadtests import profile as profiles
from loadtests.arrivals import BadPlan
from loadtests.chaos.clocks import Clocks
from loadtests.chaos.draw import drawn
from loadtests.chaos.link import Link
from loadtests.chaos.parts import WHOLE_S, Parts
from loadtests.chaos.plan import Act, acts_of, slack_of
from loadtests.chaos.record import Broken, Row
from loadtests.profile import ENOUGH, Profile
from loadtests.stretch import Disturb
from semblance.local import config as configuration
from semblance.local.config import Config
from semblance.local.layout import Layout

_WRITE_S = 10.0
# Acts wait for each other, so the last of a plan comes later than it is written there.
_SLIPS = 0.75


def planned(profile: Profile) -> list[list[Act]]:
    """What is broken in each round, drawn by the profile's seed; without rounds in the one run: the profile's own
    chaos, or that of profiles/chaos.yaml, stretched to a longer profile's length, and of which a shorter one gets what
    fits. Raises BadPlan."""
    if profile.rounds:
        return [drawn(profile.seed, number) for number in range(1, profile.rounds.count + 1)]
    if profile.chaos:
        return [acts_of(profile.chaos)]
    other, last_s = profiles.read("chaos"), max((arrival.at_s for arrival in profile.plan()), default=0.0)
    found = acts_of(other.chaos, stretch=max(1.0, last_s / other.plan()[-1].at_s))
    fit = [act for act in found if act.at_s <= _SLIPS * last_s] if last_s < other.plan()[-1].at_s else found
    if not fit:
        raise BadPlan(f"{profile.name}: too short for anything to break and be whole again")
    return [fit]


@contextmanager
def prepared(
    data: Path, profile: Profile, say: Callable[[str], None]
) -> Iterator[tuple[Disturb, dict[str, float], dict[str, str]]]:
    """(what disturbs, how wrong whose times may be, settings that lead through the links). Before the platform starts:
    its ports are picked now, and links listen in front of them."""
    rounds, layout = planned(profile), Layout(data.resolve())
    acts = [act for each in rounds for act in each]
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
        breaker = _Breaker(rounds, Parts(layout), links, clocks, say, ends_load=profile.rounds is not None)
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
    """`ends_load`: whoever sends the load is told when all is broken and whole again."""

    rounds: Sequence[Sequence[Act]]
    parts: Parts
    links: dict[str, Link]
    clocks: Clocks
    say: Callable[[str], None]
    ends_load: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def during(self, folder: Path, number: int = 1) -> Iterator[Broken]:
        """From the load's start to its end; what was not mended is mended at the end."""
        self.stop.clear()
        acts = self.rounds[number - 1]
        broken = Broken(len(acts))
        thread = threading.Thread(target=self._watched, args=(folder, acts, broken), name="chaos", daemon=True)
        thread.start()
        try:
            yield broken
        finally:
            self.stop.set()
            thread.join(WHOLE_S)
            if thread.is_alive():
                broken.failure = f"an act had not ended {WHOLE_S:.0f} s after the load"
            if not self.parts.await_whole() and broken.acts:
                broken.acts[-1]["whole"] = False

    def _watched(self, folder: Path, acts: Sequence[Act], broken: Broken) -> None:
        """Whatever ends the thread is told to whoever waits for what it does: an act that never came proves nothing."""
        try:
            self._run(folder, acts, broken.acts)
        except Exception as e:  # noqa: BLE001 - a thread of our own: nobody else would hear of it
            broken.failure = f"after {len(broken.acts)} of {len(acts)} acts: {e!r}"
            self.say(f"chaos ended {broken.failure}")
            if self.ends_load:
                (folder / ENOUGH).touch()

    def _run(self, folder: Path, acts: Sequence[Act], records: list[Row]) -> None:
        while not (folder / "began.json").exists():
            if self.stop.wait(0.2):
                return
        began_at = float(json.loads((folder / "began.json").read_text())["began_at"])
        for act in acts:
            if self.stop.wait(max(0.0, began_at + act.at_s - time.time())):
                return
            records.append(self._broken(act, began_at))
        if self.ends_load:
            (folder / ENOUGH).touch()

    def _broken(self, act: Act, began_at: float) -> Row:
        self.say(f"chaos: {act.kind} {act.target}")
        alive = self.parts.pids(act.parts)
        ended = alive if act.kind in {"kill", "restart", "tear"} else {}
        broken_at = time.time()
        note = _DO[act.kind](self, act) or ""
        whole = self.parts.await_whole(ended)
        if not whole:
            self.say(f"chaos: not every part was ready again after {WHOLE_S:.0f} s")
        if missed := len(alive) < len(act.parts):
            note = "was down before"
        elif act.kind in {"fill", "pause"} and self.parts.pids(act.parts) != alive:
            note = "died of it"
        return {
            "at_s": round(broken_at - began_at, 1),
            "what": act.kind,
            "target": act.target,
            "back_after_s": round(time.time() - broken_at, 1),
            "hit": not missed,
            "whole": whole,
            "note": note,
        }

    def kill(self, act: Act) -> None:
        """kill -9; the supervisor starts it again."""
        self._each(act, signal.SIGKILL)

    def restart(self, act: Act) -> None:
        """SIGTERM, as at the end of a rollout's old process: it drains, ends, and is started again."""
        self._each(act, signal.SIGTERM)

    def tear(self, act: Act) -> str:
        """kill -9 as soon as its database's journal is seen to grow: in the middle of a write, if it is not a short
        one."""
        journal = self.parts.journal(act.target)
        before, until_s = _touched(journal), time.monotonic() + _WRITE_S
        while (seen := _touched(journal)) == before and time.monotonic() < until_s and not self.stop.is_set():
            time.sleep(0.0005)
        self.parts.signal(act.target, signal.SIGKILL)
        return "in a write" if seen != before else f"wrote nothing in {_WRITE_S:g} s"

    def pause(self, act: Act) -> None:
        """As a machine that stands still."""
        pid = self.parts.pid(act.target)
        self.parts.signal(act.target, signal.SIGSTOP)
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
            pid = self.parts.pid(act.target)
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
            self.stop.wait(wait_s)

    def skew(self, act: Act) -> None:
        """It starts again with a wrong clock, and once more with the right one."""
        for right in (False, True):
            if right:
                self.stop.wait(act.for_s)
                self.clocks.right(act.target)
            else:
                self.clocks.set(act.target, round(act.by))
            ended = self.parts.pids(act.parts)
            self.parts.signal(act.target, signal.SIGKILL)
            self.parts.await_whole(ended)

    def _each(self, act: Act, what: signal.Signals) -> None:
        for number, part in enumerate(act.parts):
            if number:
                self.stop.wait(act.by)
            self.parts.signal(part, what)


def _touched(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


_DO: dict[str, Callable[[_Breaker, Act], str | None]] = {
    "kill": _Breaker.kill,
    "restart": _Breaker.restart,
    "tear": _Breaker.tear,
    "pause": _Breaker.pause,
    "slow": _Breaker.slow,
    "cut": _Breaker.cut,
    "fill": _Breaker.fill,
    "skew": _Breaker.skew,
}
