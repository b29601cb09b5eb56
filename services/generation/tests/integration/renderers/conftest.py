"""One engine in this process, and those in a Ray cluster that is started once for the file that tries both."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from semblance.faces import OpenCvFaceEngine
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ports import OpenAdapter
from semblance.generation.testing import engines
from semblance.generation.testing.tried import MODELS, TWO_ENGINES, Tried
from semblance.synthetic_people import bundled


@pytest.fixture(scope="module")
def seed_adapter(backbone_dir: Path) -> OpenAdapter:
    return engines.trained(backbone_dir)


@pytest.fixture
def adapter(seed_adapter: OpenAdapter) -> OpenAdapter:
    """A person nobody has heard of yet: what is withdrawn in one test is not in the next."""
    return engines.somebody_else(seed_adapter, 1)


@pytest.fixture
def other(seed_adapter: OpenAdapter) -> OpenAdapter:
    return engines.somebody_else(seed_adapter, 2)


@pytest.fixture(scope="module")
def in_process(backbone_dir: Path) -> Iterator[Tried]:
    def make() -> EngineRenderer:
        return EngineRenderer(engines.small(backbone_dir), OpenCvFaceEngine(MODELS))

    renderer = make()
    yield Tried(renderer, make)
    renderer.close()


@pytest.fixture(scope="module")
def in_cluster(backbone_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    settings = TWO_ENGINES | {
        "GENERATION_BACKBONE_DIR": str(backbone_dir),
        "GENERATION_MODELS_DIR": str(MODELS.resolve()),
    }
    with (
        engines.cluster(tmp_path_factory.mktemp("cluster"), settings) as cluster,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in cluster.environment.items():
            patch.setenv(name, value)
        with warnings.catch_warnings():
            # Ray's own modules, not ours: they are imported once, here.
            warnings.simplefilter("ignore")
            from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer

            numbers = ClusterSettings(cluster.address, silence_s=20, tell_s=10)
            renderer = RayRenderer(numbers)
            renderer.start()
        yield Tried(renderer, lambda: RayRenderer(numbers), cluster.pid)
        renderer.close()


@pytest.fixture(params=["in_process", "in_cluster"])
def tried(request: pytest.FixtureRequest) -> Tried:
    found: Tried = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def portrait() -> bytes:
    """A bundled person's photo as a PNG."""
    photo = cv2.imdecode(np.frombuffer(bundled.person_photos("ana", ("portrait",))[0].read(), np.uint8), 1)
    return cv2.imencode(".png", cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA))[1].tobytes()
