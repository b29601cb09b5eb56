"""Every object by Kubernetes' own schema, and those of operators by theirs."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

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
    """An operator's kind, by what was written from its documentation; None for Kubernetes' own."""
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


def test_a_spoilt_scaled_object_is_noticed(production: Any) -> None:
    spoilt = json.loads(json.dumps(production.of("ScaledObject")[0]))
    spoilt["spec"]["minReplicaCount"] = 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoilt, CRDS["scaledobject"])
