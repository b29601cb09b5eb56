"""Install, upgrade, rollback and uninstall by Helm itself, against an API server in memory."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest

from semblance.local.testing.api_server import ApiServer, Kind

CHART = Path(__file__).parents[2] / "charts" / "semblance"
KEK = "demo-semblance-kek"


@pytest.fixture
def api(evaluation: Any, production: Any) -> Iterator[ApiServer]:
    used = {Kind(each["apiVersion"], each["kind"]) for each in (*evaluation.objects, *production.objects)}
    with ApiServer(used) as server:
        yield server


@pytest.fixture
def cluster(api: ApiServer, tmp_path: Path) -> Iterator[helm.Config]:
    with helm.Config(
        namespace="people",
        kubeconfig_path=api.kubeconfig(tmp_path),
        storage_driver="memory",
        qps=1000,
        burst_limit=1000,
    ) as connection:
        yield connection


def replicas(api: ApiServer) -> int:
    count: int = api.get("deployments", "demo-semblance-training")["spec"]["replicas"]
    return count


def migrations(api: ApiServer) -> set[str]:
    """What brings identity's database to the newest schema, as asked for so far: by which Jobs."""
    begin = "/apis/batch/v1/namespaces/people/jobs/demo-semblance-migrate-identity"
    return {path.removeprefix(begin) for _, path in api.requests if path.startswith(begin)}


def answer(api: ApiServer) -> None:
    """What a cluster says of databases that run; CloudNativePG makes a Secret for the owner of each."""
    for name in api.names("statefulsets"):
        api.get("statefulsets", name)["status"] = {"readyReplicas": 1}
    for name in api.names("clusters"):
        api.get("clusters", name)["status"] = {"readyInstances": 1}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{name}-app", "namespace": "people"}}
        with api.lock:
            api.keep(("", "people", "secrets", f"{name}-app"), secret)


def test_an_evaluation_install_lives_and_leaves_only_what_is_dear(api: ApiServer, cluster: helm.Config) -> None:
    cluster.install(CHART, "demo", {}, namespace="people")
    assert len(api.names("deployments")) == 7
    assert len(api.names("statefulsets")) == 9
    assert "demo-semblance-migrate-identity-1" in api.names("jobs")
    secret = api.get("secrets", KEK)["data"]["kek"]
    assert len(base64.b64decode(secret)) == 32
    password = api.get("secrets", "demo-semblance-identity")["data"]["database-password"]

    answer(api)
    cluster.upgrade(CHART, "demo", {"services": {"training": {"replicas": 5}}}, namespace="people")
    assert replicas(api) == 5
    assert "" in migrations(api), "an upgrade migrates before anything else"
    # A second render would draw new ones: then nothing of anybody would open again.
    assert api.get("secrets", KEK)["data"]["kek"] == secret
    assert api.get("secrets", "demo-semblance-identity")["data"]["database-password"] == password

    cluster.rollback("demo", version=1)
    assert replicas(api) == 1
    assert api.get("secrets", KEK)["data"]["kek"] == secret
    assert [entry["revision"] for entry in cluster.history("demo")] == [1, 2, 3]

    cluster.uninstall("demo")
    assert api.names("deployments") | api.names("statefulsets") | api.names("networkpolicies") == set()
    assert KEK in api.names("secrets")
    assert "demo-semblance-keyring" in api.names("persistentvolumeclaims")

    cluster.install(CHART, "demo", {}, namespace="people")
    assert api.get("secrets", KEK)["data"]["kek"] == secret, "an install after an uninstall opens what was kept"


def test_an_evaluation_that_failed_before_its_databases_were_made_is_mended_by_an_upgrade(
    api: ApiServer, cluster: helm.Config
) -> None:
    cluster.install(CHART, "demo", {}, namespace="people")
    for name in api.names("statefulsets"):
        with api.lock:
            api.drop(("apps", "people", "statefulsets", name))
    cluster.upgrade(CHART, "demo", {}, namespace="people")
    assert migrations(api) == {"-1", "-2"}
    assert len(api.names("statefulsets")) == 9


