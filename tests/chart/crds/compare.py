"""Holds this folder's schemas and the chart's golden renders against the definitions of a cluster's operators.

    kubectl get crd -o yaml > crds.yaml
    .venv/bin/python tests/chart/crds/compare.py crds.yaml [...]

Files may be a release's own (`*-crds.yaml`). Exit code 0: they say nothing else than we do. 1: what they say otherwise
is printed. 2: no definition of a kind that the chart makes was among them. Fields that they have and the chart does not
use are no difference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

HERE = Path(__file__).parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Schema = dict[str, Any]
Kind = tuple[str, str]


def ours() -> dict[Kind, Schema]:
    """(apiVersion, kind) to the schema that is written down here."""
    found = [json.loads(path.read_text()) for path in sorted(HERE.glob("*.json"))]
    return {(each["properties"]["apiVersion"]["const"], each["properties"]["kind"]["const"]): each for each in found}


def definitions(documents: Iterable[Any]) -> dict[Kind, Schema]:
    """(apiVersion, kind) to the schema of each served version of each CustomResourceDefinition, alone or in a List."""
    found = {}
    for document in documents:
        if not isinstance(document, dict):
            continue
        if document.get("kind") == "List":
            found |= definitions(document["items"])
        elif document.get("kind") == "CustomResourceDefinition":
            spec = document["spec"]
            for version in spec["versions"]:
                if version["served"]:
                    name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                    found[name] = version["schema"]["openAPIV3Schema"]
    return found


def differences(our: Schema, their: Schema, place: str = "spec") -> Iterator[str]:
    """Where an object that is right by ours would be wrong, or lose a field, by theirs."""
    if missing := _types(our) - _types(their):
        yield f"{place}: {' or '.join(sorted(missing))} here, {' or '.join(sorted(_types(their)))} there"
        return
    if "enum" in our and "enum" in their and (gone := set(our["enum"]) - set(their["enum"])):
        yield f"{place}: not allowed there: {', '.join(sorted(gone))}"
    for name in sorted(set(their.get("required", [])) - set(our.get("required", []))):
        if "properties" in our:
            yield f"{place}.{name}: required there"
    for name, schema in our.get("properties", {}).items():
        if name in their.get("properties", {}):
            yield from differences(schema, their["properties"][name], f"{place}.{name}")
        elif not _open(their):
            yield f"{place}.{name}: unknown there"
    if "items" in our and "items" in their:
        yield from differences(our["items"], their["items"], f"{place}[]")
    values = our.get("additionalProperties"), their.get("additionalProperties")
    if isinstance(values[0], dict) and isinstance(values[1], dict):
        yield from differences(values[0], values[1], f"{place}.*")


def refused(found: dict[str, Any], their: Schema) -> list[str]:
    """What is wrong with an object by their schema. An unknown field is wrong: Kubernetes would drop it."""
    validator = jsonschema.Draft7Validator(_closed(their))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(found)]


def _types(schema: Schema) -> set[str]:
    """Any, if nothing is said: then all of ours are among theirs."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"integer", "string"}
    said = schema.get("type", [])
    found = set([said] if isinstance(said, str) else said)
    if "number" in found:
        found.add("integer")
    return found or {"array", "boolean", "integer", "number", "object", "string"}


def _open(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields") or schema.get("additionalProperties"))


def _closed(schema: Any, root: bool = True) -> Any:
    """A structural schema as JSON Schema: what Kubernetes would drop is forbidden, but for metadata's own fields."""
    if isinstance(schema, list):
        return [_closed(each, root=False) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if key not in ("properties", "nullable", "format")}
    made = {
        key: _closed(value, root=False) if key in ("items", "additionalProperties") else value
        for key, value in made.items()
    }
    if "properties" in schema:
        made["properties"] = {name: _closed(each, root=False) for name, each in schema["properties"].items()}
        if root:
            made["properties"]["metadata"] = {"type": "object"}
        if not _open(schema):
            made["additionalProperties"] = False
    return made


def report(given: dict[Kind, Schema], objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Every difference of the kinds that are given and that the chart makes."""
    for name, schema in ours().items():
        if name in given:
            spec = given[name].get("properties", {}).get("spec", {"type": "object"})
            yield from (f"{name[1]} {each}" for each in differences(schema["properties"]["spec"], spec))
    for found in objects:
        name = (found["apiVersion"], found["kind"])
        if name in given and name in ours():
            yield from (f"{name[1]} {found['metadata']['name']} {each}" for each in refused(found, given[name]))


def main(paths: list[str]) -> int:
    given: dict[Kind, Schema] = {}
    for path in paths:
        try:
            given |= definitions(yaml.load_all(Path(path).read_text(), _LOADER))
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
            print(f"{path} holds no definitions: {error!r}", file=sys.stderr)
            return 2
    compared = sorted(set(given) & set(ours()))
    if not compared:
        print("No definition of a kind that the chart makes is in these files.", file=sys.stderr)
        return 2
    goldens = [path.read_text() for path in sorted(HERE.parent.glob("golden/*.yaml"))]
    objects = [found for text in goldens for found in yaml.load_all(text, _LOADER) if found]
    said = list(dict.fromkeys(report(given, objects)))
    print("\n".join(said) or f"{len(compared)} kinds, no difference: {', '.join(kind for _, kind in compared)}")
    print(f"not compared: {', '.join(kind for _, kind in sorted(set(ours()) - set(given))) or 'none'}")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
