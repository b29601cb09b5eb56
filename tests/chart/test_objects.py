"""Every object by Kubernetes' own schema, and those of operators by theirs."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

KUBERNETES = "1.37"
CRDS = {path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "crds").glob("*.json")}
_seen: set[str] = set()


@pytest.fixture(autouse=True, scope="module")
def read_once() -> Iterator[None]:
    """The library reads all of Kubernetes' definitions anew for every object: 1.5 MB, 200 times."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            kubernetes_validate.utils, "schema_contents", functools.cache(kubernetes_validate.utils.schema_contents)
        )
        yield


def own_schema(found: dict[str, Any]) -> dict[str, Any] | None:
    """An operator's kind, by what crds/ says; None for Kubernetes' own."""
    schema = CRDS.get(found["kind"].lower())
    return schema if schema and schema["properties"]["apiVersion"]["const"] == found["apiVersion"] else None


def test_every_object_is_as_its_schema_says(rendered: Any) -> None:
    for found in rendered.objects:
        written = json.dumps(found)
        if written in _seen:  # the sets have much in common
            continue
        _seen.add(written)
        schema = own_schema(found)
        if schema is None:
            kubernetes_validate.validate(found, KUBERNETES, strict=True)
        else:
            jsonschema.validate(found, schema)
    for pod in [*rendered.ray_pods, *autoscalers(rendered)]:
        template = {"apiVersion": "v1", "kind": "PodTemplate", "template": pod}
        kubernetes_validate.validate(template, KUBERNETES, strict=True)


def autoscalers(rendered: Any) -> list[dict[str, Any]]:
    """What KubeRay would put into the head's pod beside it, as a pod's template."""
    found = [each["spec"]["rayClusterConfig"].get("autoscalerOptions") for each in rendered.of("RayService")]
    of_a_container = ("imagePullPolicy", "env", "volumeMounts", "resources", "securityContext")
    made = [{"name": "autoscaler", **{name: each[name] for name in of_a_container}} for each in found if each]
    return [{"spec": {"containers": [container]}} for container in made]


def test_ray_takes_the_configuration_and_knows_every_key(ray: Any, production: Any) -> None:
    """Serve's own schema lets a misspelt key pass, so what it understood is compared with what was said."""
    every = [rendered.of("RayService")[0] for rendered in (ray, production)]
    configurations = [yaml.safe_load(found["spec"]["serveConfigV2"]) for found in every]
    for found, said, understood, gpus in zip(every, configurations, _understood(configurations), (0, 1), strict=True):
        assert _keys(understood) == _keys(said)
        [application] = said["applications"]
        assert application["route_prefix"] is None
        engine, ingress = (each["ray_actor_options"] for each in application["deployments"])
        assert engine["num_gpus"] == gpus
        # The application is built where its numbers are: on nodes with this label, the head's and the engines'.
        groups = found["spec"]["rayClusterConfig"]
        assert engine["label_selector"] == ingress["label_selector"] == groups["headGroupSpec"]["labels"]
        assert [g["groupName"] for g in groups["workerGroupSpecs"] if g.get("labels") == engine["label_selector"]] == [
            "engines"
        ]


def _understood(configurations: list[Any]) -> list[Any]:
    """In a process of its own: whoever imports Ray without a cluster's environment can join none on the loopback."""
    program = (
        "import json, sys; from ray.serve.schema import ServeDeploySchema as S; "
        "read = [S.model_validate(said) for said in json.load(sys.stdin)]; "
        "print(json.dumps([one.model_dump(mode='json', exclude_unset=True) for one in read]))"
    )
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        input=json.dumps(configurations), check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return list(json.loads(told.stdout.splitlines()[-1]))


def _keys(found: Any, place: str = "") -> set[str]:
    if isinstance(found, dict):
        return {place, *(key for name, value in found.items() for key in _keys(value, f"{place}.{name}"))}
    if isinstance(found, list):
        return {key for number, value in enumerate(found) for key in _keys(value, f"{place}[{number}]")}
    return {place}


def test_names_are_used_once(rendered: Any) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in rendered.objects]
    assert len(names) == len(set(names))


def test_names_are_short_enough(rendered: Any) -> None:
    # A StatefulSet's and a Job's pods carry the name in a label.
    assert all(len(each["metadata"]["name"]) <= 63 or each["kind"] == "KafkaTopic" for each in rendered.objects)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda d: d["spec"]["template"]["spec"]["containers"][0].update(livenesProbe={}), id="misspelt"),
        pytest.param(lambda d: d["spec"].update(replicas="one"), id="wrong type"),
    ],
)
def test_a_spoilt_deployment_is_noticed(spoil: Any, evaluation: Any) -> None:
    spoilt = json.loads(json.dumps(evaluation.one("Deployment", "demo-semblance-training")))
    spoil(spoilt)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoilt, KUBERNETES, strict=True)
