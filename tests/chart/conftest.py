"""The chart as the tests see it: facts of the code, the main sets of values, rendered objects.

`make chart` (`pytest tests/chart --rewrite-chart`) writes the facts into the chart and the renders into golden/.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import helm_python as helm
import pytest
import yaml

from semblance.contracts import registry
from semblance.local.rights import RIGHTS, SERVICES
from semblance.service_kit.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "semblance"
RELEASE, NAMESPACE = "demo", "people"
_HOUR_MS = 3_600_000
# What changes with every render, at its place: generated keys and passwords.
_PLANTED = "Z2VuZXJhdGVk"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Rendered:
    """One set of values and what it makes; `name` is its golden file's."""

    name: str
    values: dict[str, Any]
    objects: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.objects if each["kind"] == kind]

    @property
    def ray_pods(self) -> list[dict[str, Any]]:
        """Templates of the pods that KubeRay would make: the head's first."""
        clusters = [each["spec"]["rayClusterConfig"] for each in self.of("RayService")]
        return [g["template"] for c in clusters for g in (c["headGroupSpec"], *c["workerGroupSpecs"])]

    def one(self, kind: str, name: str) -> dict[str, Any]:
        [found] = [each for each in self.of(kind) if each["metadata"]["name"] == name]
        return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-chart", action="store_true", help="write the chart's facts and golden renders")


@pytest.fixture(scope="session")
def rewriting(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-chart", default=False))


def topics() -> list[dict[str, object]]:
    return [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "retention_ms": topic.retention_hours * _HOUR_MS if topic.retention_hours > 0 else -1,
            "cleanup": "compact" if topic.compacted else "delete",
            "dead_letters": topic.dead_letters,
            "producers": list(topic.producers),
            "consumers": list(topic.consumers),
        }
        for topic in registry.TOPICS.values()
    ]


def rights() -> dict[str, dict[str, list[str]]]:
    return {s: {bucket: list(words) for bucket, words in RIGHTS[s].items()} for s in sorted(SERVICES) if RIGHTS[s]}


def groups() -> dict[str, dict[str, list[str]]]:
    """Every consumer group and its topics, as each service's consumers.py subscribes."""
    found: dict[str, dict[str, list[str]]] = {}
    for service in sorted(SERVICES):
        made = []
        for name, maker in vars(importlib.import_module(f"semblance.{service}.consumers")).items():
            if (
                name.startswith("_")
                or not inspect.isfunction(maker)
                or "Subscription" not in str(maker.__annotations__.get("return"))
            ):
                continue
            answer = maker(*[MagicMock() for _ in inspect.signature(maker).parameters])
            made += answer if isinstance(answer, list) else [answer]
        found[service] = {each.group: list(each.topics) for each in sorted(made, key=lambda each: each.group)}
    return found


def settings() -> dict[str, list[str]]:
    """The names that each service reads from its environment, without its prefix; `every` has those of them all."""
    shared = set(ServiceSettings.model_fields)
    found = {"every": sorted(name.upper() for name in shared)}
    for service in sorted(SERVICES):
        own = vars(importlib.import_module(f"semblance.{service}.settings"))[f"{service.capitalize()}Settings"]
        found[service] = sorted(name.upper() for name in set(own.model_fields) - shared)
    return found


@pytest.fixture(scope="session")
def facts() -> dict[str, object]:
    """File in the chart to what the code says."""
    return {"topics.json": topics(), "rights.json": rights(), "groups.json": groups(), "settings.json": settings()}


@pytest.fixture(scope="session")
def services() -> dict[str, dict[str, Any]]:
    """files/services.yaml."""
    loaded: dict[str, dict[str, Any]] = yaml.safe_load((CHART / "files" / "services.yaml").read_text())
    return loaded


def _production() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHART / "values-production.yaml").read_text())
    return loaded


