"""What the chart tells a process is what that service's settings take."""

from __future__ import annotations

import functools
import importlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from semblance.local.rights import RIGHTS, SERVICES
from semblance.service_kit.make_topics import TopicSettings
from semblance.service_kit.settings import ServiceSettings

SECRETS = {"operator-tokens": '{"operator": "an-operator-of-24-letters"}'}
# libpq's, and uvicorn's.
_FOREIGN = {"PGPASSWORD", "FORWARDED_ALLOW_IPS"}
# Ray's own, which it reads when it is imported.
_RAY = {
    *("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"),
    *("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_AUTO_CONNECT", "RAY_DISABLE_FAILURE_SIGNAL_HANDLER"),
}


def settings_of(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"semblance.{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def environment(container: dict[str, Any]) -> dict[str, str]:
    found = {}
    for entry in container["env"]:
        assert entry["name"] not in found, f"{entry['name']} is set twice"
        secret = entry.get("valueFrom", {}).get("secretKeyRef", {})
        found[entry["name"]] = (
            entry["value"] if "value" in entry else SECRETS.get(secret["key"], f"the-{secret['key']}")
        )
    return found


def processes(rendered: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every container that runs a service's main.py, or migrates as its main.py would, with its pod."""
    for found in (*rendered.of("Deployment"), *rendered.of("Job")):
        pod = found["spec"]["template"]["spec"]
        for container in pod["containers"]:
            command, place = container.get("command", []), {"volumes": pod["volumes"]}
            if command[:2] != ["python", "-m"]:
                continue
            if command[2].endswith(".main"):
                yield command[2].split(".")[1], {**container, **place}
            elif command[2] == "semblance.service_kit.migrate":
                [service] = container["args"]
                yield service, {**container, **place, "args": ["migrate"]}


def loaded(service: str, container: dict[str, Any]) -> ServiceSettings:
    """The settings under the container's environment and no other."""
    given = environment(container).items()
    return _loaded(service, tuple(sorted((n, v) for n, v in given if n.startswith(f"{service.upper()}_"))))


@functools.cache
def _loaded(service: str, given: tuple[tuple[str, str], ...]) -> ServiceSettings:
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith(f"{service.upper()}_")]:
            patched.delenv(name)
        for name, value in given:
            patched.setenv(name, value)
        return settings_of(service)()


def test_every_variable_is_a_setting_of_that_service_and_loads(rendered: Any) -> None:
    seen = set()
    for service, container in processes(rendered):
        known = {f"{service.upper()}_{field.upper()}" for field in settings_of(service).model_fields}
        foreign = _FOREIGN | _RAY | set(_defaults()["environment"])
        assert set(environment(container)) <= known | foreign, service
        settings = loaded(service, container)
        if container["args"] != ["migrate"]:
            assert settings.http_port == 8080
            assert settings.internal_token.get_secret_value() == "the-internal-token"
        seen.add((service, container["args"][0]))
    assert {service for service, _ in seen} == set(SERVICES)
    assert {service for service, process in seen if process == "migrate"} == set(SERVICES)


def test_engines_load_generations_numbers_and_are_told_of_none_of_its_doors(ray: Any, production: Any) -> None:
    doors = {"HTTP", "GRPC", "KAFKA", "DATABASE", "S3", "KEYRING", "INTERNAL", "SAFETY", "TRAINING", "OTLP", "OPERATOR"}
    for rendered, device, most in ((ray, "cpu", 1), (production, "cuda", 4)):
        for pod in rendered.ray_pods:
            [container] = pod["spec"]["containers"]
            names = set(environment(container))
            known = {f"GENERATION_{field.upper()}" for field in settings_of("generation").model_fields}
            assert names <= known | _RAY | set(_defaults()["environment"])
            if not container["image"].rpartition(":")[0].endswith("/generation"):
                continue
            settings = loaded("generation", container)
            assert (settings.device, settings.ray_replicas_max, settings.ray_cpus) == (device, most, 1)
            assert not {field.split("_")[0].upper() for field in settings.model_fields_set} & doors


def test_a_service_whose_engine_is_ray_is_told_so_and_the_others_are_not(ray: Any, production: Any) -> None:
    wanted = {"generation", "training"}
    for rendered in (ray, production):
        found = [(service, container) for service, container in processes(rendered) if container["args"] != ["migrate"]]
        told = {service for service, container in found if getattr(loaded(service, container), "engine", "") == "ray"}
        assert told == wanted
        for service, container in found:
            if service in wanted:
                assert getattr(loaded(service, container), "ray_address", None) == "demo-semblance-ray-head-svc:6379"


def test_every_path_lies_on_a_volume_or_in_the_image(rendered: Any) -> None:
    for service, container in processes(rendered):
        if container["args"] == ["migrate"]:  # it opens none of them
            continue
        places = [Path(mount["mountPath"]) for mount in container["volumeMounts"]] + [Path("/opt/semblance/models")]
        settings = loaded(service, container)
        for field in settings.model_fields_set:
            value = getattr(settings, field)
            if isinstance(value, Path):
                assert any(value.is_relative_to(place) for place in places), f"{service}: {field}={value}"


# Settings that name secret files, and which: what is not there is made at the first start, or not read.
_KEY_FILES: dict[str, Callable[[Any], list[Path]]] = {
    "keyring_kek_file": lambda s: [s.keyring_kek_file],
    "keys_dir": lambda s: [s.keys_dir / "pepper", s.keys_dir / "signing.pem"],
    "receipt_key_file": lambda s: [s.receipt_key_file or s.keyring_kek_file.parent / "erasure-receipts.key"],
    "signing_dir": lambda s: [s.signing_dir / name for name in ("root.pem", "leaf.pem", "leaf.key")],
    "audit_key_file": lambda s: [s.audit_key_file or s.signing_dir / "audit.key"],
    "watermark_key_file": lambda s: [s.watermark_key_file or s.signing_dir / "watermark.key"],
    "watermark_old_key_files": lambda s: list(s.watermark_old_key_files),
}
# Settings that name something else. What the services write there, they write once for all of them: on a volume.
_NO_KEYS = {
    *("models_dir", "backbone_dir", "stub_dir", "figures_dir", "prompt_model_path", "public_figures_path"),
    *("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile", "trust_anchors_file", "time_stamp_anchors_file"),
    *("pkcs11_module", "keyring_dir", "keyring_erased_dir", "taken_back_dir"),
}
# Who writes secrets into a file that is not there.
_MAKERS = {
    *("libs/objects/semblance/objects/file_keyring.py", "libs/service_kit/semblance/service_kit/signing_key.py"),
    *(
        "services/gateway/semblance/gateway/adapters/secrets.py",
        "services/gateway/semblance/gateway/adapters/tokens.py",
    ),
    *("services/provenance/semblance/provenance/adapters/authority.py",),
    "services/provenance/semblance/provenance/adapters/marks.py",
    "services/generation/semblance/generation/ml/ray_head.py",  # of one machine: a cluster's token is a Secret
}


def test_every_setting_that_names_files_and_every_maker_of_keys_is_known_here() -> None:
    """Whoever adds one says what it is, and so is asked by the test below where its file comes from."""
    for service in SERVICES:
        for name, field in settings_of(service).model_fields.items():
            if "Path" in str(field.annotation):
                assert (name in _KEY_FILES) != (name in _NO_KEYS), f"{service}: {name}"
    root = Path(__file__).parents[2]
    kept = [*root.glob("services/*/semblance/**/*.py"), *root.glob("libs/objects/semblance/**/*.py")]
    kept += root.glob("libs/service_kit/semblance/**/*.py")
    draws = re.compile(r"os\.urandom|Key\.generate\(|generate_private_key|secrets\.token")
    writes = re.compile(r"create_exclusively\(|load_or_create\(|os\.open\(|write_bytes\(")
    found = {path for path in kept if draws.search(text := path.read_text()) and writes.search(text)}
    assert {str(path.relative_to(root)) for path in found if "bench" not in path.parts} == _MAKERS


def test_a_key_is_every_pods_the_same(rendered: Any, services: dict[str, Any]) -> None:
    """Of a Secret, copied to where nothing can be made; or on a volume that all mount. One that a pod made for itself
    would be gone with it, and no other would have it."""
    seen = set()
    for found in rendered.of("Deployment"):
        spec = found["spec"]["template"]["spec"]
        volumes, container = {each["name"]: each for each in spec["volumes"]}, spec["containers"][0]
        service = container["name"]
        mounts = {Path(mount["mountPath"]): mount for mount in container["volumeMounts"]}
        copied = {Path(word).name for word in spec["initContainers"][0]["args"]}
        items = [item for each in volumes.values() for item in each.get("secret", {}).get("items", [])]
        settings = loaded(service, container)
        for field in set(_KEY_FILES) & set(type(settings).model_fields):
            if field == "keyring_kek_file" and services[service]["keyring"] == "none":
                continue
            for file in _KEY_FILES[field](settings):
                [(place, mount)] = [each for each in mounts.items() if file.is_relative_to(each[0])]
                if "persistentVolumeClaim" not in volumes[mount["name"]]:
                    assert (place, mount["readOnly"]) == (Path("/keys"), True), file
                    assert {"key": file.name, "path": file.name} in items, file
                    assert file.name in copied, file
                seen.add(file.name)
    chain = {"root.pem", "leaf.pem", "leaf.key"}
    assert seen == {"kek", "pepper", "signing.pem", "erasure-receipts.key", "audit.key", "watermark.key", *chain}


def test_only_those_with_rights_have_keys_to_the_store(rendered: Any) -> None:
    for service, container in processes(rendered):
        holds = any(name.endswith("_S3_ACCESS_KEY") for name in environment(container))
        assert holds == (bool(RIGHTS[service]) and container["args"] != ["migrate"]), service


def test_a_secret_is_read_by_its_service_alone(rendered: Any) -> None:
    """Beside what all share, no process is given a Secret that another service is given too."""
    shared = {"demo-semblance-platform", "demo-semblance-kek", "demo-semblance-ray"}
    owners: dict[str, set[str]] = {}
    for service, container in processes(rendered):
        refs = [entry["valueFrom"]["secretKeyRef"]["name"] for entry in container["env"] if "valueFrom" in entry]
        refs += [volume["secret"]["secretName"] for volume in container["volumes"] if "secret" in volume]
        for name in refs:
            owners.setdefault(name, set()).add(service)
    certificates = {"demo-semblance-cluster-ca-cert", "kafka-ca"}
    assert {name: who for name, who in owners.items() if len(who) > 1 and name not in shared | certificates} == {}
    assert "gateway" not in owners["demo-semblance-kek"]
    # The cluster's token: for those alone who are its drivers.
    drivers = {s for s in ("generation", "training") if rendered.values.get(s, {}).get("engine") == "ray"}
    assert owners.get("demo-semblance-ray", set()) == drivers


def test_topics_are_made_with_settings_that_there_are(evaluation: Any) -> None:
    [job] = [job for job in evaluation.of("Job") if "-topics-" in job["metadata"]["name"]]
    names = set(environment(job["spec"]["template"]["spec"]["initContainers"][0]))
    assert names <= {f"TOPICS_{field.upper()}" for field in TopicSettings.model_fields}


def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (Path(__file__).parents[2] / "charts" / "semblance" / "values.yaml").read_text()
    )
    return found
