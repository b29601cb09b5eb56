"""What an evaluation install generates opens in the services' own code, as the init container lays it out."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.tokens import LocalIssuer
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing
from semblance.service_kit.signing_key import FileSigningKey

RELEASE = "demo"


@pytest.fixture
def generated(chart: helm.Chart) -> dict[str, dict[str, bytes]]:
    """Secret to key to bytes, this time with what is random."""
    manifest = chart.render({}, name=RELEASE, namespace="people")["semblance/templates/secrets.yaml"]
    return {
        one["metadata"]["name"]: {key: base64.b64decode(value) for key, value in one["data"].items()}
        for one in yaml.safe_load_all(manifest)
        if one
    }


def laid_out(service: str, evaluation: Any, generated: dict[str, dict[str, bytes]], folder: Path) -> Path:
    """Mount the Secrets, open to the group as the kubelet does, and run the init container's own command on them."""
    spec = evaluation.one("Deployment", f"{RELEASE}-semblance-{service}")["spec"]["template"]["spec"]
    [container] = spec["initContainers"]
    mounts = {mount["name"]: folder / mount["mountPath"].lstrip("/") for mount in container["volumeMounts"]}
    for path in mounts.values():
        path.mkdir(parents=True)
    for volume in spec["volumes"]:
        if "secret" in volume and volume["name"] in mounts:
            for item in volume["secret"]["items"]:
                file = mounts[volume["name"]] / item["path"]
                file.write_bytes(generated[volume["secret"]["secretName"]][item["key"]])
                file.chmod(volume["secret"]["defaultMode"])
    places = [word.replace("/", f"{folder}/", 1) if word.startswith("/") else word for word in container["args"]]
    command = [word.replace("/keys", str(mounts["keys"])) for word in container["command"]]
    assert shutil.which(command[0])
    subprocess.run([*command, *places], check=True)
    return mounts["keys"]


def test_the_gateways_keys_open(generated: dict[str, Any], evaluation: Any, tmp_path: Path) -> None:
    keys = laid_out("gateway", evaluation, generated, tmp_path)
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    sealed = Secrets.at(keys).seal(b"answer", context="c")
    assert Secrets.at(keys).open(sealed, context="c") == b"answer"
    assert LocalIssuer("https://a", "b", keys / "signing.pem", 60).issue(new_id(), new_id())
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before, "none was made anew"
    assert "kek" not in before


@pytest.mark.parametrize(("service", "key"), [("identity", "erasure-receipts.key"), ("provenance", "audit.key")])
def test_signing_keys_are_closed_enough(
    service: str, key: str, generated: dict[str, Any], evaluation: Any, tmp_path: Path
) -> None:
    keys = laid_out(service, evaluation, generated, tmp_path)
    assert FileSigningKey(keys / key, token_type="t").sign({"a": 1})


def test_the_master_key_wraps(generated: dict[str, Any], evaluation: Any, tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "people", laid_out("identity", evaluation, generated, tmp_path) / "kek")
    person = new_id()
    ring.create(person)
    other = FileKeyRing(tmp_path / "people", laid_out("safety", evaluation, generated, tmp_path / "s") / "kek")
    assert other.data_key(person) == ring.data_key(person)


def test_no_two_secrets_are_equal(generated: dict[str, dict[str, bytes]]) -> None:
    values = [value for keys in generated.values() for value in keys.values()]
    assert len(values) == len(set(values))
    assert min(len(value) for value in values) >= 13
