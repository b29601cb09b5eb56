"""Other teams' users of Kafka: they read the topics that they name, in groups of their own, and may do nothing else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from loadtests.watcher import TOPICS
from semblance.local.rights import SERVICES

ROOT = Path(__file__).parents[2]
LOADTEST = yaml.safe_load((ROOT / "loadtests" / "kubernetes-values.yaml").read_text())
READER = {"name": "analytics", "topics": ["provenance.manifest.v1"], "namespaces": ["analytics"]}


def named(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


@pytest.fixture(scope="module")
def read(render: Callable[..., list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """An evaluation with two readers, one with a password of its own."""
    readers = [READER, {"name": "loadtest", "topics": list(TOPICS), "secret": "theirs"}]
    return render({"kafka": {"readers": readers}})


@pytest.fixture
def ran(read: list[dict[str, Any]], tmp_path: Path) -> list[str]:
    """What the rights' Job asks of Kafka's tools, from a stand-in for them that knows a reader who is named no more,
    and keeps what the files say that it is given."""
    there = " ".join(["admin", *SERVICES, "analytics", "loadtest", "gone-since"])
    tool = f"""#!/bin/sh
echo "${{0##*/}} $@" >> {tmp_path}/log
case "$*" in
*--describe*) for user in {there}; do
  echo "SCRAM credential configs for user-principal '$user' are SCRAM-SHA-512=iterations=4096"
done ;;
*--add-config-file*) for last; do :; done
  printf '%s %s\\n' "$(stat -c %a "$last")" "$(cat "$last")" >> {tmp_path}/files ;;
