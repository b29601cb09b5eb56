"""What a platform on this machine uses: processor seconds and memory, of all its processes and of each part."""

from __future__ import annotations

import bisect
import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

from loadtests import measures, spread
from loadtests.curve import Curve
from semblance.local import state
from semblance.local.layout import Layout

_BUSY_S = 10.0


@dataclass(frozen=True)
class Sample:
    """One look. `at`: Unix time; `core_s`: processor seconds since the start; `resident`: bytes; `parts`: the same two
    of each part (a service, the broker, the store) with all that it started."""

    at: float
    core_s: float
    resident: int
    parts: Mapping[str, tuple[float, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Used:
    """What one part used. `rest_mb`: resident MiB before anybody came, the middle look; `p95_mb`, `most_mb`: under
    load; `cores`: processors on average under load, `busy_cores`: in the busiest ten seconds; `rest_cores`: before.
    `p95_spread` and `cores_spread`: where the 95th percentile of memory lies, and the average of ten parts of the load;
    `looks`: how often it was looked at under load."""

    rest_mb: float
    p95_mb: float
    most_mb: float
    rest_cores: float
    cores: float
    busy_cores: float
    p95_spread: str = ""
    cores_spread: str = ""
    looks: int = 0


@dataclass
class Meter:
    """Looks each second. What a process did after the last look before its end is not counted."""

    layout: Layout
    samples: list[Sample] = field(default_factory=list)
    _spent: dict[tuple[int, float], tuple[str | None, float]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Meter:
        self._thread = threading.Thread(target=self._measure, name="meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        self.look()  # up to the end

    def curve(self) -> Curve:
        """Processor seconds of all by each look. What is used between a moment and the look after it counts in
        proportion: up to a second at each end of a stage was left out otherwise."""
        return Curve.of((each.at, each.core_s) for each in self.samples)

    def used(self, rest: tuple[float, float], load: tuple[float, float]) -> dict[str, Used]:
        """Each part's use between two moments before the load and two of it; parts that were there all the time."""
        quiet, busy = self._between(*rest), self._between(*load)
        names = set.intersection(*(set(each.parts) for each in (*quiet, *busy))) if quiet and busy else set()
        return {name: _used(name, quiet, busy) for name in sorted(names)}

    def look(self) -> None:
        """One more sample; none if the platform is not there."""
        found = state.read(self.layout.state)
        if found is not None:
            self._look(found.pid, {part.pid: part.name for part in found.parts if part.pid is not None})

    def _between(self, start: float, end: float) -> list[Sample]:
        return [each for each in self.samples if start <= each.at <= end]

    def _measure(self) -> None:
        while not self._stop.wait(1.0):
            self.look()

    def _look(self, supervisor: int, parts: Mapping[int, str]) -> None:
        try:
            processes = [psutil.Process(supervisor), *psutil.Process(supervisor).children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        parents: dict[int, int] = {}
        resident: dict[int, int] = {}
        born: dict[int, float] = {}
        times: dict[int, float] = {}
        for process in processes:
            try:
                with process.oneshot():
                    used = process.cpu_times()
                    parents[process.pid], born[process.pid] = process.ppid(), process.create_time()
                    times[process.pid], resident[process.pid] = used.user + used.system, process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        for pid, spent in times.items():
            key = (pid, born[pid])
            known = self._spent.get(key, (None, 0.0))[0]
            self._spent[key] = (known or _part_of(pid, parents, parts), spent)
        here = {pid: self._spent[pid, born[pid]][0] for pid in times}
        core_s: dict[str, float] = defaultdict(float)
        for name, spent in self._spent.values():
            if name is not None:
                core_s[name] += spent
        memory: dict[str, int] = defaultdict(int)
        for pid, name in here.items():
            if name is not None:
                memory[name] += resident[pid]
        total = sum(spent for _, spent in self._spent.values())
        each = {name: (core_s[name], memory[name]) for name in core_s}
        self.samples.append(Sample(time.time(), total, sum(resident.values()), each))


def _part_of(pid: int, parents: Mapping[int, int], parts: Mapping[int, str]) -> str | None:
    """The part that it is or was started by; None for the supervisor and what it started beside the parts."""
    while pid not in parts:
        if pid not in parents:
            return None
        pid = parents[pid]
    return parts[pid]


def _used(name: str, quiet: Sequence[Sample], busy: Sequence[Sample]) -> Used:
    memory = [each.parts[name][1] / 2**20 for each in busy]
    spent = [(each.at, each.parts[name][0]) for each in busy]
    rests = [(each.at, each.parts[name][0]) for each in quiet]
    return Used(
        rest_mb=round(measures.percentile([each.parts[name][1] / 2**20 for each in quiet], 50)),
        p95_mb=round(measures.percentile(memory, 95)),
        most_mb=round(max(memory)),
        rest_cores=round(_busy(rests) or 0.0, 3),
        cores=round(_busy(spent) or 0.0, 3),
        busy_cores=round(_busiest(spent), 3),
        p95_spread=spread.of_percentile([round(each) for each in memory], 95),
        cores_spread=spread.over(_tenths(spent), "parts of the load"),
        looks=len(busy),
    )


def _busy(spent: Sequence[tuple[float, float]]) -> float | None:
    if len(spent) < 2:
        return None
    (first, before), (last, after) = spent[0], spent[-1]
    return (after - before) / (last - first)


def _tenths(spent: Sequence[tuple[float, float]]) -> list[float]:
    """Processors on average in each of ten parts of the time, of fewer looks in fewer parts."""
    curve, edges = Curve.of(spent), np.linspace(spent[0][0], spent[-1][0], min(10, len(spent) - 1) + 1)
    return [curve.between(a, b) / (b - a) for a, b in itertools.pairwise(edges.tolist()) if b > a]


def _busiest(spent: Sequence[tuple[float, float]]) -> float:
    """The most processors in any ten seconds, or in all of a shorter time."""
    times = [at for at, _ in spent]
    most = _busy(spent) or 0.0
    for first, began in enumerate(times):
        last = bisect.bisect_right(times, began + _BUSY_S) - 1
        if times[last] - began >= _BUSY_S - 2:
            most = max(most, _busy((spent[first], spent[last])) or 0.0)
    return most
