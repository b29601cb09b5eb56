import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from semblance.diffusion import BackboneUnusable, RenderRequest, load_backbone, render, weights_digest
from semblance.diffusion.backbone import BackboneOptions
from semblance.diffusion.beside import IP_ADAPTER_FILE
from semblance.diffusion.config import drawn_sizes, own_steps

OURS = BackboneOptions(allow_licences=("unstated",))


def copy(directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(directory, tmp_path / "copy"))


def test_the_digest_is_of_the_weight_files_in_name_order(face_dir: Path) -> None:
    names = [
        IP_ADAPTER_FILE,
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]
    expected = hashlib.sha256(b"".join((face_dir / name).read_bytes() for name in names)).hexdigest()
    assert weights_digest(face_dir) == expected
    assert load_backbone(face_dir).digest == expected


def test_half_precision_files_are_computed_in_single_precision(plain_dir: Path, tmp_path: Path) -> None:
    directory = copy(plain_dir, tmp_path)
    for file in directory.rglob("*.safetensors"):
        halves = {name: tensor.half() for name, tensor in load_file(str(file)).items()}
        save_file(halves, str(file), metadata={"format": "pt"})
    pipeline = load_backbone(directory).pipeline
    assert {p.dtype for m in (pipeline.unet, pipeline.vae, pipeline.text_encoder) for p in m.parameters()} == {
        torch.float32
    }


def test_a_backbone_with_a_face_adapter_takes_a_reference(plain_dir: Path, face_dir: Path) -> None:
    assert load_backbone(plain_dir).reference_size is None
    assert load_backbone(face_dir).reference_size == 128


def test_a_pipeline_without_a_card_gets_defaults(plain_dir: Path, tmp_path: Path) -> None:
    directory = copy(plain_dir, tmp_path)
    (directory / "semblance.json").unlink()
    backbone = load_backbone(directory, OURS)
    assert own_steps(directory) == backbone.config.sampler.steps
    assert own_steps(tmp_path / "away") is None
    assert drawn_sizes(directory) == drawn_sizes(tmp_path / "away") == ()
    assert backbone.config.resolution_px == 32
    assert backbone.config.trigger == "sks person"
    left_eye, right_eye = backbone.config.framing[:2]
    assert 0.4 < left_eye[1] / 32 < 0.5
    assert left_eye[0] < 16 < right_eye[0]
    assert render(backbone, RenderRequest("a photo", 1, steps=1), None)[0].shape == (32, 32, 3)


def test_a_framing_is_scaled_to_the_resolution(plain_dir: Path, tmp_path: Path) -> None:
    directory = copy(plain_dir, tmp_path)
    points = [[24, 28], [40, 28], [32, 36], [26, 44], [38, 44]]
    (directory / "semblance.json").write_text(json.dumps({"framing": {"template_px": points, "size_px": 64}}))
    assert load_backbone(directory, OURS).config.framing[0] == (12.0, 14.0)


@pytest.mark.parametrize(
    "card",
    [
        "{",
        json.dumps({"sampler": {"steps": 0}}),
        json.dumps({"lora": {"rank": "many"}}),
        json.dumps({"framing": [[1, 1]]}),
        json.dumps({"framing": {"size_px": 64}}),
        json.dumps({"trigger": " "}),
        json.dumps({"licence": 3}),
        "[]",
        "[" * 200_000,
    ],
)
def test_a_wrong_card_is_refused(plain_dir: Path, tmp_path: Path, card: str) -> None:
    directory = copy(plain_dir, tmp_path)
    (directory / "semblance.json").write_text(card)
    with pytest.raises(BackboneUnusable, match=r"semblance\.json"):
        load_backbone(directory, OURS)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnusable, match="no safetensors"):
        load_backbone(tmp_path)


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(1)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(BackboneUnusable, match="names a pipeline"):
        load_backbone(tmp_path)


def test_a_face_adapter_of_another_unet_is_refused(face_dir: Path, tmp_path: Path) -> None:
    directory = copy(face_dir, tmp_path)
    state = load_file(str(directory / IP_ADAPTER_FILE))
    del state["ip_adapter.1.to_k_ip.weight"]
    save_file(state, str(directory / IP_ADAPTER_FILE))
    with pytest.raises(BackboneUnusable, match="does not fit"):
        load_backbone(directory)
