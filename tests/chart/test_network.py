"""The privacy rules as the network has them: who reaches whom is computed from the NetworkPolicies and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from semblance.local.rights import RIGHTS, SERVICES

GRPC, HTTP, POSTGRES = 50051, 8080, 5432


@dataclass(frozen=True)
class Pod:
    """What a policy looks at."""

    labels: tuple[tuple[str, str], ...]

    @property
    def component(self) -> str:
        return dict(self.labels).get("app.kubernetes.io/component", dict(self.labels).get("cnpg.io/cluster", ""))

    def matches(self, selector: dict[str, Any]) -> bool:
        assert set(selector) <= {"matchLabels"}
        return selector.get("matchLabels", {}).items() <= dict(self.labels).items()


class Network:
    """Pods of one namespace under its policies; other namespaces and addresses are outside."""

    def __init__(self, rendered: Any) -> None:
        self._policies = [each["spec"] for each in rendered.of("NetworkPolicy")]
        self.pods = sorted({*_pods(rendered)}, key=lambda pod: pod.labels)

    def allows(self, source: Pod, target: Pod, port: int) -> bool:
        return self._side("Egress", source, target, port) and self._side("Ingress", target, source, port)

    def of(self, component: str) -> list[Pod]:
        return [pod for pod in self.pods if pod.component == component]

    def who_reaches(self, target: Pod, port: int) -> set[str]:
        return {pod.component for pod in self.pods if self.allows(pod, target, port)}

    def closed(self, pod: Pod) -> bool:
        """Whether some policy closes both ways for this pod."""
        kinds = [
            kind for policy in self._policies if pod.matches(policy["podSelector"]) for kind in policy["policyTypes"]
        ]
        return {"Ingress", "Egress"} <= set(kinds)

    def _side(self, kind: str, pod: Pod, other: Pod, port: int) -> bool:
        way, peers = ("egress", "to") if kind == "Egress" else ("ingress", "from")
        mine = [p for p in self._policies if kind in p["policyTypes"] and pod.matches(p["podSelector"])]
        if not mine:
            return True
        return any(_rule(rule, peers, other, port) for policy in mine for rule in policy.get(way) or [])


def _rule(rule: dict[str, Any], peers: str, other: Pod, port: int) -> bool:
    if rule.get("ports") and not any(
        p["port"] <= port <= p.get("endPort", p["port"]) and p["protocol"] == "TCP" for p in rule["ports"]
    ):
        return False
    listed = rule.get(peers)
    return listed is None or any("podSelector" in peer and other.matches(peer["podSelector"]) for peer in listed)


def _pods(rendered: Any) -> Iterator[Pod]:
    for found in rendered.objects:
        if found["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield Pod(tuple(sorted(found["spec"]["template"]["metadata"]["labels"].items())))
        elif found["kind"] == "Pod":
            yield Pod(tuple(sorted(found["metadata"]["labels"].items())))
        elif found["kind"] == "RayService":
            yield from (Pod(tuple(sorted(each["metadata"]["labels"].items()))) for each in rendered.ray_pods)
        elif found["kind"] == "Cluster":
            yield Pod((("cnpg.io/cluster", found["metadata"]["name"]),))


def test_services_reach_those_whom_they_call_and_nobody_else(rendered: Any, services: dict[str, Any]) -> None:
    network = Network(rendered)
    for service in SERVICES:
        callers = {other for other in SERVICES if service in services[other]["calls"]}
        for pod in network.of(service):
            assert network.who_reaches(pod, GRPC) & set(SERVICES) == callers, service


def test_only_a_service_reaches_its_database(rendered: Any) -> None:
    network = Network(rendered)
    databases = [pod for pod in network.pods if "postgres-" in pod.component or "-db-" in pod.component]
    assert len(databases) == (0 if rendered.name == "external" else len(SERVICES))
    for pod in databases:
        service = pod.component.rsplit("-", 1)[1]
        others = network.who_reaches(pod, POSTGRES) - {pod.component}
        assert others == {service}


def test_instances_of_a_database_see_each_other_and_nobody_elses(production: Any) -> None:
    """CloudNativePG's primary ends where neither Kubernetes' API nor another instance answers it."""
    network = Network(production)
    databases = [pod for pod in network.pods if "-db-" in pod.component]
    assert len(databases) == len(SERVICES)
    for pod in databases:
        assert network.who_reaches(pod, 8000) == {pod.component}
        assert network.allows(pod, pod, POSTGRES)


def test_an_open_network_would_be_noticed(render: Callable[..., list[dict[str, Any]]]) -> None:
    objects = render({"networkPolicies": {"enabled": False}})
    rendered = SimpleNamespace(
        objects=objects, ray_pods=[], of=lambda kind: [each for each in objects if each["kind"] == kind]
    )
    network = Network(rendered)
    [database] = network.of("postgres-identity")
    assert "gateway" in network.who_reaches(database, POSTGRES)
    assert not network.closed(database)


def test_only_those_with_rights_reach_the_store(evaluation: Any) -> None:
    network = Network(evaluation)
    [store] = network.of("store")
    holders = {service for service in SERVICES if RIGHTS[service]}
    assert network.who_reaches(store, 9000) == holders | {"buckets"}
    assert "gateway" not in holders


def test_quarantine_is_three_services_and_their_keys_alone(facts: dict[str, Any]) -> None:
    """The bucket lies in the common store: what keeps the others out is that their credentials have no right to it."""
    reach = {s: set(of["quarantine"]) for s, of in facts["rights.json"].items() if "quarantine" in of}
    assert set(reach) == {"generation", "safety", "provenance"}
    assert "Read" not in reach["generation"]


def test_the_broker_is_for_services(evaluation: Any) -> None:
    network = Network(evaluation)
    [kafka] = network.of("kafka")
    assert network.who_reaches(kafka, 9092) == {*SERVICES, "topics"}
    # What only its own loopback may use.
    assert network.who_reaches(kafka, 9093) | network.who_reaches(kafka, 9094) == set()


def test_health_is_nobodys_but_the_kubelets(rendered: Any) -> None:
    network = Network(rendered)
    for service in SERVICES:
        for pod in network.of(service):
            if service != "gateway":
                assert network.who_reaches(pod, HTTP) == set()


def test_every_pod_is_closed_and_every_service_has_its_policy(rendered: Any) -> None:
    network = Network(rendered)
    for pod in network.pods:
        if "cnpg.io/cluster" not in dict(pod.labels):
            assert network.closed(pod), pod.component
    named = {each["metadata"]["labels"]["app.kubernetes.io/component"] for each in rendered.of("NetworkPolicy")}
    for found in rendered.of("Service"):
        assert found["metadata"]["labels"]["app.kubernetes.io/component"] in named


def test_the_operators_desk_is_open_to_no_pod_but_the_gateway(evaluation: Any) -> None:
    """identity's gRPC has the operators' calls too: they come by port-forward, not from pods that merely run here."""
    network = Network(evaluation)
    for pod in network.of("identity"):
        assert network.who_reaches(pod, GRPC) <= {"gateway", "ingest", "safety", "training"}


def test_people_come_through_the_gateway_only_from_the_named_namespaces(production: Any) -> None:
    policy = production.one("NetworkPolicy", "demo-semblance-gateway")["spec"]
    [rule] = policy["ingress"]
    assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateways"}}}]


def test_the_cluster_is_for_its_own_pods_and_for_those_who_work_in_it(ray: Any, production: Any) -> None:
    for rendered in (ray, production):
        network = Network(rendered)
        own = {pod.component for pod in network.pods if pod.component.startswith("ray-")}
        may = own | {service for service in SERVICES if rendered.values.get(service, {}).get("engine") == "ray"}
        works = {"work"} if rendered.values.get("processes") == "apart" else {"all"}
        for pod in (pod for pod in network.pods if pod.component in own):
            for port in (6379, 6700, 6701, 6799, 8000, 8265, 10001):
                reached = {other for other in network.pods if network.allows(other, pod, port)}
                assert {other.component for other in reached} == may, (pod.component, port)
                processes = {dict(other.labels).get("semblance.org/process") for other in reached} - {None}
                assert processes == works


def test_the_cluster_reaches_no_store_no_broker_no_database_and_no_door_of_a_service(ray: Any) -> None:
    network = Network(ray)
    for pod in (pod for pod in network.pods if pod.component.startswith("ray-")):
        reached = {
            (other.component, port)
            for other in network.pods
            for port in (GRPC, HTTP, POSTGRES, 6379, 6700, 6799, 9000, 9092)
            if network.allows(pod, other, port)
        }
        doors = {(name, port) for name, port in reached if not name.startswith("ray-")}
        workers = {service for service in SERVICES if ray.values.get(service, {}).get("engine") == "ray"}
        assert doors == {(service, port) for service in workers for port in (6700, 6799)}


def test_only_the_head_asks_kubernetes_and_only_where_it_grows(ray: Any, production: Any) -> None:
    def outside(rendered: Any) -> set[str]:
        return {
            policy["metadata"]["name"].partition("semblance-")[2]
            for policy in rendered.of("NetworkPolicy")
            if "-ray-" in policy["metadata"]["name"]
            for rule in policy["spec"]["egress"]
            if any("ipBlock" in peer for peer in rule["to"])
        }

    assert outside(ray) == set()
    assert outside(production) == {"ray-head"}


def test_names_are_asked_where_the_values_say(render: Callable[..., list[dict[str, Any]]]) -> None:
    """A cache on the node's own network lies in no namespace."""
    given = {"networkPolicies": {"dnsNamespace": "dns", "dnsCidrs": ["169.254.20.10/32"]}}
    [rule] = next(
        policy["spec"]["egress"]
        for policy in render(given)
        if policy["kind"] == "NetworkPolicy" and policy["metadata"]["name"] == "demo-semblance-nothing"
    )
    assert rule["to"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dns"}}},
        {"ipBlock": {"cidr": "169.254.20.10/32"}},
    ]
    assert {(port["protocol"], port["port"]) for port in rule["ports"]} == {("UDP", 53), ("TCP", 53)}
