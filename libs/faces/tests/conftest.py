"""Portraits of people who do not exist, and the two engines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semblance.faces import FaceEngine, OpenCvFaceEngine
from semblance.faces.deepface_engine import DeepFaceEngine
from semblance.synthetic_people import Picture, bundled

MODELS_DIR = Path(os.environ.get("SEMBLANCE_MODELS_DIR", Path(__file__).parents[3] / ".cache" / "models"))
PHOTOS = 6


@pytest.fixture(scope="session")
def models_dir() -> Path:
    return MODELS_DIR


@pytest.fixture(scope="session")
def opencv() -> FaceEngine:
    return OpenCvFaceEngine(MODELS_DIR)


@pytest.fixture(scope="session")
def deepface() -> FaceEngine:
    return DeepFaceEngine(MODELS_DIR)


@pytest.fixture(params=["opencv", "deepface"])
def engine(request: pytest.FixtureRequest) -> FaceEngine:
    found: FaceEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def portraits() -> Mapping[int, list[Picture]]:
    """Six photos each of the four bundled people, 512 px, by the person's seed."""
    return {
        who.seed: [
            Picture(np.asarray(Image.open(photo.path).convert("RGB")), photo.truths[0])
            for photo in bundled.person_photos(who.name, ("portrait",))[:PHOTOS]
        ]
        for who in bundled.people().values()
    }
