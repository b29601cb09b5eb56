"""What others trained lies beside a pipeline: under which licence, and for which faces. No weight is read."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from semblance.diffusion.backbone import BackboneOptions, load_backbone
from semblance.diffusion.beside import IP_ADAPTER_FILE, PREVIEW_VAE, face_size
from semblance.diffusion.cohort.learnable import require_learnable
from semblance.diffusion.errors import BackboneUnusable, LicenceRefused
from semblance.diffusion.speed_lora import SPEED_LORA_FILE

PARTS = {"ip_adapter": IP_ADAPTER_FILE, "speed_lora": SPEED_LORA_FILE, "preview_vae": f"{PREVIEW_VAE}/config.json"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    save_file({"weight": torch.zeros(1)}, str(tmp_path / "other.safetensors"))
    card(tmp_path)
    return tmp_path


def card(directory: Path, **fields: Any) -> None:
    (directory / "semblance.json").write_text(json.dumps({"licence": "MIT", **fields}))


def put_face_adapter(directory: Path, told: int) -> None:
    (directory / IP_ADAPTER_FILE).parent.mkdir()
    tensors = {"image_proj.proj.0.weight": torch.zeros(told * 2, told), "ip_adapter.1.to_k_ip.weight": torch.zeros(2)}
    save_file(tensors, str(directory / IP_ADAPTER_FILE))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_has_a_licence_of_its_own(directory: Path, part: str) -> None:
    require_learnable(directory, {})
    (directory / PARTS[part]).parent.mkdir(exist_ok=True)
    (directory / PARTS[part]).write_bytes(b"not read before the licence is")
    for fields, is_said in (({}, "unknown"), ({"licences": {part: "CC-BY-NC-4.0"}}, "not free for commercial use")):
        card(directory, **fields)
        for refuses in (lambda: require_learnable(directory, {}), lambda: load_backbone(directory)):
            with pytest.raises(LicenceRefused, match=f"{part} beside the backbone.*{is_said}") as refused:
                refuses()
        assert f"licences.{part}" in refused.value.remedy
    with pytest.raises(BackboneUnusable, match="does not load"):
        load_backbone(directory, BackboneOptions(allow_licences=("CC-BY-NC-4.0",)))
    card(directory, licences={part: "MIT"})
    with pytest.raises(BackboneUnusable, match="does not load"):
        load_backbone(directory)


@pytest.mark.parametrize("licences", ["MIT", {"ip_adapter": 1}, ["MIT"]])
def test_licences_are_by_part_and_in_words(directory: Path, licences: Any) -> None:
    card(directory, licences=licences)
    with pytest.raises(BackboneUnusable, match="licences"):
        require_learnable(directory, {})


def test_the_backbones_own_licence_is_known_before_anybody_waits_for_an_adapter(directory: Path) -> None:
    card(directory, licence="sai-nc-community")
    with pytest.raises(LicenceRefused, match="the backbone's licence"):
        require_learnable(directory, {})
    require_learnable(directory, {}, allow_licences=["SAI-NC-Community"])


def test_a_face_adapter_for_other_faces_is_refused_by_its_header(directory: Path) -> None:
    assert face_size(directory) is None
    require_learnable(directory, {}, reference_size=128)
    put_face_adapter(directory, 512)
    card(directory, licences={"ip_adapter": "MIT"})
    assert face_size(directory) == 512
    with pytest.raises(BackboneUnusable, match="512 numbers of a face, and a face is 128") as refused:
        require_learnable(directory, {}, reference_size=128)
    assert "ip_adapter/" in refused.value.remedy
    require_learnable(directory, {}, reference_size=512)
    require_learnable(directory, {})
    (directory / "model_index.json").write_text('{"_class_name": "StableDiffusionXLPipeline"}')  # which takes no face
    require_learnable(directory, {}, reference_size=128)


def test_a_face_adapter_that_is_none_is_said_to_be_none(directory: Path) -> None:
    put_face_adapter(directory, 128)
    save_file({"image_proj.other": torch.zeros(1)}, str(directory / IP_ADAPTER_FILE))
    assert face_size(directory) is None
    (directory / IP_ADAPTER_FILE).write_bytes(b"a pickle")
    with pytest.raises(BackboneUnusable, match="no safetensors"):
        face_size(directory)