def value_sets() -> dict[str, dict[str, Any]]:
    """The installs that are kept working: each has a golden render and passes every check."""
    return {
        "evaluation": {},
        "evaluation-seaweedfs": {
            "objectStore": {"kind": "seaweedfs"}, "processes": "apart",
            "kafka": {
                "readers": [{"name": "analytics", "topics": ["provenance.manifest.v1"], "namespaces": ["analytics"]}]
            },
        },
        "production": _production(),
        "ray": {"generation": {"engine": "ray"}, "training": {"engine": "ray"}},
        "external": {
            "processes": "apart",
            "secrets": {"generate": False, "service": "ours-{service}"},
            "signing": {"developmentChain": False},
            "database": {"kind": "external", "host": "{service}.db.example.com", "egressCidrs": ["192.0.2.0/28"]},
            "kafka": {
                "kind": "external", "bootstrapServers": "kafka.example.com:9093", "caSecret": "kafka-ca",
                "egressCidrs": ["192.0.2.16/28"],
            },
            "objectStore": {"kind": "external", "endpoint": "s3.example.com:443", "egressCidrs": ["192.0.2.32/28"]},
            "edge": {"kind": "ingress", "host": "semblance.example.com", "className": "nginx", "tlsSecret": "tls"},
            "keda": {"enabled": True},
            "telemetry": {"endpoint": "collector.example.com:4317", "insecure": False},
        },
    }  # fmt: skip


def render(values: dict[str, Any], *, upgrade: bool = False) -> list[dict[str, Any]]:
    """The objects in a fixed order, without what is random."""
    with helm.Chart.load(CHART) as chart:
        found = chart.render(values, name=RELEASE, namespace=NAMESPACE, is_install=not upgrade, is_upgrade=upgrade)
    objects: list[dict[str, Any]] = []
    for path, manifest in sorted(found.items()):
        if path.endswith("NOTES.txt"):
            continue
        objects += [
            one if one["kind"] != "Secret" else _without_random(one) for one in yaml.load_all(manifest, _LOADER) if one
        ]
    return objects


def _without_random(secret: dict[str, Any]) -> dict[str, Any]:
    return {**secret, "data": dict.fromkeys(secret["data"], _PLANTED)}


@pytest.fixture(scope="session", params=sorted(value_sets()))
def rendered(request: pytest.FixtureRequest) -> Rendered:
    """Each main set of values in turn."""
    return _rendered(request.param)


@pytest.fixture(scope="session")
def evaluation() -> Rendered:
    return _rendered("evaluation")


@pytest.fixture(scope="session")
def production() -> Rendered:
    return _rendered("production")


@pytest.fixture(scope="session")
def ray() -> Rendered:
    return _rendered("ray")


@pytest.fixture(scope="session")
def external() -> Rendered:
    return _rendered("external")


@functools.cache
def _rendered(name: str) -> Rendered:
    values = value_sets()[name]
    return Rendered(name, values, render(values))


@pytest.fixture
def chart() -> Iterator[helm.Chart]:
    with helm.Chart.load(CHART) as loaded:
        yield loaded


class _Compact(yaml.SafeDumper):
    """Leaves on one line, texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Compact.add_representer(str, _text)


def golden(objects: list[dict[str, Any]]) -> str:
    """As it is committed: one document an object, without the labels that all have."""
    text = yaml.dump_all(
        [_without_common_labels(each) for each in objects],
        Dumper=_Compact, default_flow_style=None, sort_keys=False, width=160,
    )  # fmt: skip
    return str(text)


def _without_common_labels(found: dict[str, Any]) -> dict[str, Any]:
    common = ("app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart")
    metadata = found["metadata"]
    labels = {name: value for name, value in metadata["labels"].items() if name not in common}
    return {**found, "metadata": {**metadata, "labels": labels}}


@pytest.fixture(name="golden", scope="session")
def _golden() -> Callable[[list[dict[str, Any]]], str]:
    return golden


@pytest.fixture(name="render", scope="session")
def _render() -> Callable[..., list[dict[str, Any]]]:
    return render
