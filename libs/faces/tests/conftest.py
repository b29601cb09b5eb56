"""Portraits of people who do not exist, drawn once a session, and the two engines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from semblance.faces import FaceEngine, OpenCvFaceEngine
from semblance.faces.deepface_engine import DeepFaceEngine
from semblance.synthetic_people import HELD_OUT_FROM, Picture, person, render, scene

MODELS_DIR = Path(os.environ.get("SEMBLANCE_MODELS_DIR", Path(__file__).parents[3] / ".cache" / "models"))
PEOPLE, SCENES = 6, 4


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
    """Four photos each of six people, 256 px, by the person's seed."""
    people = [person(HELD_OUT_FROM + 500 + i) for i in range(PEOPLE)]
    return {
        who.seed: [render(who, scene(who, seed, style="photo"), 256) for seed in range(1, SCENES + 1)] for who in people
    }
