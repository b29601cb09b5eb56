"""What an evaluation makes and production is given opens in the services' code, as the init container lays it out."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.tokens import LocalIssuer
from semblance.kernel.clock import SystemClock
from semblance.kernel.ids import new_id
from semblance.objects import FileKeyRing
from semblance.provenance.adapters.authority import Authority
from semblance.provenance.adapters.marks import check_keys
from semblance.provenance.adapters.signers.choosing import keys_of as signers
from semblance.provenance.domain.errors import MarkKeyLost
from semblance.provenance.main import seal_of
from semblance.provenance.settings import ProvenanceSettings
from semblance.service_kit.signing_key import FileSigningKey

RELEASE = "demo"
OWN = "demo-semblance-provenance"


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
    """The folder of keys that the service's pod has in the end."""
    deployment = evaluation.one("Deployment", f"{RELEASE}-semblance-{service}")
    return keys_of(deployment["spec"]["template"]["spec"], generated, folder)


def keys_of(spec: dict[str, Any], generated: dict[str, dict[str, bytes]], folder: Path) -> Path:
    """Mount the Secrets, open to the group as the kubelet does, and run the init container's own command on them."""
    container = spec["initContainers"][0]
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


class Remembered:
    """What provenance's database knows of keys that pictures were marked with."""

    def __init__(self) -> None:
        self.digests: list[str] = []

    def mark_keys(self) -> list[str]:
        return self.digests

    def add_mark_key(self, digest: str, _: dt.datetime) -> None:
        self.digests = sorted({*self.digests, digest})


def pods_of_provenance(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for found in objects:
        if found["kind"] == "Deployment" and "-provenance-" in found["metadata"]["name"]:
            yield found["spec"]["template"]["spec"]


def fetched(objects: list[dict[str, Any]], chain: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """The Secrets as External Secrets makes them: whatever your store has under each name, here mostly 32 bytes."""
    return {
        each["spec"]["target"]["name"]: {
            one["secretKey"]: chain.get(one["secretKey"], os.urandom(32)) for one in each["spec"]["data"]
        }
        for each in objects
        if each["kind"] == "ExternalSecret"
    }


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an authority gives to sign with."""
    folder = tmp_path_factory.mktemp("authority")
    Authority(folder, SystemClock()).prepare()
    return {name: (folder / name).read_bytes() for name in ("root.pem", "leaf.pem", "leaf.key")}


def start(spec: dict[str, Any], secrets: dict[str, dict[str, bytes]], folder: Path, store: Any) -> None:
    """What a pod of provenance does with its keys before it signs or marks anything. Raises MarkKeyLost."""
    keys = keys_of(spec, secrets, folder)
    given = {path.name for path in keys.iterdir()}
    with pytest.MonkeyPatch.context() as patched:
        for entry in spec["containers"][0]["env"]:
            if entry["name"].startswith("PROVENANCE_") and "value" in entry:
                patched.setenv(entry["name"], entry["value"].replace("/keys", str(keys)))
        settings = ProvenanceSettings()
    own = signers(settings, SystemClock())
    own.prepare()
    assert not own.is_development()
    assert json.loads(seal_of(settings).jwks_json())["keys"]
    check_keys(settings, store, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert {path.name for path in keys.iterdir()} - {".lock"} == given, "none was made anew"


def test_in_production_all_pods_mark_with_one_key_that_outlives_them(
    production: Any, chain: dict[str, bytes], tmp_path: Path
) -> None:
    secrets, store = fetched(production.objects, chain), Remembered()
    pods = list(pods_of_provenance(production.objects))
    assert len(pods) == 4
    for number, spec in enumerate([*pods, *pods]):
        start(spec, secrets, tmp_path / str(number), store)
    assert len(store.digests) == 1


def test_a_watermarks_key_can_be_changed_in_the_order_that_the_page_says(
    render: Callable[..., list[dict[str, Any]]], production: Any, chain: dict[str, bytes], tmp_path: Path
) -> None:
    secrets, store = fetched(production.objects, chain), Remembered()
    start(next(pods_of_provenance(production.objects)), secrets, tmp_path / "before", store)
    signing = {**production.values["signing"], "oldWatermarkKeys": ["watermark-2026.key"]}
    objects = render({**production.values, "signing": signing})
    spec, own = next(pods_of_provenance(objects)), secrets[OWN]
    [listed] = [each for each in objects if each["kind"] == "ExternalSecret" and each["metadata"]["name"] == OWN]
    old = {one["secretKey"]: one["remoteRef"] for one in listed["spec"]["data"]}["watermark-2026.key"]
    assert old["decodingStrategy"] == "Base64"
    own["watermark-2026.key"] = own["watermark.key"]
    start(spec, secrets, tmp_path / "named", store)
    own["watermark.key"] = os.urandom(32)
    start(spec, secrets, tmp_path / "changed", store)
    assert len(store.digests) == 2
    with pytest.raises(MarkKeyLost):
        start(next(pods_of_provenance(production.objects)), secrets, tmp_path / "unnamed", store)


def test_where_the_chart_makes_secrets_it_makes_the_watermarks_key_but_nobodys_chain(chart: helm.Chart) -> None:
    for development in (True, False):
        values = {"signing": {"developmentChain": development, "oldWatermarkKeys": ["watermark-1.key"]}}
        manifest = chart.render(values, name=RELEASE, namespace="people")["semblance/templates/secrets.yaml"]
        [own] = [s for s in yaml.safe_load_all(manifest) if s and s["metadata"]["name"] == OWN]
        files = {key for key in own["data"] if "." in key}
        assert files == ({"audit.key"} if development else {"audit.key", "watermark.key"})


def test_no_secret_changes_by_itself_and_the_key_of_all_keys_never(production: Any) -> None:
    """Processes read once: those that started after a change would be strangers to the others, or open nothing."""
    found = {each["metadata"]["name"]: each["spec"] for each in production.of("ExternalSecret")}
    policies = {name: spec["refreshPolicy"] for name, spec in found.items()}
    assert policies.pop("demo-semblance-kek") == "CreatedOnce"
    assert set(policies.values()) == {"OnChange"}
    assert all("refreshInterval" not in spec for spec in found.values())


def test_the_token_that_services_share_has_another_beside_it_while_it_is_changed(
    render: Callable[..., list[dict[str, Any]]], production: Any
) -> None:
    objects = render({**production.values, "secrets": {**production.values["secrets"], "internalTokenOther": True}})
    [listed] = [e for e in objects if e["kind"] == "ExternalSecret" and e["metadata"]["name"].endswith("-platform")]
    assert "internal-token-other" in {one["secretKey"] for one in listed["spec"]["data"]}
    for changing, those in ((False, production.objects), (True, objects)):
        for found in (each for each in those if each["kind"] == "Deployment"):
            [container] = found["spec"]["template"]["spec"]["containers"]
            said = {entry["name"]: entry for entry in container["env"]}
            name = f"{container['name'].upper()}_INTERNAL_TOKEN_OTHER"
            assert (name in said) == changing
            if changing:  # not optional: a pod waits until the Secret has it
                key = {"name": "demo-semblance-platform", "key": "internal-token-other"}
                assert said[name]["valueFrom"]["secretKeyRef"] == key


def test_the_page_says_of_every_secret_that_is_fetched_whether_it_may_change(production: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
    section = page.partition("\n### Secrets in a cluster\n")[2].partition("\n## ")[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    for found in production.of("ExternalSecret"):
        for one in found["spec"]["data"]:
            assert f"`{one['secretKey']}`" in rows, one["secretKey"]
