"""One platform for all tests that walk it or kill it: real store, broker and seven services, started once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from semblance.local.testing.house import House
from semblance.local.testing.members import LEAN
from semblance.pocket import weights_dir

STEPS = 8


def hasty(folder: Path) -> Path:
    """The embedded backbone with fewer steps a picture: worse pictures, sooner."""
    shutil.copytree(os.environ.get("GENERATION_BACKBONE_DIR", weights_dir()), folder)
    described = json.loads((folder / "semblance.json").read_text())
    described["sampler"]["steps"] = STEPS
    (folder / "semblance.json").write_text(json.dumps(described))
    return folder


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Set up leanly (see LEAN): likeness is proven by the demo, not here. What the environment already says wins."""
    with pytest.MonkeyPatch.context() as environment:
        backbone = str(hasty(tmp_path_factory.mktemp("backbone") / "hasty"))
        environment.setenv("TRAINING_BACKBONE_DIR", backbone)
        environment.setenv("GENERATION_BACKBONE_DIR", backbone)
        for name, value in LEAN.items():
            if name not in os.environ:
                environment.setenv(name, value)
        platform = House(tmp_path_factory.mktemp("platform"))
        try:
            platform.start()
            yield platform
        finally:
            platform.stop()
