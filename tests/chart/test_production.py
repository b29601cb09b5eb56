"""The production example is one that works when its names are filled in: who may erase themselves, what draws."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from semblance.gateway.settings import GatewaySettings
from semblance.provenance.settings import ProvenanceSettings


def containers(production: Any, service: str) -> list[dict[str, Any]]:
    """Of every process of the service, and of the cluster's pods made of its image."""
    pods = [each["spec"]["template"]["spec"] for each in production.of("Deployment")]
    pods += [each["spec"] for each in production.ray_pods]
    found = [container for pod in pods for container in pod["containers"]]
    mine = [each for each in found if each["image"].rpartition("/")[2].startswith(f"{service}:")]
    assert len(mine) >= len(("api", "consume", "work", "relay"))
    return mine


def told(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}


def test_people_can_erase_themselves(production: Any) -> None:
    """Without accounts of our own only a provider's tokens are left, and of those only its own clients' may erase."""
    for container in containers(production, "gateway"):
        said = told(container)
        given = {name: json.loads(said[f"GATEWAY_{name.upper()}"]) for name in ("accounts_open", "oidc_issuers")}
        settings = GatewaySettings.model_validate({**given, "internal_token": "of-the-platform"})
        assert not settings.accounts_open
        assert all(issuer.own_clients for issuer in settings.oidc_issuers)
        assert settings.oidc_issuers


def test_pictures_are_drawn_and_learnt_by_one_backbone_that_is_there_and_has_a_name(production: Any) -> None:
    named = set()
    for service in ("generation", "training"):
        for container in containers(production, service):
            places = [mount["mountPath"] for mount in container["volumeMounts"] if mount.get("readOnly")]
            folder = told(container).get(f"{service.upper()}_BACKBONE_DIR")
            if folder is None:  # the trainers are told by whoever asks them, and must have it there
                assert service == "training"
                assert "/backbone" in places
                continue
            assert any(PurePosixPath(folder).is_relative_to(place) for place in places)
            named.add(folder)
    assert len(named) == 1
    for container in containers(production, "provenance"):
        known = json.loads(told(container)["PROVENANCE_BACKBONES"])
        settings = ProvenanceSettings.model_validate({"backbones": known, "internal_token": "of-the-platform"})
        assert all(each.name and each.version and each.licence for each in settings.backbones.values())
        assert settings.backbones


def test_where_a_backbone_is_named_both_engines_have_a_gpu(production: Any) -> None:
    """A real pipeline on CPUs takes minutes for a picture."""
    drawing = [pod for pod in production.ray_pods if pod["spec"]["containers"][0]["name"] == "ray-worker"]
    assert len(drawing) == 2
    for pod in drawing:
        assert pod["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
        assert pod["spec"]["nodeSelector"]
    assert told(containers(production, "training")[0])["TRAINING_DEVICE"] == "cuda"