STORE = "demo-semblance-store"
SEAWEEDFS = {"objectStore": {"kind": "seaweedfs"}}


def forget_the_label(api: ApiServer) -> None:
    """As a release of before has it."""
    del api.get("secrets", f"{STORE}-admin")["metadata"]["labels"]["semblance.org/store"]


def test_another_store_on_the_same_volume_is_refused_and_says_what_to_do(api: ApiServer, cluster: helm.Config) -> None:
    """Both are the StatefulSet of one name with one claim: the other would start empty and everything seem gone."""
    cluster.install(CHART, "demo", {}, namespace="people")
    refusal = f"data-{STORE}-0 is minio's.*new release.*mc mirror"
    with pytest.raises(helm.HelmError, match=refusal):
        cluster.upgrade(CHART, "demo", SEAWEEDFS, namespace="people")
    assert api.get("statefulsets", STORE)["spec"]["template"]["spec"]["containers"][0]["command"][0] == "minio"
    cluster.upgrade(CHART, "demo", {"services": {"training": {"replicas": 5}}}, namespace="people")
    assert replicas(api) == 5, "the same store goes on"

    cluster.uninstall("demo")
    with pytest.raises(helm.HelmError, match=refusal):
        cluster.install(CHART, "demo", SEAWEEDFS, namespace="people")
    # What the message says: the claim is gone, and the Secret's label.
    forget_the_label(api)
    cluster.install(CHART, "demo", SEAWEEDFS, namespace="people")
    forget_the_label(api)
    with pytest.raises(helm.HelmError, match="is seaweedfs's"):
        cluster.upgrade(CHART, "demo", {"objectStore": {"kind": "minio"}}, namespace="people")
    cluster.upgrade(CHART, "demo", SEAWEEDFS, namespace="people")
    assert api.get("secrets", f"{STORE}-admin")["metadata"]["labels"]["semblance.org/store"] == "seaweedfs"


def test_production_values_install(api: ApiServer, cluster: helm.Config, production: Any) -> None:
    cluster.install(CHART, "demo", production.values, namespace="people")
    assert {"demo-semblance-kafka-training", "demo-semblance-kafka-gateway"} <= api.names("kafkausers")
    assert "demo-semblance-generation-consume" in api.names("scaledobjects")
    assert api.names("statefulsets") == set()
    assert api.names("secrets") == set(), "production makes no secret"
    topics = api.names("kafkatopics")

    # An install that failed half-way: a hook would wait for databases that only the upgrade itself brings up.
    cluster.upgrade(CHART, "demo", production.values, namespace="people")
    assert "-2" in migrations(api)
    assert "" not in migrations(api)
    answer(api)
    api.get("clusters", "demo-semblance-db-training")["status"] = {}
    cluster.upgrade(CHART, "demo", production.values, namespace="people")
    assert "" in migrations(api), "databases that answer are migrated first"
    assert {name for name in api.names("jobs") if "-migrate-" in name} == {"demo-semblance-migrate-training-3"}

    cluster.uninstall("demo")
    assert api.names("deployments") == set()
    assert len(api.names("clusters")) == 7, "databases stay"
    # A topic goes with its KafkaTopic: withdrawals that are kept for ever. A user that outlived its service is a door.
    assert (api.names("kafkas"), api.names("kafkanodepools")) == ({"demo-semblance"}, {"demo-semblance-nodes"})
    assert topics == api.names("kafkatopics")
    assert "demo-semblance.identity.consent.v1" in topics
    assert api.names("kafkausers") == set()
    cluster.install(CHART, "demo", production.values, namespace="people")
    assert "demo-semblance-kafka-training" in api.names("kafkausers"), "an install after that takes them over"
