"""A backbone that nobody may or can learn on is known before somebody waits for an adapter."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from semblance.diffusion import BackboneUnusable
from semblance.diffusion.errors import LicenceRefused
from semblance.diffusion.testing import write_tiny_backbone
from semblance.kernel.errors import Unavailable
from semblance.training.main import checks_of, trainer_of
from semblance.training.ml.trainer import LoraTrainer
from semblance.training.settings import TrainingSettings

pytestmark = pytest.mark.integration
MODELS = Path(os.environ.get("SEMBLANCE_MODELS_DIR", ".cache/models")).resolve()
DENOISER = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_backbone(tmp_path_factory.mktemp("start") / "tiny", ip_adapter=True)


@pytest.fixture
def directory(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "tiny"))


def test_a_licence_that_training_was_not_told_to_allow_ends_its_start(directory: Path) -> None:
    own = json.loads((directory / "semblance.json").read_text())
    (directory / "semblance.json").write_text(json.dumps({**own, "licence": "sai-nc-community"}))
    with pytest.raises(LicenceRefused) as refused:
        trainer_of(TrainingSettings(models_dir=MODELS, backbone_dir=directory))
    assert "TRAINING_ALLOW_LICENCES" in refused.value.remedy
    trainer_of(
        TrainingSettings(models_dir=MODELS, backbone_dir=directory, allow_licences=("sai-nc-community",))
    ).close()


def test_a_face_adapter_for_other_faces_than_ours_ends_the_start(directory: Path) -> None:
    theirs = {"image_proj.proj.0.weight": torch.zeros(8, 512)}
    save_file(theirs, str(directory / "ip_adapter" / "ip-adapter-faceid.safetensors"))
    with pytest.raises(BackboneUnusable, match="512 numbers of a face"):
        trainer_of(TrainingSettings(models_dir=MODELS, backbone_dir=directory))


def test_readiness_names_a_backbone_that_did_not_load_until_it_does(directory: Path) -> None:
    whole = (directory / DENOISER).read_bytes()
    (directory / DENOISER).write_bytes(b"cut short")
    settings = TrainingSettings(models_dir=MODELS, backbone_dir=directory)
    trainer = trainer_of(settings)
    assert isinstance(trainer, LoraTrainer)
    [check] = [each for each in checks_of(settings, trainer) if each.name == "trainer"]
    check.fn()  # nobody has asked for it yet
    with pytest.raises(BackboneUnusable):
        trainer.backbone()
    with pytest.raises(Unavailable, match="did not load"):
        check.fn()
    (directory / DENOISER).write_bytes(whole)
    trainer.backbone()
    check.fn()
