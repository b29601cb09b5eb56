"""What the chart believes of the code is what the code is."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from semblance.local import erased_log
from semblance.local.rights import SERVICES

ROOT = Path(__file__).parents[2]
FILES = ROOT / "charts" / "semblance" / "files"


def source(service: str) -> str:
    return "\n".join(path.read_text() for path in (ROOT / "services" / service / "semblance" / service).rglob("*.py"))


# A limit for each address, and the cluster, which is nobody's service: the test below has its door.
NO_SERVICE = {"uploads_per", "ray"}


@pytest.mark.parametrize("name", ["topics.json", "rights.json", "groups.json", "settings.json"])
def test_topics_rights_groups_and_settings_are_the_codes(name: str, facts: dict[str, object], rewriting: bool) -> None:
    if rewriting:
        (FILES / name).write_text(json.dumps(facts[name], indent=1) + "\n")
    assert json.loads((FILES / name).read_text()) == facts[name], "make chart"


def test_all_services_are_described(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_values_may_speak_of_every_process_that_a_service_has(service: str, services: dict[str, Any]) -> None:
    schema = json.loads((FILES.parent / "values.schema.json").read_text())
    named = schema["properties"]["services"]["properties"][service]["$ref"].rpartition("/")[2]
    known = schema["$defs"][named]["properties"]["processes"]["properties"]
    assert set(known) - {"all"} == set(services[service]["processes"])


@pytest.mark.parametrize("service", SERVICES)
def test_the_doors_are_those_that_the_code_knocks_at(service: str, services: dict[str, Any]) -> None:
    called = set(re.findall(r"settings\.(\w+)_address", source(service))) - NO_SERVICE
    assert set(services[service]["calls"]) == called


def test_whoever_may_work_in_the_cluster_is_told_where_it_is_and_no_one_else(
    render: Callable[..., list[dict[str, Any]]],
) -> None:
    """The code that can ask a cluster, and the chart's `engine: ray`, are of the same services and processes."""
    able = {service for service in SERVICES if "settings.ray_address" in source(service)}
    values: dict[str, Any] = {"processes": "apart", **{service: {"engine": "ray"} for service in able}}
    assert able
    found = [each for each in render(values) if each["kind"] == "Deployment"]
    for name, spec in ((each["metadata"]["name"], each["spec"]["template"]["spec"]) for each in found):
        [container] = spec["containers"]
        names = {entry["name"] for entry in container["env"]}
        prefix = container["name"].upper()
        assert (f"{prefix}_RAY_ADDRESS" in names) == (container["name"] in able), name
        works = container["name"] in able and container["args"] == ["work"]
        assert ("RAY_AUTH_TOKEN" in names) == works, name
        assert ("ray-node" in {each["name"] for each in spec["initContainers"]}) == works, name


def test_the_cluster_serves_what_the_code_deploys() -> None:
    """Names, module and version that the chart repeats of the code."""
    template = (ROOT / "charts" / "semblance" / "templates" / "ray.yaml").read_text()
    code = source("generation")
    serve = yaml.safe_load(template.split("serveConfigV2: |")[1].split("rayClusterConfig:")[0].replace("{{", "#"))
    [application] = serve["applications"]
    module, _, name = application["import_path"].partition(":")
    file = ROOT / "services" / "generation" / f"{module.replace('.', '/')}.py"
    assert re.search(rf"^def {name}\(", file.read_text(), re.MULTILINE)
    assert f'APP: Final = "{application["name"]}"' in code
    assert {d["name"] for d in application["deployments"]} == {"Engine", "Ingress"}
    [place] = re.findall(r'"resources" \(dict "(\w+)" 1\)', template)
    assert f'PLACE: Final = "{place}"' in source("training")
    [version] = re.findall(r"^ray==(.+)$", (ROOT / "requirements" / "lock.txt").read_text(), re.MULTILINE)
    assert f'rayVersion: "{version}"' in template


def test_images_of_the_cluster_have_ray(ray: Any) -> None:
    images = {pod["spec"]["containers"][0]["image"].split("/")[-1].partition(":")[0] for pod in ray.ray_pods}
    assert images
    for image in images:
        assert "ray[serve]" in (ROOT / "requirements" / "images" / f"{image}.txt").read_text().splitlines(), image


@pytest.mark.parametrize("service", SERVICES)
def test_only_those_who_make_or_destroy_keys_may_write_the_key_ring(service: str, services: dict[str, Any]) -> None:
    text = source(service).split("/bench/")[0]
    holds = "FileKeyRing" in text
    # `keys` and `keyring` are what services call the ring.
    writes = holds and bool(re.search(r"key(s|ring)\.(create|destroy)\(", text.replace("_keyring", "keyring")))
    benches = {"safety"}  # its benchmark makes keys of its own, in a folder of its own
    expected = "none" if not holds else "write" if writes and service not in benches else "read"
    assert services[service]["keyring"] == expected


def test_whoever_takes_back_for_people_notes_it(services: dict[str, Any]) -> None:
    assert {service for service, facts in services.items() if facts["takes_back"]} == set(erased_log.KEEPERS)


@pytest.mark.parametrize("service", SERVICES)
def test_work_and_operators_are_where_the_code_has_them(service: str, services: dict[str, Any]) -> None:
    main = (ROOT / "services" / service / "semblance" / service / "main.py").read_text()
    assert ("work" in services[service]["processes"]) == bool(re.search(r"^\s+(work|kept)=", main, re.MULTILINE))
    assert services[service]["operators"] == ("OperatorServiceServicer_to_server" in main)


@pytest.mark.parametrize("service", SERVICES)
def test_work_that_is_scaled_by_is_queued_by_the_code(service: str, services: dict[str, Any]) -> None:
    written = {
        node.value
        for node in ast.walk(ast.parse(source(service).replace("from __future__ import annotations", "")))
        if isinstance(node, ast.Constant)
    }
    assert set(services[service]["scales"]) <= written


def test_pages_call_decisions_by_their_numbers() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "charts").rglob("*.md")]
    pages += [path for top in ("libs", "services") for path in (ROOT / top).glob("*/README.md")]
    said = [
        (path.name, int(number), int(target))
        for path in pages
        for number, target in re.findall(r"[Dd]ecision\s+(\d+)\]\([^)]*?decisions/(\d{4})-", path.read_text())
    ]
    assert said
    assert [each for each in said if each[1] != each[2]] == []
