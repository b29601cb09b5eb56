"""Lint, values that are refused, and the renders that are kept."""

from __future__ import annotations

import difflib
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

HERE = Path(__file__).parent
CHART = HERE.parents[1] / "charts" / "semblance"
LINES_MAX = 400
_ERROR = 2

REFUSED: dict[str, dict[str, Any]] = {
    "a misspelt section": {"kafkaa": {}},
    "a misspelt value": {"kafka": {"knid": "external"}},
    "a service that there is not": {"services": {"watermark": {"replicas": 1}}},
    "a process that a service has not": {"services": {"gateway": {"processes": {"draw": {"replicas": 1}}}}},
    "a misspelt value of a process": {"services": {"training": {"processes": {"work": {"replica": 1}}}}},
    "no replicas": {"services": {"identity": {"replicas": 0}}},
    "a number for a setting": {"services": {"training": {"env": {"TORCH_THREADS": 2}}}},
    "a setting in small letters": {"services": {"training": {"env": {"torch_threads": "2"}}}},
    "no limits": {"services": {"training": {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": None}}}},
    "the tag latest": {"image": {"tag": "latest"}},
    "an image called latest": {"kafka": {"image": "apache/kafka:latest"}},
    "a digest that is none": {"image": {"digests": {"gateway": "sha256:abc"}}},
    "a kind that there is not": {"objectStore": {"kind": "ceph"}},
    "an external store without an address": {"objectStore": {"kind": "external", "egressCidrs": ["192.0.2.0/24"]}},
    "external Kafka without an address": {"kafka": {"kind": "external", "egressCidrs": ["192.0.2.0/24"]}},
    "an external database without a host": {"database": {"kind": "external", "egressCidrs": ["192.0.2.0/24"]}},
    "an edge without a name": {"edge": {"kind": "ingress"}},
    "an address that is not https": {"publicUrl": "http://semblance.example.com"},
    "a secret's value": {"secrets": {"internalToken": "0123456789"}},
    "one Secret for all services": {"secrets": {"service": "everybody"}},
    "an engine that there is not": {"generation": {"engine": "triton"}},
    "a cluster that may end too fast": {"ray": {"drainSeconds": 5}},
    "engines that may all be gone": {"ray": {"engines": {"min": 0}}},
    "half a GPU": {"ray": {"engines": {"resources": {"limits": {"nvidia.com/gpu": "0.5"}}}}},
    "scaling to nothing": {"keda": {"minReplicas": 0}},
    "a key ring for one pod of the six that mount it": {"keyring": {"accessMode": "ReadWriteOncePod"}},
    "a Prometheus that is no address": {"keda": {"prometheus": "prometheus.monitoring"}},
}  # fmt: skip

# What the schema cannot say; the message names the value.
STOPPED = {
    "keda.enabled": {"keda": {"enabled": True}},
    "keda.prometheus": {"processes": "apart", "keda": {"enabled": True, "prometheus": "http://prometheus:9090"}},
    "externalSecrets.enabled": {"externalSecrets": {"enabled": True, "storeName": "vault"}},
    "objectStore.egressCidrs": {"objectStore": {"kind": "external", "endpoint": "s3.example.com:443"}},
    "kafka.egressCidrs": {"kafka": {"kind": "external", "bootstrapServers": "kafka.example.com:9093"}},
    "database.egressCidrs": {"database": {"kind": "external", "host": "db.example.com"}},
    "training.engine": {"training": {"engine": "ray"}},
    "ray.apiServerCidrs": {"generation": {"engine": "ray"}, "ray": {"engines": {"max": 3}}},
    "max is less": {"generation": {"engine": "ray"}, "ray": {"engines": {"min": 3}}},
    "secrets.generate": {"secrets": {"generate": False}},
}


def test_lint_is_content(rendered: Any) -> None:
    found = helm.lint(CHART, rendered.values, strict=True)
    # An icon is recommended; there is none.
    assert [each for each in found["messages"] if each["severity"] >= _ERROR] == []


@pytest.mark.parametrize("values", REFUSED.values(), ids=list(REFUSED))
def test_a_typo_is_refused(values: dict[str, Any], chart: helm.Chart) -> None:
    with pytest.raises(helm.HelmValuesError):
        chart.render(values, name="demo", namespace="people")


@pytest.mark.parametrize("named", STOPPED)
def test_what_cannot_work_stops_with_a_sentence(named: str, chart: helm.Chart) -> None:
    with pytest.raises(helm.HelmRenderError, match=named.replace(".", r"\.")):
        chart.render(STOPPED[named], name="demo", namespace="people")


def test_values_are_few_and_each_is_said_to_be_for_something() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    assert len(lines) < LINES_MAX
    for number, line in enumerate(lines):
        if line and not line.startswith((" ", "#")):
            before = lines[number - 1].startswith("#")
            assert before or line.split(":")[0] in {
                "podAnnotations",
                "nodeSelector",
                "tolerations",
            }, line


@pytest.mark.parametrize("name", ["evaluation", "production"])
def test_the_render_is_the_one_that_is_kept(
    name: str, request: pytest.FixtureRequest, golden: Callable[..., str], rewriting: bool
) -> None:
    """`make chart` writes it anew; look at the difference before committing it."""
    kept = HERE / "golden" / f"{name}.yaml"
    now = golden(request.getfixturevalue(name).objects)
    if rewriting:
        kept.write_text(now)
    difference = difflib.unified_diff(kept.read_text().splitlines(), now.splitlines(), lineterm="", n=2)
    assert not list(difference), "make chart"


def test_production_values_name_no_value_that_the_chart_has_not(production: Any) -> None:
    known = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(production.values) <= set(known)


def test_every_value_is_asked_for_by_a_template() -> None:
    """By its name: a value that nothing reads is a promise that nobody keeps."""
    text = "".join(p.read_text() for p in (CHART / "templates").rglob("*") if p.suffix in {".yaml", ".tpl", ".txt"})
    named = set(re.findall(r"\.(\w+)", text)) | set(re.findall(r'"(\w+)"', text))
    assert set(_names(yaml.safe_load((CHART / "values.yaml").read_text()))) <= named


def _names(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        yield name
        if isinstance(value, dict) and name not in {"resources", "environment", "dashboardLabels", "services"}:
            yield from _names(value)
        elif name == "services":
            yield from _names(value["gateway"])


def test_notes_say_what_to_do_next(chart: helm.Chart) -> None:
    notes = next(
        text for path, text in chart.render({}, name="demo", namespace="people").items() if path.endswith("NOTES.txt")
    )
    for said in ("kubectl", "port-forward", "helm -n people test demo", "demo-semblance-kek", "evaluation install"):
        assert said in notes


def test_helm_is_told_to_wait_for_as_long_as_the_walk_may_take(chart: helm.Chart, evaluation: Any) -> None:
    """It stops waiting after five minutes, and calls that a failure."""
    found = chart.render({}, name="demo", namespace="people")
    [notes] = [text for path, text in found.items() if path.endswith("NOTES.txt")]
    [walk] = evaluation.of("Pod")
    [said_s] = re.findall(r" test demo --timeout (\d+)s", notes)
    assert int(said_s) > walk["spec"]["activeDeadlineSeconds"]
    page = (HERE.parents[1] / "docs" / "operators.md").read_text()
    [said_min] = re.findall(r"^helm test semblance .*--timeout (\d+)m", page, re.MULTILINE)
    assert 60 * int(said_min) > walk["spec"]["activeDeadlineSeconds"]


def test_a_gateway_elsewhere_may_read_the_certificate(production: Any, chart: helm.Chart) -> None:
    """Without leave of this namespace the listener of another one has no certificate."""
    [grant], [certificate] = production.of("ReferenceGrant"), production.of("Certificate")
    assert grant["spec"]["to"] == [{"group": "", "kind": "Secret", "name": certificate["spec"]["secretName"]}]
    assert [each["namespace"] for each in grant["spec"]["from"]] == ["gateways"]
    notes = next(
        text
        for path, text in chart.render(production.values, name="demo", namespace="people").items()
        if path.endswith("NOTES.txt")
    )
    assert f"name: {certificate['spec']['secretName']}, namespace: people" in notes


def test_a_migration_gets_the_databases_password_and_nothing_else(rendered: Any) -> None:
    """Not even Kafka's authority: an upgrade that changes to Strimzi would wait for it, before it is asked for."""
    jobs = [each for each in rendered.of("Job") if "-migrate-" in each["metadata"]["name"]]
    assert len(jobs) == 7
    for job in jobs:
        pod = job["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert [entry["name"] for entry in container["env"] if "valueFrom" in entry] == ["PGPASSWORD"]
        assert [volume for volume in pod["volumes"] if not {"emptyDir", "persistentVolumeClaim"} & set(volume)] == []


def test_a_migration_that_looks_at_certificates_has_the_volumes_that_their_authority_lies_on(
    render: Callable[..., Any],
) -> None:
    of_identity = {
        "extraVolumes": [{"name": "authority", "configMap": {"name": "of-databases"}}],
        "extraVolumeMounts": [{"name": "authority", "mountPath": "/authority", "readOnly": True}],
    }
    there, ours = {"tmp", "authority"}, {"PGSSLCERT": "/authority/tls.crt"}
    for mode, environment, names in (("require", {}, {"tmp"}), ("verify-full", {}, there), ("require", ours, there)):
        values = {"database": {"kind": "cloudnativepg", "sslmode": mode}, "services": {"identity": of_identity}}
        values["environment"] = environment
        [job] = [
            each for each in render(values) if each["metadata"]["name"].startswith("demo-semblance-migrate-identity")
        ]
        pod = job["spec"]["template"]["spec"]
        assert {volume["name"] for volume in pod["volumes"]} == names
        assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == names


def test_with_a_database_of_ones_own_an_install_migrates_first(external: Any) -> None:
    jobs = [each for each in external.of("Job") if "-migrate-" in each["metadata"]["name"]]
    assert {job["metadata"]["annotations"]["helm.sh/hook"] for job in jobs} == {"pre-install,pre-upgrade"}


@pytest.mark.parametrize(
    "made",
    [
        {"externalSecrets": {"enabled": True, "storeName": "vault"}},
        {"secrets": {"generate": True}, "objectStore": {"kind": "minio"}},
    ],
    ids=["secrets by an operator", "secrets by the chart"],
)
def test_a_first_install_waits_for_nothing_that_it_makes_itself(
    render: Callable[..., Any], external: Any, made: dict[str, Any]
) -> None:
    """A hook before it would mount Secrets that come after it, for half an hour, and the install would fail. An upgrade
    looks whether they are there (test_release.py); where it cannot look, as here, they are not."""
    values = {**external.values, "keda": {"enabled": False}, **made}
    for upgrade in (False, True):
        jobs = [
            e for e in render(values, upgrade=upgrade) if e["kind"] == "Job" and "-migrate-" in e["metadata"]["name"]
        ]
        hooks = {job["metadata"].get("annotations", {}).get("helm.sh/hook") for job in jobs}
        assert (len(jobs), hooks) == (7, {None})


@pytest.mark.parametrize("process", ["consume", "work"])
def test_processes_that_begin_with_more_than_they_may_become_are_refused(
    process: str, render: Callable[..., Any]
) -> None:
    scaling = {"enabled": True, "prometheus": "http://prometheus:9090"}
    values = {"processes": "apart", "keda": scaling, "telemetry": {"endpoint": "collector:4317"}}
    with pytest.raises(helm.HelmRenderError, match=rf"keda.maxReplicas is less than the 7 `{process}`"):
        render({**values, "services": {"safety": {"processes": {process: {"replicas": 7}}}}})


def test_scripts_are_shell(rendered: Any) -> None:
    for found in rendered.of("ConfigMap"):
        for name, text in found["data"].items():
            if name.endswith(".sh"):
                subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_the_buckets_script_may_run_twice(evaluation: Any, tmp_path: Path) -> None:
    """With a stand-in for MinIO's client that says what the real one says to a policy that is attached already."""
    text = evaluation.one("ConfigMap", "demo-semblance-store")["data"]["make.sh"]
    client = tmp_path / "mc"
    client.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n'
        f'case "$*" in *"alias set"*|*"user add"*) paste -sd " " >> {tmp_path}/piped ;; esac\n'
        'case "$*" in *attach*) echo "The specified policy change is already in effect." >&2; exit 1 ;; esac\n'
    )
    client.chmod(0o700)
    for user in ("admin", "generation", "identity", "ingest", "provenance", "safety", "training"):
        (tmp_path / "users" / user).mkdir(parents=True)
        (tmp_path / "users" / user / "user").write_text(f"{user}-key")
        (tmp_path / "users" / user / "password").write_text(f"{user}-secret\n")
    script = text.replace("/users/", f"{tmp_path}/users/")
    subprocess.run(["sh", "-c", script], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)
    log = (tmp_path / "log").read_text()
    assert "mb --ignore-existing store/adapters" in log
    assert "admin policy attach store generation --user generation-key" in log
    assert "secret" not in log
    piped = (tmp_path / "piped").read_text().splitlines()
    assert {"admin-key admin-secret", "safety-key safety-secret"} < set(piped)
    assert len(piped) == 7
