"""The production example is one that works when its names are filled in: who may erase themselves, what draws."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
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


def test_the_page_holds_what_scales_by_itself_before_it_stops_anything_for_a_restore(production: Any) -> None:
    """KEDA keeps each of them at its minimum, at least one: `kubectl scale --replicas=0` alone would be undone."""
    scaled = production.of("ScaledObject")
    assert min(each["spec"]["minReplicaCount"] for each in scaled) >= 1
    page = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
    steps = page.partition("\n### In a cluster\n")[2].partition("\n## ")[0]
    chosen = "-l app.kubernetes.io/instance=semblance"
    called = re.escape(f"kubectl -n semblance annotate scaledobject {chosen} autoscaling.keda.sh/paused")
    [held] = re.finditer(rf"{called}=true --overwrite", steps)
    [let_go] = re.finditer(rf"{called}-", steps)
    scales = [found.start() for found in re.finditer(r"kubectl -n semblance scale ", steps)]
    assert scales
    assert held.start() < min(scales)
    assert let_go.start() > max(scales)
    for found in (*scaled, *production.of("Deployment")):
        assert found["metadata"]["labels"]["app.kubernetes.io/instance"] == "demo"
