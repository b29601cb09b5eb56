"""A tiny backbone of a file's own, and what somebody learnt with it."""

from pathlib import Path

import pytest

from semblance.diffusion.testing import write_tiny_backbone
from semblance.generation.ports import OpenAdapter
from semblance.generation.testing.engines import trained


@pytest.fixture(scope="module")
def backbone_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_backbone(tmp_path_factory.mktemp("backbone") / "tiny", ip_adapter=True)


@pytest.fixture(scope="module")
def adapter(backbone_dir: Path) -> OpenAdapter:
    return trained(backbone_dir)
