"""What the chart believes of the code is what the code is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from semblance.local.rights import SERVICES

ROOT = Path(__file__).parents[2]
FILES = ROOT / "charts" / "semblance" / "files"


def source(service: str) -> str:
    return "\n".join(path.read_text() for path in (ROOT / "services" / service / "semblance" / service).rglob("*.py"))


# A limit for each address, and a cluster that is the operator's own: the chart has no Ray yet.
NO_SERVICE = {"uploads_per", "ray"}


@pytest.mark.parametrize("name", ["topics.json", "rights.json", "groups.json"])
def test_topics_rights_and_groups_are_the_codes(name: str, facts: dict[str, object], rewriting: bool) -> None:
    if rewriting:
        (FILES / name).write_text(json.dumps(facts[name], indent=1) + "\n")
    assert json.loads((FILES / name).read_text()) == facts[name], "make chart"


def test_all_services_are_described(services: dict[str, Any]) -> None:
    assert set(services) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_the_doors_are_those_that_the_code_knocks_at(service: str, services: dict[str, Any]) -> None:
    called = set(re.findall(r"settings\.(\w+)_address", source(service))) - NO_SERVICE
    assert set(services[service]["calls"]) == called


def test_no_chart_asks_for_the_cluster_that_it_opens_no_door_to() -> None:
    texts = [path.read_text() for path in (ROOT / "charts").rglob("*.yaml")]
    assert texts
    assert not any(re.search(r"GENERATION_(ENGINE|RAY_ADDRESS)", text) for text in texts)


@pytest.mark.parametrize("service", SERVICES)
def test_only_those_who_make_or_destroy_keys_may_write_the_key_ring(service: str, services: dict[str, Any]) -> None:
    text = source(service).split("/bench/")[0]
    holds = "FileKeyRing" in text
    # `keys` and `keyring` are what services call the ring.
    writes = holds and bool(re.search(r"key(s|ring)\.(create|destroy)\(", text.replace("_keyring", "keyring")))
    benches = {"safety"}  # its benchmark makes keys of its own, in a folder of its own
    expected = "none" if not holds else "write" if writes and service not in benches else "read"
    assert services[service]["keyring"] == expected


@pytest.mark.parametrize("service", SERVICES)
def test_work_and_operators_are_where_the_code_has_them(service: str, services: dict[str, Any]) -> None:
    main = (ROOT / "services" / service / "semblance" / service / "main.py").read_text()
    assert ("work" in services[service]["processes"]) == bool(re.search(r"^\s+work=", main, re.MULTILINE))
    assert services[service]["operators"] == ("OperatorServiceServicer_to_server" in main)
