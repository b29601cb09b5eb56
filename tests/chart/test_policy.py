"""Restricted pods, images that cannot move, limits, probes, and time to end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PINNED = re.compile(r":(?!latest)[\w.-]+@sha256:[0-9a-f]{64}$")
OURS = re.compile(r"^([\w.-]+/)?semblance/[a-z]+:[\w.-]+(@sha256:[0-9a-f]{64})?$")
# Work is interrupted after this share of the time to drain (service_kit: worker.drain within parts.stop).
BEFORE_INTERRUPTION = 0.9 * 0.7
PRE_STOP_S = 5
CALLED = {"Deployment", "StatefulSet"}


def pods(rendered: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Everything that becomes a pod, with its pod's spec."""
    for found in rendered.objects:
        if found["kind"] == "Pod":
            yield found, found["spec"]
        elif found["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield found, found["spec"]["template"]["spec"]
        elif found["kind"] == "RayService":
            yield from ((found, each["spec"]) for each in rendered.ray_pods)


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def test_pods_are_restricted(rendered: Any) -> None:
    for found, spec in pods(rendered):
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True, found["metadata"]
        assert min(security["runAsUser"], security["runAsGroup"]) > 0, found["metadata"]
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        # The head's autoscaler asks Kubernetes for pods, by an account that KubeRay gives that right and no other.
        asks = found["spec"].get("rayClusterConfig", {}).get("enableInTreeAutoscaling", False)
        head = spec.get("serviceAccountName", "").endswith("-ray-head")
        assert spec["automountServiceAccountToken"] is (asks and head)
        assert spec["enableServiceLinks"] is False
        kinds = {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"}
        assert kinds <= {"emptyDir", "secret", "configMap", "projected", "persistentVolumeClaim"}


def test_pods_that_operators_make_are_restricted_too(production: Any) -> None:
    """A namespace that enforces it would admit no broker. At the containers: what Strimzi is told of a pod replaces the
    group that makes its volume writable. CloudNativePG's own are restricted while nobody says otherwise; KubeRay makes
    its pods of our templates, and beside the head's its autoscaler."""
    [pool], [kafka] = production.of("KafkaNodePool"), production.of("Kafka")
    [ray] = production.of("RayService")
    entity = kafka["spec"]["entityOperator"]["template"]
    made = [pool["spec"]["template"]["kafkaContainer"], *entity.values()]
    assert set(entity) == {
        f"{operator}Container" for operator in kafka["spec"]["entityOperator"] if operator != "template"
    }
    for security in [each["securityContext"] for each in made]:
        assert security["runAsNonRoot"] is True
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
    assert "securityContext" not in pool["spec"]["template"]["pod"]
    autoscaler = ray["spec"]["rayClusterConfig"]["autoscalerOptions"]["securityContext"]
    assert autoscaler["allowPrivilegeEscalation"] is False
    assert autoscaler["capabilities"] == {"drop": ["ALL"]}
    for cluster in production.of("Cluster"):
        assert not {"seccompProfile", "podSecurityContext", "securityContext"} & set(cluster["spec"])


def test_a_node_that_is_gone_takes_one_broker(production: Any) -> None:
    [pool], [kafka] = production.of("KafkaNodePool"), production.of("Kafka")
    spreads = {each["topologyKey"]: each for each in pool["spec"]["template"]["pod"]["topologySpreadConstraints"]}
    assert spreads["kubernetes.io/hostname"]["whenUnsatisfiable"] == "DoNotSchedule"
    name = kafka["metadata"]["name"]
    for spread in spreads.values():
        # A node that takes no pods would be one with none, beside which nobody could be a second.
        assert (spread["maxSkew"], spread["nodeTaintsPolicy"]) == (1, "Honor")
        assert spread["labelSelector"]["matchLabels"] == {
            "strimzi.io/cluster": name,
            "strimzi.io/name": f"{name}-kafka",
        }
    # CloudNativePG prefers another node for each by itself.
    assert all(not cluster["spec"].get("affinity") for cluster in production.of("Cluster"))


def test_containers_are_restricted_and_limited(rendered: Any) -> None:
    for found, spec in pods(rendered):
        for container in containers(spec):
            where = f"{found['metadata']['name']}/{container['name']}"
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] is True, where
            assert security["allowPrivilegeEscalation"] is False, where
            assert security["capabilities"] == {"drop": ["ALL"]}, where
            assert not {"privileged", "runAsUser"} & set(security), where
            for side in ("requests", "limits"):
                assert {"cpu", "memory"} <= set(container["resources"][side]), where


def test_images_are_pinned(rendered: Any) -> None:
    for found, spec in pods(rendered):
        for container in containers(spec):
            image = container["image"]
            assert OURS.search(image) or PINNED.search(image), f"{found['metadata']['name']}: {image}"


def test_what_runs_for_long_is_probed(rendered: Any) -> None:
    for found, spec in pods(rendered):
        if found["kind"] in CALLED | {"RayService"}:
            for container in spec["containers"]:
                for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                    assert probe in container, f"{found['metadata']['name']}: {probe}"


def test_a_service_may_end_its_slowest_work(rendered: Any, services: dict[str, Any]) -> None:
    for found in rendered.of("Deployment"):
        spec = found["spec"]["template"]["spec"]
        [container] = spec["containers"]
        service = container["name"]
        [drain] = [e["value"] for e in container["env"] if e["name"] == f"{service.upper()}_DRAIN_TIMEOUT_S"]
        assert float(drain) * BEFORE_INTERRUPTION >= services[service]["slowest_s"], service
        assert spec["terminationGracePeriodSeconds"] >= float(drain) + PRE_STOP_S + 5, service


def test_an_engine_may_end_its_slowest_drawing(rendered: Any, services: dict[str, Any]) -> None:
    for pod in rendered.ray_pods:
        [container] = pod["spec"]["containers"]
        if container["name"] == "ray-head":
            continue
        drain_s = int(container["lifecycle"]["preStop"]["exec"]["command"][-1])
        assert drain_s >= 2 * services["generation"]["slowest_s"]
        assert pod["spec"]["terminationGracePeriodSeconds"] >= drain_s + 10
        told = {entry["name"]: entry.get("value") for entry in container["env"]}
        assert told.get("GENERATION_RAY_DRAIN_S", str(drain_s)) == str(drain_s)


def test_the_cluster_holds_its_token_and_no_other_secret(rendered: Any) -> None:
    for pod in rendered.ray_pods:
        spec = pod["spec"]
        made = [volume for volume in spec["volumes"] if "emptyDir" not in volume]
        # What the values add: a backbone's weights, which nobody may write from there.
        assert all(claim["persistentVolumeClaim"]["readOnly"] and claim["name"] == "backbone" for claim in made)
        for container in containers(spec):
            refs = [entry["valueFrom"]["secretKeyRef"] for entry in container["env"] if "valueFrom" in entry]
            assert refs == [{"name": "demo-semblance-ray", "key": "auth_token"}]
            assert "envFrom" not in container


def test_each_service_has_an_account_without_rights(rendered: Any, services: dict[str, Any]) -> None:
    accounts = {each["metadata"]["name"]: each for each in rendered.of("ServiceAccount")}
    ours = [*services, "ray", "ray-head"] if rendered.of("RayService") else [*services]
    assert set(accounts) == {f"demo-semblance-{name}" for name in ours}
    assert not any(each["automountServiceAccountToken"] for each in accounts.values())
    assert not any(rendered.of(kind) for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"))
    for found in rendered.of("Deployment"):
        component = found["metadata"]["labels"]["app.kubernetes.io/component"]
        assert found["spec"]["template"]["spec"]["serviceAccountName"] == f"demo-semblance-{component}"


def templates(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """The kind of what owns them, and the labels, of all pods that there may be."""
    for found in objects:
        if found["kind"] == "Pod":
            yield "Pod", found["metadata"]["labels"]
        elif found["kind"] in CALLED | {"Job"}:
            yield found["kind"], found["spec"]["template"]["metadata"]["labels"]
        elif found["kind"] == "RayService":
            cluster = found["spec"]["rayClusterConfig"]
            for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
                yield "RayCluster", group["template"]["metadata"]["labels"]


def chosen(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """As Kubernetes reads a label selector; its other operators are not used here."""
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    for each in selector.get("matchExpressions", []):
        assert each["operator"] in {"In", "NotIn"}
        if (labels.get(each["key"]) in each["values"]) != (each["operator"] == "In"):
            return False
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def budgets(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = [each for each in objects if each["kind"] == "PodDisruptionBudget"]
    return {each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"] for each in found}


def test_services_are_spread_and_never_all_evicted(rendered: Any, services: dict[str, Any]) -> None:
    found = budgets(rendered.objects)
    assert set(found) == set(services)
    for deployment in rendered.of("Deployment"):
        template = deployment["spec"]["template"]
        labels = template["metadata"]["labels"]
        assert [name for name in found if chosen(found[name]["selector"], labels)] == [
            labels["app.kubernetes.io/component"]
        ]
        for spread in template["spec"]["topologySpreadConstraints"]:
            assert spread["labelSelector"]["matchLabels"].items() <= labels.items()


def test_who_shares_volumes_of_one_node_comes_to_it(
    evaluation: Any, production: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    """Each volume is made on the node that the first of its pods got. The gateway mounts one and safety the other: with
    these on two nodes, who mounts both would be on neither."""
    services = [each["spec"]["template"] for each in evaluation.of("Deployment")]
    for template in services:
        [term] = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        # All of them, itself too: or the first would wait for another. A migration mounts nothing and may be anywhere.
        for owner, labels in templates(evaluation.objects):
            assert chosen(term["labelSelector"], labels) == (owner == "Deployment")
    # A development chain's volume is provenance's alone.
    shared = {"accessMode": "ReadWriteMany"}
    both = render({"processes": "apart", "keyring": shared, "erased": shared})
    for deployment in [each for each in [*both, *production.objects] if each["kind"] == "Deployment"]:
        spec, name = deployment["spec"]["template"]["spec"], deployment["metadata"]["name"]
        alone = "-provenance-" in name and deployment in both
        assert ("affinity" in spec) == alone, name
        if alone:
            [term] = spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            chosen_ones = {
                labels["app.kubernetes.io/component"]
                for _, labels in templates(both)
                if chosen(term["labelSelector"], labels)
            }
            assert chosen_ones == {"provenance"}
    # Who mounts no such volume is no reason for the others to be anywhere, and is bound to nobody.
    for shared_one, apart in (("keyring", "safety"), ("erased", "gateway")):
        objects = render({shared_one: shared})
        for template in [each["spec"]["template"] for each in objects if each["kind"] == "Deployment"]:
            if template["metadata"]["labels"]["app.kubernetes.io/component"] == apart:
                assert "affinity" not in template["spec"]
                continue
            [term] = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            for owner, labels in templates(objects):
                of_them = owner == "Deployment" and labels["app.kubernetes.io/component"] != apart
                assert chosen(term["labelSelector"], labels) == of_them


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_budget_is_counted_only_from_what_has_a_scale(
    upgrade: bool, rendered: Any, render: Callable[..., list[dict[str, Any]]]
) -> None:
    """maxUnavailable and shares are of the owner's scale. One pod whose owner has none, a RayCluster's or a Job's that
    ended, and the disruption controller lets no pod of the budget go: `kubectl drain` waits for ever."""
    objects = render(rendered.values, upgrade=True) if upgrade else rendered.objects
    pods_there = list(templates(objects))
    assert "Job" in {owner for owner, _ in pods_there}
    for component, budget in budgets(objects).items():
        owners = {owner for owner, labels in pods_there if chosen(budget["selector"], labels)}
        assert owners, component
        if not isinstance(budget.get("minAvailable"), int):
            assert owners <= CALLED, component


def test_of_a_groups_minimum_all_but_one_stay_and_one_alone_may_leave(
    render: Callable[..., list[dict[str, Any]]],
) -> None:
    """Whatever the autoscaler has added: at its fewest the group is still able to give a pod away."""
    groups = {"engines": {"min": 3, "max": 5}, "trainers": {"min": 1, "max": 2}}
    values = {"generation": {"engine": "ray"}, "training": {"engine": "ray"}}
    objects = render({**values, "ray": {"apiServerCidrs": ["192.0.2.64/28"], **groups}})
    found = {name: spec for name, spec in budgets(objects).items() if name.startswith("ray-")}
    assert {name: {**spec, "selector": None} for name, spec in found.items()} == {
        "ray-engines": {"minAvailable": 2, "selector": None}
    }
    matched = [labels for _, labels in templates(objects) if chosen(found["ray-engines"]["selector"], labels)]
    assert [labels["app.kubernetes.io/component"] for labels in matched] == ["ray-engines"]


def test_selectors_find_their_pods(rendered: Any) -> None:
    """A Deployment's, a StatefulSet's and a Service's selector name labels that pods have."""
    labels = [f["spec"]["template"]["metadata"]["labels"] for f in rendered.objects if f["kind"] in CALLED]
    for found in rendered.of("Service"):
        assert any(found["spec"]["selector"].items() <= each.items() for each in labels), found["metadata"]["name"]
    for found in rendered.objects:
        if found["kind"] in CALLED:
            own = found["spec"]["template"]["metadata"]["labels"]
            assert found["spec"]["selector"]["matchLabels"].items() <= own.items()


def test_what_reads_a_configmap_at_its_start_starts_again_when_it_changes(rendered: Any) -> None:
    for found in rendered.objects:
        if found["kind"] in CALLED:
            template = found["spec"]["template"]
            reads = any("configMap" in volume for volume in template["spec"].get("volumes", []))
            marked = template["metadata"].get("annotations", {}).get("semblance.org/files", "")
            assert bool(re.fullmatch(r"[0-9a-f]{64}", marked)) == reads, found["metadata"]["name"]


def test_keys_of_people_are_mounted_for_writing_by_two(rendered: Any, services: dict[str, Any]) -> None:
    for found in rendered.of("Deployment"):
        [container] = found["spec"]["template"]["spec"]["containers"]
        mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
        may = services[container["name"]]["keyring"]
        assert ("keyring" in mounts) == (may != "none")
        if may != "none":
            assert mounts["keyring"]["readOnly"] == (may == "read"), container["name"]


def test_what_must_not_come_back_lies_on_a_volume_of_its_own(rendered: Any, services: dict[str, Any]) -> None:
    for found in rendered.of("Deployment"):
        pod = found["spec"]["template"]["spec"]
        [container] = pod["containers"]
        name, log = container["name"], "/erased/"
        told = {entry["name"]: entry["value"] for entry in container["env"] if entry.get("value", "").startswith(log)}
        expected = {f"{name.upper()}_TAKEN_BACK_DIR"} if services[name]["takes_back"] else set()
        if services[name]["keyring"] == "write":
            expected |= {f"{name.upper()}_KEYRING_ERASED_DIR"}
        assert set(told) == expected, name
        claims = {
            each["name"]: each["persistentVolumeClaim"] for each in pod["volumes"] if "persistentVolumeClaim" in each
        }
        assert [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == "/erased"] == (
            ["erased"] if expected else []
        )
        if expected:
            assert claims.pop("erased") not in claims.values()


def test_nobody_is_scaled_to_nothing_and_only_whom_more_would_help(production: Any, services: dict[str, Any]) -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in production.of("ScaledObject")}
    workers = {service for service, facts in services.items() if facts["scales"]}
    assert set(scaled) == {
        *(f"demo-semblance-{service}-consume" for service in services),
        *(f"demo-semblance-{service}-work" for service in workers),
    }
    # From as many as the values ask for, and never from nobody.
    for name, spec in scaled.items():
        _, service, process = name.rsplit("-", 2)
        of = production.values["services"][service]
        least = of.get("processes", {}).get(process, {}).get("replicas", of["replicas"])
        assert spec["minReplicaCount"] == least >= 1
        assert "idleReplicaCount" not in spec
    deployments = {each["metadata"]["name"]: each for each in production.of("Deployment")}
    # Two who set replicas would fight; and of nobody else nobody would.
    assert {name for name, each in deployments.items() if "replicas" not in each["spec"]} == set(scaled)


def test_workers_follow_how_long_their_own_work_waits(production: Any, services: dict[str, Any]) -> None:
    for found in production.of("ScaledObject"):
        service = found["metadata"]["labels"]["app.kubernetes.io/component"]
        kinds = {trigger["type"] for trigger in found["spec"]["triggers"]}
        assert kinds == ({"prometheus"} if found["metadata"]["name"].endswith("-work") else {"kafka"})
        if kinds == {"prometheus"}:
            [trigger] = found["spec"]["triggers"]
            asked = re.findall(r'(\w+)=~?"([^"]+)"', trigger["metadata"]["query"])
            assert dict(asked) == {"job": f"semblance/{service}", "kind": "|".join(services[service]["scales"])}
            # An average over all of them would ask for one worker a minute of waiting, and none before the fifth.
            assert trigger["metricType"] == "Value"
            # Nobody tells of an age any more: that is no reason to end those who may still work.
            assert trigger["metadata"]["ignoreNullValues"] == "false"


def test_without_a_prometheus_workers_are_as_many_as_the_values_say(external: Any) -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in external.of("ScaledObject")}
    assert scaled
    assert all(name.endswith("-consume") for name in scaled)
    assert all(
        "replicas" in each["spec"] for each in external.of("Deployment") if each["metadata"]["name"] not in scaled
    )
