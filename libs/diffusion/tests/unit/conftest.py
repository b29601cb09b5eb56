import os
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from semblance.diffusion import Backbone, TrainingPicture, load_backbone
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
    if backbone.reference_size is None:
        return None
    vector = np.random.default_rng(7).normal(size=REFERENCE_SIZE).astype(np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def pictures(backbone: Backbone) -> list[TrainingPicture]:
    pixels = np.random.default_rng(3).integers(0, 256, (3, RESOLUTION_PX, RESOLUTION_PX, 3), dtype=np.uint8)
    return [TrainingPicture(image, backbone.config.caption) for image in pixels]
