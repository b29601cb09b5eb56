"""What the chart asks for covers what services were seen to use (docs/benchmarks/requests.json): the 95th percentile of
memory and its limit, and the average of processors, under the load that is promised. An evaluation's node holds it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtests.report import requests

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "semblance"
MEASURED = json.loads((ROOT / "docs" / "benchmarks" / "requests.json").read_text())["profiles"]
# The node that the pages promise an evaluation: CPUs and bytes, and what kind's own pods ask for of them (API server
# 250m, controllers 200m, scheduler, etcd, network and two of DNS 100m each; memory 290Mi).
NODE = (4.0, 8 * 2**30)
KINDS_OWN = (0.95, 290 * 2**20)
# As Helm makes them, and so as they come to the scheduler.
ORDER = ("Deployment", "StatefulSet", "Job", "Pod")
# All seven migrate in one process, with PostgreSQL's driver: each alone takes less.
_MIGRATE = """
import sys
import psycopg
from semblance.service_kit import migrate
assert [migrate.main([name]) for name in sys.argv[1:]] == [0] * 7
[peak] = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak) * 1024)
"""


@pytest.mark.parametrize("profile", sorted(MEASURED))
def test_what_is_asked_for_covers_what_was_measured(profile: str, services: dict[str, Any]) -> None:
    parts = MEASURED[profile]["parts"]
    assert set(services) <= set(parts)
    found = requests.goals(profile, parts, requests.asked())
    assert len(found) == 3 * len(services)
    assert [f"{goal['goal']}: {goal['value']:g} {goal['target']}" for goal in found if not goal["met"]] == []


def test_a_request_below_the_average_is_found() -> None:
    [name] = requests.asked().keys() & {"safety"}
    used = {"p95_mb": 1.0, "most_mb": 1.0, "cores": requests.asked()[name]["request_cores"] + 0.001}
    [*_, cores] = requests.goals("sown", {name: used}, requests.asked())
    assert "cores" in cores["goal"]
    assert not cores["met"]


def pod_of(found: dict[str, Any]) -> tuple[float, float]:
    """Cores and bytes that one of its pods asks for, as the scheduler counts: containers together, or the largest that
    runs before them."""
    spec = found["spec"] if found["kind"] == "Pod" else found["spec"]["template"]["spec"]
    before = [amounts(each) for each in spec.get("initContainers", [])]
    together = [amounts(each) for each in spec["containers"]]
    assert not any(each.get("restartPolicy") for each in spec.get("initContainers", [])), "a sidecar counts with them"
    cores, bytes_ = (
        max(sum(each[what] for each in together), *(each[what] for each in before), 0.0) for what in (0, 1)
    )
    return cores, bytes_


def amounts(container: dict[str, Any]) -> tuple[float, float]:
    wanted = container["resources"]["requests"]
    return requests.quantity(wanted["cpu"]), requests.quantity(wanted["memory"])


def asked_for(objects: list[dict[str, Any]], kinds: tuple[str, ...] = ("Deployment",)) -> str:
    """Of all pods of these kinds at their fewest, without the Ray cluster and what operators make."""
    least = {
        each["spec"]["scaleTargetRef"]["name"]: each["spec"]["minReplicaCount"]
        for each in objects
        if each["kind"] == "ScaledObject"
    }
    pods, cores, bytes_ = 0, 0.0, 0.0
    for found in (each for each in objects if each["kind"] in kinds):
        count = found["spec"].get("replicas") or least[found["metadata"]["name"]]
        [container] = found["spec"]["template"]["spec"]["containers"]
        wanted = amounts(container)
        pods += count
        cores += count * wanted[0]
        bytes_ += count * wanted[1]
    return f"{pods} pods, {cores:.1f} cores and {bytes_ / 2**30:.1f} GiB"


def test_what_it_all_asks_for_is_said_as_it_is(
    evaluation: Any, production: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    together, example = asked_for(evaluation.objects), asked_for(production.objects)
    whole = asked_for(evaluation.objects, ("Deployment", "StatefulSet"))
    apart = asked_for(render({"processes": "apart"}))
    for path, said in (
        (ROOT / "docs" / "operators.md", {together, whole, apart, example}),
        (CHART / "values.yaml", {whole, apart}),
        (CHART / "values-production.yaml", {example}),
    ):
        text = " ".join(path.read_text().replace("\n#", "\n").split())
        assert set(re.findall(r"\d+ pods, [\d.]+ cores and [\d.]+ GiB", text)) == said, path.name


@pytest.mark.parametrize("kind", ["minio", "seaweedfs"])
def test_an_evaluations_node_holds_it_and_lets_it_be_upgraded(
    kind: str, render: Callable[..., list[dict[str, Any]]]
) -> None:
    """What runs for ever fits at once, and beside it each that ends, one after another; nothing waits for itself."""
    values = {"objectStore": {"kind": kind}}
    free = [NODE[what] - KINDS_OWN[what] for what in (0, 1)]
    objects = sorted(
        (each for each in render(values) if each["kind"] in ORDER), key=lambda each: ORDER.index(each["kind"])
    )
    upgraded = [each for each in render(values, upgrade=True) if each["kind"] == "Job"]
    for found in [*objects, *upgraded]:
        wanted, name = pod_of(found), f"{found['kind']} {found['metadata']['name']}"
        if found["kind"] in {"Deployment", "StatefulSet"}:
            assert found["spec"]["replicas"] == 1
            free = [left - of for left, of in zip(free, wanted, strict=True)]
            assert min(free) >= 0, name
        else:
            assert all(of <= left for of, left in zip(wanted, free, strict=True)), f"{name} waits for ever"
        if found["kind"] == "Deployment":
            # A second pod beside the first would need as much again, which is not there; and where the one may be away
            # (maxUnavailable: 1), `kubectl wait --for=condition=Available` is content with none.
            assert found["spec"]["strategy"] == {"type": "Recreate"}, name


def test_where_there_are_two_pods_one_is_there_through_an_upgrade(
    production: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    twice = [each for each in render({"services": {"safety": {"replicas": 2}}}) if each["kind"] == "Deployment"]
    safety = [each for each in twice if each["metadata"]["name"].endswith("-safety")]
    for found in [*safety, *production.of("Deployment")]:
        assert found["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_a_migration_takes_no_more_memory_than_it_asks_for(
    evaluation: Any, services: dict[str, Any], tmp_path: Path
) -> None:
    jobs = [each for each in evaluation.of("Job") if "-migrate-" in each["metadata"]["name"]]
    assert len(jobs) == len(services)
    urls = {f"{name.upper()}_DATABASE_URL": f"sqlite:///{tmp_path}/{name}.sqlite" for name in services}
    ended = subprocess.run(
        [sys.executable, "-c", _MIGRATE, *services],
        env={**os.environ, **urls, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    peak = float(ended.stdout.splitlines()[-1])
    assert peak <= min(pod_of(job)[1] for job in jobs)
