"""The schemas of operators' kinds (crds/): closed on all that the chart writes, and comparable with a cluster's own."""

from __future__ import annotations

import copy
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml

HERE = Path(__file__).parent / "crds"
# Parts of pods: tests/chart/test_objects.py holds these against Kubernetes' own schemas.
PODS = {
    "spec.rayClusterConfig.autoscalerOptions.env[]",
    "spec.rayClusterConfig.autoscalerOptions.resources",
    "spec.rayClusterConfig.autoscalerOptions.securityContext",
    "spec.rayClusterConfig.autoscalerOptions.volumeMounts[]",
    "spec.rayClusterConfig.headGroupSpec.template",
    "spec.rayClusterConfig.workerGroupSpecs[].template",
}


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("compare_crds", HERE / "compare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compare = loaded()
OURS = compare.ours()
KINDS = sorted(kind for _, kind in OURS)
SCHEMAS = {kind: schema for (_, kind), schema in OURS.items()}


@pytest.fixture
def written(request: pytest.FixtureRequest, production: Any) -> dict[str, Any]:
    """One object of the kind, that may be spoilt."""
    versions = {kind: version for version, kind in OURS}
    found = [each for each in production.of(request.param) if each["apiVersion"] == versions[request.param]]
    return copy.deepcopy(found[0])  # type: ignore[no-any-return]


def every(value: Any, schema: dict[str, Any], place: str = "") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each part of an object that the schema looks at, with its place and its schema; its blind spots too."""
    yield place, value, schema
    if isinstance(value, dict):
        for name, child in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(below, dict):
                yield from every(child, below, f"{place}.{name}".lstrip("."))
    elif isinstance(value, list) and "items" in schema:
        for child in value:
            yield from every(child, schema["items"], f"{place}[]")


@pytest.mark.parametrize("written", KINDS, indirect=True)
def test_a_typo_is_noticed_wherever_it_is_made(written: dict[str, Any]) -> None:
    """Another field at each level, and each field under a name with a letter more."""
    schema = SCHEMAS[written["kind"]]
    valid = jsonschema.Draft7Validator(schema).is_valid
    assert valid(written)
    for place, part, below in list(every(written, schema)):
        if not isinstance(part, dict):
            continue
        if not {"properties", "additionalProperties"} & set(below):
            assert place in PODS, f"{written['kind']} {place} is not looked into"
            continue
        part["misspelt"] = {}
        assert not valid(written), place
        del part["misspelt"]
        for name in set(part) & set(below.get("properties", {})):
            part[f"{name}s"] = part.pop(name)
            assert not valid(written), f"{place}.{name}"
            part[name] = part.pop(f"{name}s")
    assert valid(written)


@pytest.mark.parametrize("written", KINDS, indirect=True)
def test_another_type_and_a_missing_field_are_noticed(written: dict[str, Any]) -> None:
    schema = SCHEMAS[written["kind"]]
    valid = jsonschema.Draft7Validator(schema).is_valid
    for place, part, below in list(every(written, schema)):
        if isinstance(part, dict) and {"properties", "additionalProperties"} & set(below):
            for name, value in list(part.items()):
                if name in below.get("required", []):
                    del part[name]
                    assert not valid(written), f"{place}.{name} is missing"
                    part[name] = value
                if not isinstance(value, dict):
                    part[name] = {}
                    assert not valid(written), f"{place}.{name} is no object"
                    part[name] = value
    assert valid(written)


def test_each_trigger_has_its_own_parameters(production: Any) -> None:
    """A scaler's schema is KEDA's code and not its definition: what one needs the other does not know."""
    valid = jsonschema.Draft7Validator(SCHEMAS["ScaledObject"]).is_valid
    found = {each["spec"]["triggers"][0]["type"]: each for each in production.of("ScaledObject")}
    assert set(found) == {"kafka", "prometheus"}
    for kind, name in (("kafka", "topic"), ("prometheus", "query")):
        spoilt = copy.deepcopy(found[kind])
        [metadata] = [trigger["metadata"] for trigger in spoilt["spec"]["triggers"][:1]]
        assert valid(spoilt)
        taken = metadata.pop(name)
        assert not valid(spoilt)
        metadata[name] = taken
        metadata["query" if name == "topic" else "topic"] = "x"
        assert not valid(spoilt)


@pytest.mark.parametrize("kind", KINDS)
def test_where_it_was_read_is_written_down(kind: str) -> None:
    assert re.match(r"[\w.-]+/[\w.-]+ [\w./@-]+", SCHEMAS[kind]["$comment"])


def definition(name: tuple[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    """A CustomResourceDefinition as an operator would bring it."""
    group, version = name[0].split("/")
    served = {"name": version, "served": True, "schema": {"openAPIV3Schema": copy.deepcopy(schema)}}
    old = {"name": "v0", "served": False, "schema": {"openAPIV3Schema": {}}}
    spec = {"group": group, "names": {"kind": name[1]}, "versions": [old, served]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}


def test_definitions_that_say_the_same_differ_in_nothing(production: Any) -> None:
    listed = {"kind": "List", "items": [definition(name, schema) for name, schema in OURS.items()]}
    given = compare.definitions([None, listed])
    assert set(given) == set(OURS)
    assert list(compare.report(given, production.objects)) == []


def lost(spec: dict[str, Any]) -> None:
    del spec["properties"]["rayClusterConfig"]["properties"]["authOptions"]


def closed(spec: dict[str, Any]) -> None:
    spec["properties"]["rayClusterConfig"]["properties"]["authOptions"]["properties"]["mode"]["enum"] = ["disabled"]


def typed(spec: dict[str, Any]) -> None:
    spec["properties"]["rayClusterDeletionDelaySeconds"] = {"type": "string"}


def wanted(spec: dict[str, Any]) -> None:
    spec["required"] = [*spec["required"], "serveService"]


def mapped(spec: dict[str, Any]) -> None:
    group = spec["properties"]["rayClusterConfig"]["properties"]["workerGroupSpecs"]["items"]
    group["properties"]["rayStartParams"]["additionalProperties"] = {"type": "integer"}


@pytest.mark.parametrize(
    ("change", "place", "told"),
    [
        (lost, "spec.rayClusterConfig.authOptions", "unknown there"),
        (closed, "spec.rayClusterConfig.authOptions.mode", "not allowed there: token"),
        (typed, "spec.rayClusterDeletionDelaySeconds", "integer here, string there"),
        (wanted, "spec.serveService", "required there"),
        (mapped, "spec.rayClusterConfig.workerGroupSpecs[].rayStartParams.*", "string here, integer there"),
    ],
)
def test_what_a_definition_says_otherwise_is_found(change: Any, place: str, told: str, ray: Any) -> None:
    """In the schema, and in the object that the cluster would refuse or crop."""
    [name] = [name for name in OURS if name[1] == "RayService"]
    theirs = definition(name, OURS[name])
    change(theirs["spec"]["versions"][1]["schema"]["openAPIV3Schema"]["properties"]["spec"])
    said = list(compare.report(compare.definitions([theirs]), ray.objects))
    assert f"RayService {place}: {told}" in said
    assert any("demo-semblance-ray $.spec" in each for each in said)


def test_the_command_tells_what_it_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "crds.yaml"
    path.write_text(
        yaml.safe_dump_all([definition(name, schema) for name, schema in OURS.items() if "Kafka" in name[1]])
    )
    assert compare.main([str(path)]) == 0
    assert "4 kinds, no difference: Kafka, KafkaNodePool, KafkaTopic, KafkaUser" in capsys.readouterr().out
    for text in ("kind: ConfigMap\n", "kind: [", "kind: CustomResourceDefinition\n"):
        path.write_text(text)
        assert compare.main([str(path)]) == 2
    assert compare.main([str(tmp_path / "away.yaml")]) == 2
    assert "away.yaml holds no definitions" in capsys.readouterr().err
