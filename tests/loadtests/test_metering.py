"""A platform elsewhere is metered by its Prometheus: restarts, pods that come and go, GPUs, and what it does not know.

The Prometheus is the fake beside the adapter; its answers have the form of the real API's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from loadtests import running
from loadtests.place import Place
from loadtests.prometheus import NotMetered, Prometheus
from loadtests.prometheus_fake import LOUD, FakePrometheus, Series

BEGAN, END = 10_000.0, 10_300.0
TIMES = [BEGAN - 120 + 15 * k for k in range(1, 30)]  # from before the run to after it


def cpu(pod: str, values: Sequence[tuple[float, float]], **labels: str) -> Series:
    own = {"__name__": "container_cpu_usage_seconds_total", "namespace": "semblance", "container": "app", "pod": pod}
    return own | labels, values


def gpu(per_cent: float, **labels: str) -> Series:
    return {"__name__": "DCGM_FI_DEV_GPU_UTIL", **labels}, [(at, per_cent) for at in TIMES]


def steady(rate: float, times: Sequence[float] = TIMES, head: float = 500.0) -> list[tuple[float, float]]:
    return [(at, head + rate * (at - times[0])) for at in times]


def spent(series: Sequence[Series], **more: Any) -> Any:
    with FakePrometheus(series) as fake:
        clock = Prometheus(fake.url, "semblance")
        clock.probe()
        return clock._spent(BEGAN, TIMES[-1]) if not more else clock.spent(BEGAN, **more)


def test_processor_seconds_are_those_of_the_platforms_containers() -> None:
    strangers = [
        cpu("loadtest-workers-0", steady(9)), cpu("db", steady(9), namespace="other"),
        cpu("gateway-1", steady(9), container=""), cpu("gateway-1", steady(9), container="POD"),
    ]  # fmt: skip
    found = spent([cpu("gateway-1", steady(0.5)), cpu("safety-1", steady(1.5)), *strangers])
    assert found.cores.between(BEGAN, END) == pytest.approx(600)
    assert found.cores.between(BEGAN + 7, BEGAN + 8) == pytest.approx(2)
    assert found.cores.rate(BEGAN, BEGAN + 20) is None  # looks are 15 s apart
    assert found.gpus is None
    assert found.said == (LOUD,)


def test_a_container_that_restarts_or_comes_late_counts_from_nothing() -> None:
    restarted = [(at, value if at < BEGAN + 100 else value - 500 - (BEGAN + 100 - TIMES[0])) for at, value in steady(1)]
    late = [at for at in TIMES if at > BEGAN + 150]
    found = spent([cpu("safety-1", restarted), cpu("safety-2", steady(1, late, head=15.0))])
    lasted = late[-1] - late[0] + 15
    assert found.cores.between(BEGAN, BEGAN + 90) == pytest.approx(90)
    assert found.cores.between(BEGAN - 100, TIMES[-1]) == pytest.approx(TIMES[-1] - BEGAN + 100 + lasted, rel=0.03)


def test_gpu_seconds_are_busy_ones_of_our_namespace_whichever_label_says_so() -> None:
    kept = gpu(40, namespace="semblance", gpu="0")
    renamed = gpu(20, namespace="gpu-operator", exported_namespace="semblance", gpu="1")
    other = gpu(100, namespace="gpu-operator", exported_namespace="other", gpu="2")
    found = spent([cpu("generation-1", steady(1)), kept, renamed, other])
    assert found.gpus.between(BEGAN, END) == pytest.approx(0.6 * 300)
    nothing = spent([cpu("generation-1", steady(1)), other])
    assert nothing.gpus.between(BEGAN, END) == 0  # an exporter is there, and none of its GPUs is ours


def test_a_last_scrape_that_does_not_come_is_said() -> None:
    waited: list[float] = []
    found = spent([cpu("gateway-1", steady(1))], end=TIMES[-1] + 40, within_s=10, sleep=waited.append)
    assert waited == [5.0, 5.0]
    assert found.said == (LOUD, "the last sample is 40 s older than the run's end")


class Away(FakePrometheus):
    """One that is away for so many questions."""

    left = 0

    def answer(self, *asked: Any) -> tuple[int, dict[str, Any]]:
        self.left -= 1
        return (503, {}) if self.left >= 0 else super().answer(*asked)


def test_one_that_is_away_at_the_end_is_asked_again_and_takes_no_verdict_with_it() -> None:
    with Away([cpu("gateway-1", steady(1))]) as fake:
        place = Place("", "", None, Prometheus(fake.url, "semblance"))
        waited: list[float] = []
        fake.left = 2
        assert place.prometheus is not None
        found = place.prometheus.spent(BEGAN, END, within_s=10, sleep=waited.append)
        assert (waited, found.cores.between(BEGAN, END)) == ([5.0, 5.0], pytest.approx(300))
        fake.left = 10**6
        with pytest.raises(NotMetered, match="answered 503"):
            place.prometheus.spent(BEGAN, END, within_s=10, sleep=waited.append)
        spent, said = running._spent(None, place, BEGAN, END, sleep=waited.append)
        assert spent is None
        assert "answered 503" in said[0]
        fake.left = 0
        assert running._spent(None, place, BEGAN, END)[1] == ()


def test_what_is_no_prometheus_or_knows_no_platform_is_refused_before_the_load() -> None:
    with FakePrometheus([cpu("db", steady(1), namespace="other")], token="secret") as fake:
        with pytest.raises(NotMetered, match="answered 401"):
            Prometheus(fake.url, "semblance").probe()
        with pytest.raises(NotMetered, match="of namespace semblance"):
            Prometheus(fake.url, "semblance", "secret").probe()
        with pytest.raises(NotMetered, match="answered 400"):
            Prometheus(f"{fake.url}/elsewhere", "semblance", "secret").probe()
    with pytest.raises(NotMetered, match="did not answer"):
        Prometheus(fake.url, "semblance").probe()
    with pytest.raises(NotMetered, match="no namespace"):
        Prometheus(fake.url, 'x"} or vector(1)')
