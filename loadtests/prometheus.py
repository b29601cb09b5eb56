"""What a platform elsewhere uses, from its Prometheus: container processor seconds, and how busy its GPUs were.

    container_cpu_usage_seconds_total   the kubelet's cAdvisor; all containers of the namespace but the load test's own
    DCGM_FI_DEV_GPU_UTIL                NVIDIA's dcgm-exporter, per cent; a GPU second is one in which a kernel ran

Raw samples are asked for once, after the run; nothing is extrapolated. API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import numpy as np

from loadtests.curve import Curve

CPU = 'container_cpu_usage_seconds_total{namespace="%s",container!="",container!="POD",pod!~"loadtest.*"}'
GPU = "DCGM_FI_DEV_GPU_UTIL"
# Whose the GPU is, is told in one label or the other: by whether Prometheus keeps the exporter's labels.
_OURS = ('{exported_namespace="%s"}', '{namespace="%s",exported_namespace=""}')
_BEFORE_S = 120.0
# Prometheus holds a series for ended after so long without a sample.
_STALE_S = 300.0
_TIMEOUT_S = 30.0
_ASK_EVERY_S = 5.0
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

Points = list[tuple[float, float]]


class NotMetered(RuntimeError):
    """Prometheus was asked for and cannot say what the platform uses."""


@dataclass(frozen=True)
class Spent:
    """`gpus` None: no exporter of GPUs is known to this Prometheus. `said`: its warnings, for the report."""

    cores: Curve
    gpus: Curve | None
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prometheus:
    """`url` without /api/v1. `token` is sent as a bearer's."""

    url: str
    namespace: str
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.namespace):
            raise NotMetered(f"{self.namespace!r} is no namespace")

    def probe(self) -> None:
        """Before the load. Raises NotMetered if there is no processor time of the namespace."""
        found, _ = self._asked(f"count({CPU % self.namespace})", None)
        if not found:
            raise NotMetered(f"{self.url} has no container_cpu_usage_seconds_total of namespace {self.namespace}")

    def spent(
        self, start: float, end: float, *, within_s: float = 90.0, sleep: Callable[[float], object] = time.sleep
    ) -> Spent:
        """Between two moments of Unix time, and two minutes before. Waits `within_s` seconds for the scrape that comes
        after `end`; without it the last seconds count as nothing, and it is said. Asks as long of one that does not
        answer. Raises NotMetered."""
        tries = 1 + int(within_s / _ASK_EVERY_S)
        for left in reversed(range(tries)):
            try:
                found = self._spent(start, time.time())
            except NotMetered:
                if not left:
                    raise
            else:
                if found.cores.points[-1][0] >= end or not left:
                    break
            sleep(_ASK_EVERY_S)
        if (short_s := end - found.cores.points[-1][0]) <= 0:
            return found
        return replace(found, said=(*found.said, f"the last sample is {short_s:.0f} s older than the run's end"))

    def _spent(self, start: float, end: float) -> Spent:
        began, span = start - _BEFORE_S, f"[{int(end - start + _BEFORE_S)}s]"
        cpu, said = self._asked(f"{CPU % self.namespace}{span}", end)
        if not cpu:
            raise NotMetered(f"{self.url} has no processor time of {self.namespace} in the run's time")
        gpu, more = self._gpus(span, end)
        curves = [_grown(_points(each), began) for each in cpu]
        gpus = None if gpu is None else _together([_integrated(_points(each)) for each in gpu], end)
        return Spent(_together(curves, end), gpus, tuple(dict.fromkeys([*said, *more])))

    def _gpus(self, span: str, end: float) -> tuple[list[dict[str, Any]] | None, list[str]]:
        known, said = self._asked(f"count({GPU})", end)
        if not known:
            return None, said
        found = [each for ours in _OURS for each in self._asked(f"{GPU}{ours % self.namespace}{span}", end)[0]]
        return found, said

    def _asked(self, query: str, at: float | None) -> tuple[list[dict[str, Any]], list[str]]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = {"query": query} | ({} if at is None else {"time": f"{at:.3f}"})
        try:
            answer = httpx.post(f"{self.url.rstrip('/')}/api/v1/query", data=data, headers=headers, timeout=_TIMEOUT_S)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as e:
            raise NotMetered(f"{self.url} did not answer as Prometheus does: {type(e).__name__}") from e
        if answer.status_code != httpx.codes.OK or not isinstance(told, dict) or told.get("status") != "success":
            why = told.get("error", "") if isinstance(told, dict) else ""
            raise NotMetered(f"{self.url} answered {answer.status_code}: {str(why)[:200]}")
        return list(told["data"]["result"]), list(told.get("warnings", []))


def _points(series: dict[str, Any]) -> Points:
    return [(float(at), float(value)) for at, value in series["values"]]


def _grown(points: Points, began: float) -> Points:
    """A counter's growth: a smaller value is a start anew, and one that is first seen late began at nothing."""
    times = [at for at, _ in points]
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    late = bool(step) and times[0] > began + 2 * step
    found, total = [(times[0] - step, 0.0)] if late else [], points[0][1] if late else 0.0
    found.append((times[0], total))
    for (_, before), (at, value) in itertools.pairwise(points):
        total += value - before if value >= before else value
        found.append((at, total))
    return found


def _integrated(points: Points) -> Points:
    """Busy seconds of a gauge in per cent, by trapezoids; nothing where it was silent for long."""
    found, total = [(points[0][0], 0.0)], 0.0
    for (before, low), (at, high) in itertools.pairwise(points):
        total += (low + high) / 200 * (at - before) if at - before <= _STALE_S else 0.0
        found.append((at, total))
    return found


def _together(curves: Sequence[Points], end: float) -> Curve:
    """The sum; each counts nothing before its first sample, and stays after its last."""
    if not curves:
        return Curve(((0.0, 0.0), (end, 0.0)))
    grid = sorted({at for curve in curves for at, _ in curve})
    total = np.zeros(len(grid))
    for curve in curves:
        times, values = zip(*curve, strict=True)
        total += np.interp(grid, times, values, left=0.0)
    return Curve.of(zip(grid, total.tolist(), strict=True))
