"""The backbone that ships is named by what its files are, and an operator may name others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from semblance.provenance.adapters.signers.choosing import generator_of
from semblance.provenance.domain.models_used import Backbone
from semblance.provenance.settings import ProvenanceSettings

WEIGHTS = Path(__file__).parents[5] / "libs" / "pocket" / "semblance" / "pocket" / "weights"


def test_the_embedded_backbone_is_named_by_its_own_files() -> None:
    generator = generator_of(ProvenanceSettings())
    (folder,) = [path.parent for path in WEIGHTS.glob("*/semblance.json")]
    total = hashlib.sha256()  # as semblance.diffusion.weights_digest has it
    for file in sorted(folder.rglob("*.safetensors"), key=lambda each: each.relative_to(folder).as_posix()):
        total.update(file.read_bytes())
    facts = json.loads((folder / "semblance.json").read_text())
    named = generator.backbone(total.hexdigest())
    assert named == Backbone(facts["name"], facts["version"], facts["licence"])


def test_an_operator_names_another(monkeypatch) -> None:
    monkeypatch.setenv("PROVENANCE_BACKBONES", json.dumps({"d" * 64: {"name": "big", "licence": "OpenRAIL++"}}))
    generator = generator_of(ProvenanceSettings())
    assert generator.backbone("d" * 64) == Backbone("big", "", "OpenRAIL++")
    assert generator.backbone("e" * 64) == Backbone()
