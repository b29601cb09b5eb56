import os
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semblance.diffusion import Backbone, TrainingPicture, load_backbone, lora_settings, train_lora
from semblance.diffusion.testing import REFERENCE_SIZE, RESOLUTION_PX, write_tiny_backbone

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def plain_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_backbone(tmp_path_factory.mktemp("plain") / "tiny", ip_adapter=False)


@pytest.fixture(scope="session")
def face_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_backbone(tmp_path_factory.mktemp("face") / "tiny", ip_adapter=True)


@pytest.fixture(scope="session", params=["plain", "with-reference"])
def own_dir(request: pytest.FixtureRequest, plain_dir: Path, face_dir: Path) -> Path:
    return plain_dir if request.param == "plain" else face_dir


@pytest.fixture(scope="session")
def backbone(own_dir: Path) -> Backbone:
    return load_backbone(own_dir)


@pytest.fixture
def reference(backbone: Backbone) -> NDArray[np.float32] | None:
    return reference_for(backbone)


@pytest.fixture
def pictures(backbone: Backbone) -> list[TrainingPicture]:
    return pictures_for(backbone)


@pytest.fixture(scope="session")
def lora(backbone: Backbone) -> bytes:
    """Learnt once for everybody: bytes stay as they are."""
    return strongly_learnt(backbone, pictures_for(backbone), seed=0)


@pytest.fixture(scope="session")
def other_lora(backbone: Backbone) -> bytes:
    return strongly_learnt(backbone, pictures_for(backbone)[::-1], seed=1)


def strongly_learnt(backbone: Backbone, pictures: list[TrainingPicture], seed: int) -> bytes:
    """At a rate that shows after the backbone's few steps."""
    strong = lora_settings(backbone.config.lora, learning_rate=0.05, seed=seed)
    return train_lora(
        backbone,
        pictures,
        strong,
        reference=reference_for(backbone),
        progress=lambda *_: None,
        cancelled=lambda: False,
    )


def reference_for(backbone: Backbone) -> NDArray[np.float32] | None:
    if backbone.reference_size is None:
        return None
    vector = np.random.default_rng(7).normal(size=REFERENCE_SIZE).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def pictures_for(backbone: Backbone) -> list[TrainingPicture]:
    pixels = np.random.default_rng(3).integers(0, 256, (3, RESOLUTION_PX, RESOLUTION_PX, 3), dtype=np.uint8)
    return [TrainingPicture(image, backbone.config.caption) for image in pixels]