esac
"""
    for name in ("kafka-acls.sh", "kafka-configs.sh"):
        (tmp_path / name).write_text(tool)
        (tmp_path / name).chmod(0o700)
    (tmp_path / "passwords").mkdir()
    for name in ("analytics", "loadtest"):
        (tmp_path / "passwords" / name).write_text(f"word\\of-{name}")
    script = named(read, "ConfigMap", "demo-semblance-kafka")["data"]["rights.sh"]
    for there in ("/tmp/", "/opt/kafka/bin/"):
        script = script.replace(there, "HERE/")
    script = script.replace("/passwords/", "HERE/passwords/").replace("HERE", str(tmp_path))
    given = {"PATH": "/usr/bin:/bin", "ADMIN_PASSWORD": "x"}
    subprocess.run(["sh", "-c", script], env=given, check=True, timeout=60)
    return (tmp_path / "log").read_text().splitlines()


def test_a_reader_may_read_what_it_names_in_groups_of_its_own(ran: list[str]) -> None:
    about = [line for line in ran if "User:analytics" in line]
    given = [line.partition("User:analytics ")[2] for line in about if "--add" in line]
    assert given == [
        "--operation Read --operation Describe --topic provenance.manifest.v1",
        "--operation Read --operation Describe --resource-pattern-type prefixed --group analytics.",
    ]
    # A topic that it named once is taken from it.
    [taken] = [line for line in about if "--remove" in line]
    topics = re.findall(r"--topic (\S+)", taken)
    assert "identity.consent.v1" in topics
    assert "provenance.manifest.v1" not in topics


def test_a_reader_is_let_in_by_its_password_and_whom_nobody_names_is_shut_out(ran: list[str], tmp_path: Path) -> None:
    altered = [line.split(" --alter --entity-type users --entity-name ")[1] for line in ran if "--alter" in line]
    assert altered == [
        f"analytics --add-config-file {tmp_path}/user.properties",
        f"loadtest --add-config-file {tmp_path}/user.properties",
        "gone-since --delete-config SCRAM-SHA-512",
    ]
    # Java's properties: a backslash is written twice. Nobody else may read them, and none is left.
    assert (tmp_path / "files").read_text().splitlines() == [
        rf"600 SCRAM-SHA-512=password=word\\of-{name}" for name in ("analytics", "loadtest")
    ]
    assert not list(tmp_path.glob("*.properties"))


def test_passwords_are_made_unless_they_are_yours_and_only_the_job_has_them(read: list[dict[str, Any]]) -> None:
    made = {each["metadata"]["name"] for each in read if each["kind"] == "Secret"}
    assert "demo-semblance-kafka-reader-analytics" in made
    assert not {name for name in made if "loadtest" in name}
    secrets = {"demo-semblance-kafka-reader-analytics": "analytics", "theirs": "loadtest"}
    for found in read:
        pod = found["spec"]["template"]["spec"] if found["kind"] in {"Deployment", "StatefulSet", "Job"} else {}
        sources = [
            s["secret"] for volume in pod.get("volumes", []) for s in volume.get("projected", {}).get("sources", [])
        ]
        mine = {s["name"]: s["items"][0]["path"] for s in sources if s["name"] in secrets}
        assert mine == (secrets if "-topics-" in found["metadata"]["name"] else {}), found["metadata"]["name"]


def test_the_broker_is_opened_to_the_named_namespaces(read: list[dict[str, Any]], production: Any) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "analytics"}}}
    rules = named(read, "NetworkPolicy", "demo-semblance-kafka")["spec"]["ingress"]
    assert {"from": [peer], "ports": [{"protocol": "TCP", "port": 9092}]} in rules
    [kafka] = production.of("Kafka")
    assert peer in kafka["spec"]["kafka"]["listeners"][0]["networkPolicyPeers"]


def test_who_comes_from_another_namespace_is_told_a_name_that_is_known_there(
    read: list[dict[str, Any]], production: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    """A broker's short name is a Service of the reader's own namespace, or of nobody. KEDA asks from its own too."""
    properties = named(read, "ConfigMap", "demo-semblance-kafka")["data"]["server.properties"]
    assert "advertised.listeners=CLIENTS://demo-semblance-kafka.people.svc:9092," in properties
    scaled = render({"processes": "apart", "keda": {"enabled": True}})
    for objects, address in (
        (scaled, "demo-semblance-kafka.people.svc:9092"),
        (production.objects, "demo-semblance-kafka-bootstrap.people.svc:9093"),
    ):
        triggers = [t for each in objects if each["kind"] == "ScaledObject" for t in each["spec"]["triggers"]]
        asked = {each["metadata"]["bootstrapServers"] for each in triggers if each["type"] == "kafka"}
        assert asked == {address}


def test_strimzi_gives_the_same_and_no_more(production: Any, render: Callable[..., list[dict[str, Any]]]) -> None:
    user = production.one("KafkaUser", "demo-semblance-kafka-reader-analytics")["spec"]
    assert user["authorization"]["acls"] == [
        {"resource": {"type": "topic", "name": "provenance.manifest.v1"}, "operations": ["Describe", "Read"]},
        {
            "resource": {"type": "group", "name": "analytics.", "patternType": "prefix"},
            "operations": ["Describe", "Read"],
        },
    ]
    assert "password" not in user["authentication"]
    own = render({"kafka": {"kind": "strimzi", "readers": [{**READER, "secret": "theirs"}]}})
    kept = named(own, "KafkaUser", "demo-semblance-kafka-reader-analytics")["spec"]["authentication"]["password"]
    assert kept == {"valueFrom": {"secretKeyRef": {"name": "theirs", "key": "password"}}}


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        ({**READER, "name": "training"}, "training is taken"),
        ({**READER, "name": "admin"}, "admin is taken"),
        ({**READER, "topics": ["ingest.photo.v1.gateway.dlq"]}, "does not know"),
    ],
)
def test_a_reader_is_nobody_of_ours_and_reads_no_dead_letters(
    reader: dict[str, Any], said: str, render: Callable[..., Any]
) -> None:
    with pytest.raises(helm.HelmRenderError, match=rf"kafka\.readers: .*{said}"):
        render({"kafka": {"readers": [reader]}})


def test_two_readers_of_a_name_and_readers_of_a_kafka_of_yours_are_refused(
    external: Any, render: Callable[..., Any]
) -> None:
    with pytest.raises(helm.HelmRenderError, match=r"kafka\.readers: analytics is taken"):
        render({"kafka": {"readers": [READER, READER]}})
    with pytest.raises(helm.HelmRenderError, match=r"kafka\.readers: users of a Kafka of yours"):
        render({**external.values, "kafka": {**external.values["kafka"], "readers": [READER]}})


@pytest.mark.parametrize(
    "wrong", [{"name": "ANONYMOUS"}, {"name": "training.x"}, {"topics": []}, {"rights": ["Write"]}]
)
def test_a_reader_that_is_none_is_refused(wrong: dict[str, Any], render: Callable[..., Any]) -> None:
    """ANONYMOUS is the broker itself; a name with a dot could begin like another's groups."""
    with pytest.raises(helm.HelmValuesError):
        render({"kafka": {"readers": [{**READER, **wrong}]}})


def test_the_load_tests_job_finds_its_user(chart: helm.Chart) -> None:
    """As loadtests/kubernetes.yaml says it: a release "semblance", with the values beside it."""
    [reader] = LOADTEST["kafka"]["readers"]
    assert set(reader["topics"]) == set(TOPICS)
    jobs = list(yaml.safe_load_all((ROOT / "loadtests" / "kubernetes.yaml").read_text()))
    [master] = named(jobs, "Job", "loadtest")["spec"]["template"]["spec"]["containers"]
    told = {entry["name"]: entry for entry in master["env"]}
    assert told["LOADTEST_KAFKA_USERNAME"]["value"] == reader["name"]
    asked = told["LOADTEST_KAFKA_PASSWORD"]["valueFrom"]["secretKeyRef"]
    made = chart.render(LOADTEST, name="semblance", namespace="semblance")["semblance/templates/secrets.yaml"]
    secrets = {one["metadata"]["name"]: one["data"] for one in yaml.safe_load_all(made) if one}
    assert asked["key"] in secrets[asked["name"]]
