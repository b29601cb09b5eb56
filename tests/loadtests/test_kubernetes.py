"""The Jobs are what Kubernetes knows, as strict as the chart, and of one mind; the image has what is imported. What
runs them and waits for them is in test_kubernetes_run.py."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import kubernetes_validate
import pytest
import yaml

from loadtests import awaiting, load, profile
from loadtests.people import forget, settle

ROOT = Path(__file__).parents[2]
HERE = ROOT / "loadtests"
KUBERNETES = "1.37"
TEXT = (HERE / "kubernetes.yaml").read_text()


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    files = (HERE / f"kubernetes{name}.yaml" for name in ("", "-around", "-erase", "-report"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    jobs = [each["spec"]["template"]["spec"] for each in objects if each["kind"] == "Job"]
    return [*jobs, *(each["spec"] for each in objects if each["kind"] == "Pod")]


def test_every_object_is_as_its_schema_says(objects: list[dict[str, Any]]) -> None:
    assert len(objects) == 11
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


@pytest.fixture
def worker(objects: list[dict[str, Any]]) -> dict[str, Any]:
    [container] = one(objects, "Job", "loadtest-workers")["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_a_worker_outlasts_the_settling(worker: dict[str, Any], tmp_path: Path) -> None:
    """Its command as it stands in the file, on this machine. Locust is a stand-in that has no patience at all: where it
    cannot connect it fails, as the real one does after five minutes."""
    (tmp_path / "locust").mkdir()
    stand_in = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))); print('connected')"
    (tmp_path / "locust" / "__init__.py").touch()
    (tmp_path / "locust" / "__main__.py").write_text(stand_in)
    paths = [str(tmp_path), str(ROOT)]
    with socket.socket() as master:
        master.bind(("127.0.0.1", 0))  # nobody else's, and nobody listens
        port = master.getsockname()[1]
        here = {"python": sys.executable, "loadtest:5557": f"127.0.0.1:{port}"}
        command = [here.get(text, text) for text in worker["command"]]
        with subprocess.Popen(
            [*command, str(port)], env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stderr is not None
            assert process.stderr.readline() == f"waiting for 127.0.0.1:{port}\n"
            master.listen()
            said, wrong = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "connected\n"), wrong


def test_who_never_comes_is_not_waited_for_for_ever() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        now_s = iter(range(0, 60, 20))
        port = nobody.getsockname()[1]
        assert not awaiting.awaited("127.0.0.1", port, 30, sleep=lambda _: None, now=lambda: float(next(now_s)))


def test_there_is_time_for_everything_that_may_take_its_time(
    objects: list[dict[str, Any]], worker: dict[str, Any]
) -> None:
    chosen, topics_s, prometheus_s = profile.read("cluster"), 120 + 60, 90
    plan = chosen.plan()
    load_s = load.within_s(chosen, plan[-1].at_s)
    looking_s = chosen.rest_s + chosen.settle_s + topics_s + prometheus_s
    patience_s = float(next(text.partition("=")[2] for text in worker["command"] if text.startswith("--within=")))
    for name in ("loadtest", "loadtest-workers"):
        deadline_s = one(objects, "Job", name)["spec"]["activeDeadlineSeconds"]
        assert deadline_s >= settle.WITHIN_S + load_s + looking_s + forget.WITHIN_S
        assert deadline_s >= patience_s + load_s
    assert patience_s >= settle.WITHIN_S + topics_s + chosen.rest_s
    assert one(objects, "Job", "loadtest-erase")["spec"]["activeDeadlineSeconds"] > forget.WITHIN_S
    grace_s = one(objects, "Job", "loadtest")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > forget.WITHIN_S
    minutes = int(re.findall(r"WAIT_MINUTES:-(\d+)", (HERE / "wait.sh").read_text())[0])
    assert minutes * 60 > one(objects, "Job", "loadtest")["spec"]["activeDeadlineSeconds"] + grace_s
    # Argon2id as the gateway has it takes about 0.2 CPU-s (bench-gateway's machine), and the chart gives it one core.
    assert chosen.people.accounts * 2 * 0.2 < settle.WITHIN_S / 10


def test_the_master_gets_out_to_everything_that_its_arguments_name(objects: list[dict[str, Any]]) -> None:
    labels = one(objects, "Job", "loadtest")["spec"]["template"]["metadata"]["labels"]
    found = re.findall(r"^ +(?:# )?- --(url|bootstrap|prometheus)=(\S+)", TEXT, re.M)
    named = {name: address.rpartition("//")[2] for name, address in found}
    assert set(named) == {"url", "bootstrap", "prometheus"}
    policies = [each["spec"] for each in objects if each["kind"] == "NetworkPolicy"]
    mine = [each for each in policies if each["podSelector"]["matchLabels"].items() <= labels.items()]
    rules = [rule for each in mine for rule in each.get("egress", [])]
    for name, address in named.items():
        host, _, port = address.partition(":")
        [rule] = [each for each in rules if int(port) in {p["port"] for p in each["ports"]}]
        [peer] = rule["to"]
        if name == "prometheus":
            assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": host.split(".")[1]}
        else:
            assert host == f"semblance-{peer['podSelector']['matchLabels']['app.kubernetes.io/component']}"


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
    aimed = [p["spec"]["podSelector"]["matchLabels"] for p in policies if p["spec"]["policyTypes"] == ["Ingress"]]
    assert len(aimed) == 2
    for selector in aimed:
        assert any(selector.items() <= each.items() for each in labels), selector


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
