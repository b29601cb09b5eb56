"""skaffold.yaml is what Skaffold knows, builds every image that there is, and sets values that the chart takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "skaffold.json").read_text())
VALUES = json.loads((ROOT / "charts" / "semblance" / "values.schema.json").read_text())
DIGEST = "sha256:" + "0" * 64
# What Skaffold puts in for an image that was built and pushed as localhost:5001/semblance/<name>:abc1234.
FILLED = {"IMAGE_DOMAIN": "localhost:5001", "IMAGE_TAG": "abc1234", "IMAGE_DIGEST": DIGEST}


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "skaffold.yaml").read_text())
    return found


def releases(config: dict[str, Any]) -> list[dict[str, Any]]:
    deploys = [config["deploy"], *(p["deploy"] for p in config["profiles"] if "helm" in p.get("deploy", {}))]
    return [release for deploy in deploys for release in deploy["helm"]["releases"]]


def images(config: dict[str, Any]) -> dict[str, str]:
    return {each["image"]: each["docker"]["dockerfile"] for each in config["build"]["artifacts"]}


def filled(template: str, name: str) -> str:
    """What Skaffold makes of a template of ours."""
    kind = re.fullmatch(r"\{\{\.(\w+)_(\w+)( \| dir)?\}\}", template)
    assert kind, template
    assert kind[2] == name
    if kind[1] == "IMAGE_REPO_NO_DOMAIN":
        assert kind[3], "without | dir the image's own name is in it"
        return "semblance"
    return FILLED[kind[1]]


def test_it_is_as_the_schema_says(config: dict[str, Any]) -> None:
    jsonschema.validate(config, SCHEMA)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda c: c["build"]["artifacts"][0].update(contxt="."), id="misspelt"),
        pytest.param(lambda c: c["build"]["artifacts"][0].pop("image"), id="no image"),
        pytest.param(
            lambda c: c["build"]["artifacts"][0]["docker"]["secrets"][0].update(source="."), id="no such word"
        ),
        pytest.param(lambda c: c["build"]["tagPolicy"].update(sha256={}), id="two tag policies"),
        pytest.param(lambda c: c["deploy"]["helm"]["releases"][0].update(createNamespace="yes"), id="wrong type"),
        pytest.param(lambda c: c["deploy"]["helm"]["releases"][0].update(artifactOverrides={}), id="gone since v3"),
        pytest.param(lambda c: c.update(apiVersion="skaffold/v4beta99"), id="unknown version"),
    ],
)
def test_a_spoilt_file_is_noticed(config: dict[str, Any], spoil: Any) -> None:
    spoilt = json.loads(json.dumps(config))
    spoil(spoilt)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(spoilt, SCHEMA)


def test_every_image_of_the_platform_is_built_from_a_file_that_is_there(config: dict[str, Any]) -> None:
    known = set(VALUES["properties"]["image"]["properties"]["digests"]["properties"])
    assert set(images(config)) == known
    there = {str(path.relative_to(ROOT)) for path in ROOT.glob("services/*/Dockerfile")} | {"libs/local/Dockerfile"}
    assert set(images(config).values()) == there
    for name, path in images(config).items():
        assert path == ("libs/local/Dockerfile" if name == "walk" else f"services/{name}/Dockerfile")


def test_images_are_built_as_they_were_proven_whoever_builds_them(config: dict[str, Any]) -> None:
    """With pip's configuration as the secret that the Dockerfiles demand: without it torch would be a build for CUDA.
    Git does not take the file, nor does any image."""
    place = ".cache/pip.conf"
    for artifact in config["build"]["artifacts"]:
        text = (ROOT / artifact["docker"]["dockerfile"]).read_text()
        assert re.findall(r"--mount=type=secret,id=(\w+),\S+,required=true ", text) == ["pip"]
        assert artifact["docker"]["secrets"] == [{"id": "pip", "src": place}]
        assert f"docker build -f <this file> --secret id=pip,src={place} -t" in text
    page = (ROOT / "docs" / "operators.md").read_text()
    commands = re.findall(r"^docker build -f .*", page, re.MULTILINE)
    assert commands
    assert all(f"--secret id=pip,src={place} " in command for command in commands)
    assert ".cache/" in (ROOT / ".gitignore").read_text().splitlines()
    taken = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert not [line for line in taken if place.startswith(line[1:])]


def test_charts_and_values_are_there(config: dict[str, Any]) -> None:
    for release in releases(config):
        assert (ROOT / release["chartPath"] / "Chart.yaml").exists()
        for path in release.get("valuesFiles", []):
            assert path == "own.yaml" or (ROOT / path).exists()


def test_what_was_built_is_what_the_chart_is_told_in_values_that_it_takes(config: dict[str, Any]) -> None:
    schema = VALUES["properties"]["image"] | {"$defs": VALUES["$defs"]}
    for release in releases(config):
        told: dict[str, Any] = {"digests": {}}
        for key, template in release["setValueTemplates"].items():
            parts = key.split(".")
            assert parts[0] == "image"
            if parts[1] == "digests":
                told["digests"][parts[2]] = filled(template, parts[2])
            else:
                told[parts[1]] = filled(template, "gateway")
        assert set(told["digests"]) == set(images(config))
        jsonschema.validate(told, schema)


def test_the_profiles_are_for_saving_building_and_deploying(config: dict[str, Any]) -> None:
    by_name = {profile["name"]: profile for profile in config["profiles"]}
    assert set(by_name) == {"dev", "build", "deploy"}
    assert by_name["dev"]["activation"] == [{"command": "dev"}]
    assert set(by_name["build"]["build"]["platforms"]) == {"linux/amd64", "linux/arm64"}
    [production] = by_name["deploy"]["deploy"]["helm"]["releases"]
    assert "charts/semblance/values-production.yaml" in production["valuesFiles"]
