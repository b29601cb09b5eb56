"""The Jobs are what Kubernetes knows, as strict as the chart, and of one mind; the image has what is imported."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import kubernetes_validate
import pytest
import yaml

from loadtests import profile

ROOT = Path(__file__).parents[2]
HERE = ROOT / "loadtests"
KUBERNETES = "1.37"
TEXT = (HERE / "kubernetes.yaml").read_text()


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(TEXT))


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Job"]


def test_every_object_is_as_its_schema_says(objects: list[dict[str, Any]]) -> None:
    assert len(objects) == 8
    with pytest.MonkeyPatch.context() as patched:  # the library reads all of Kubernetes' definitions for every object
        read_once = functools.cache(kubernetes_validate.utils.schema_contents)
        patched.setattr(kubernetes_validate.utils, "schema_contents", read_once)
        for each in objects:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_pods_are_restricted(objects: list[dict[str, Any]]) -> None:
    for pod in pods(objects):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]) == {"requests", "limits"}
        assert not container["image"].endswith(":latest")


def test_the_number_of_workers_is_said_alike_everywhere(objects: list[dict[str, Any]]) -> None:
    master, workers = one(objects, "Job", "loadtest"), one(objects, "Job", "loadtest-workers")
    [container] = workers["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each.get("value") for each in container["env"]}
    arguments = master["spec"]["template"]["spec"]["containers"][0]["args"]
    count = int(next(text.partition("=")[2] for text in arguments if text.startswith("--workers=")))
    assert workers["spec"]["parallelism"] == workers["spec"]["completions"] == int(told["LOADTEST_WORKERS"]) == count
    chosen = profile.read(next(text.partition("=")[2] for text in arguments if text.startswith("--profile=")))
    assert chosen.workers == count
    assert chosen.people.faces >= count  # else a worker has nobody to opt in with
    assert chosen.people.faces + chosen.people.ready <= 4  # the bundled faces: other machines draw none


def test_workers_find_the_master(objects: list[dict[str, Any]]) -> None:
    service = one(objects, "Service", "loadtest")
    labels = one(objects, "Job", "loadtest")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    arguments = one(objects, "Job", "loadtest-workers")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--master-host=loadtest" in arguments
    assert f"--master-port={service['spec']['ports'][0]['port']}" in arguments


def test_the_policies_name_pods_that_the_chart_makes(objects: list[dict[str, Any]]) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rendered = (ROOT / "tests" / "chart" / "golden" / "evaluation.yaml").read_text()
    golden = list(yaml.load_all(rendered, loader))
    labels = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in golden
        if each and each["kind"] in {"Deployment", "StatefulSet"}
    ]
    policies = [each for each in objects if each["kind"] == "NetworkPolicy"]
    aimed = [p["spec"]["podSelector"]["matchLabels"] for p in policies if "to-" in p["metadata"]["name"]]
    assert len(aimed) == 2
    for selector in aimed:
        assert any(selector.items() <= each.items() for each in labels), selector


@pytest.mark.parametrize(("says", "code"), [("Complete", 0), ("FailureTarget Failed", 1), ("", 2)])
def test_waiting_ends_however_the_job_ends(says: str, code: int, tmp_path: Path) -> None:
    """By stand-ins: `kubectl`, for a Job of which nothing is said at first, and a `sleep` that takes no time."""
    tools = {
        "kubectl": f'case "$*" in *logs*) echo judged; exit 0 ;; esac\n'
        f'[ -e {tmp_path}/asked ] && echo "{says}"\ntouch {tmp_path}/asked\n',
        "sleep": "exit 0\n",
    }
    for name, text in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}")
        (tmp_path / name).chmod(0o700)
    given = {"PATH": f"{tmp_path}:/usr/bin:/bin", "WAIT_MINUTES": "1"}
    ended = subprocess.run(
        ["sh", str(HERE / "wait.sh"), "people"], env=given, check=False, timeout=60, capture_output=True, text=True
    )
    assert ended.returncode == code
    assert ("judged" in ended.stderr) == (code == 1)


def images() -> ModuleType:
    spec = importlib.util.spec_from_file_location("images", ROOT / "requirements" / "images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_image_has_what_is_imported() -> None:
    tool, ours, others = images(), set[str](), set[str]()
    for path in HERE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            for name in names:
                top = name.split(".")[0]
                if top == "semblance":
                    modules, foreign = tool.reach(name)
                    ours |= modules
                    others |= foreign
                elif top not in sys.stdlib_module_names and top != "loadtests":
                    others.add(top)
    text = (HERE / "Dockerfile").read_text()
    homes = {tool.modules()[module].relative_to(ROOT).parts[1] for module in ours}
    assert set(re.findall(r"^COPY libs/(\w+)/semblance/", text, re.M)) == homes
    pinned = {line.split("==")[0].lower() for line in (ROOT / "requirements" / "loadtest.txt").read_text().splitlines()}
    listed = set(re.findall(r"[\w-]+", text.partition("-r requirements/loadtest.txt")[2].partition("&&")[0].lower()))
    provides = metadata.packages_distributions()
    for name in sorted(others - {"gevent", "locust", "matplotlib"}):  # in loadtest.txt, and not needed for these tests
        assert any(each.lower() in listed | pinned for each in provides[name]), name
