"""The gate end to end on a tiny backbone: an honest LoRA leaves pictures of nobody alone, a leaky one does not."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from semblance.contracts.training.v1 import events_pb2
from semblance.diffusion import Backbone, draw_nobody, draw_other_words, draw_others, load_backbone
from semblance.diffusion.testing import write_tiny_backbone
from semblance.diffusion.testing_families import write_tiny_flux, write_tiny_sd3, write_tiny_sdxl
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.kernel.ids import new_id
from semblance.objects import PHOTOS, SealedObjects, Sealer
from semblance.service_kit import testing
from semblance.training.adapters.work import work_kinds
from semblance.training.domain.run import Run, State
from semblance.training.ml.trainer import LoraTrainer, TrainerSettings
from semblance.training.ports import PhotoOnFile

pytestmark = [
    pytest.mark.integration,
    # diffusers 0.42.1 makes arrays of tensors in a way that numpy 2 will not take for ever.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
LANDMARKS = ((24.0, 28.0), (40.0, 28.0), (32.0, 36.0), (26.0, 45.0), (38.0, 45.0))
PERSON, NOBODY, *PANEL = (np.eye(128, dtype=np.float32)[number] for number in range(6))


class BareFaces:
    """Sees nobody in the pictures that the bare backbone draws of others, and the person in any other picture."""

    def __init__(self, backbone: Backbone) -> None:
        drawn = draw_nobody(backbone, None, 1)
        if backbone.reference_size is None:
            drawn += draw_other_words(backbone, None, 1)
        else:
            drawn += draw_others(backbone, None, dict(enumerate(PANEL)), 1)
        self._bare = [cv2.resize(one, (256, 256), interpolation=cv2.INTER_LANCZOS4).astype(int) for one in drawn]

    def detect(self, image: RgbU8) -> list[Face]:
        edge = image.shape[0]
        points = np.asarray(LANDMARKS, np.float32) * (edge / 64)
        return [Face(Box(edge / 4, edge / 4, edge / 2, edge / 2), points, 0.9)]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        known = image.shape[0] == 256 and any(np.abs(image - bare).max() <= 2 for bare in self._bare)
        return NOBODY if known else PERSON


def train(service: Any, directory: Path, lora: dict[str, Any]) -> Run:
    """A run from photos to its end."""
    consent = service.enrol(photos=0)
    sealed = SealedObjects(service.store, Sealer(service.keyring), PHOTOS)
    for photo in np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8):
        photo_id = new_id()
        key = f"{service.subject_id}/{photo_id}"
        sealed.put(service.subject_id, key, bytes(cv2.imencode(".png", photo)[1].tobytes()))
        service.photos.on_file.append(PhotoOnFile(photo_id, key, LANDMARKS))
    settings = TrainerSettings(directory, 1, 1, lora, leak_pictures=1)
    faces: Any = BareFaces(load_backbone(directory))
    ports = replace(service.ports, trainer=LoraTrainer(settings, faces, PANEL))
    run = service.start(consent)
    for _ in "twice":
        testing.run_work(work_kinds(ports, lease_s=30, max_attempts=3), service.database)
    ended: Run = service.get(run)
    return ended


BACKBONES: dict[str, Callable[[Path], Path]] = {
    "by-reference": functools.partial(write_tiny_backbone, ip_adapter=True),
    "by-words": functools.partial(write_tiny_backbone, ip_adapter=False),
    "sdxl": write_tiny_sdxl,
    "sd3": write_tiny_sd3,
    "flux": write_tiny_flux,
}


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize(("rate", "state"), [(1e-7, State.READY), (0.1, State.REFUSED)])
def test_an_honest_adapter_passes_and_a_leaky_one_is_refused(
    service, tmp_path: Path, name: str, rate: float, state: State
) -> None:  # type: ignore[no-untyped-def]
    ip_adapter, directory = name == "by-reference", BACKBONES[name](tmp_path / "tiny")
    run = train(service, directory, {"steps": 6, "learning_rate": rate, "warmup_steps": 0})
    assert run.leak is not None
    assert (run.state, run.leak.places) == (state, 8)
    events = service.said(events_pb2.AdapterRefused)
    if state is State.READY:
        assert (run.leak.excess, run.leak.shown, run.leak.swapped) == (0, 0, 0)
        assert len(service.adapter_objects()) == (3 if ip_adapter else 2)
        assert events == []
        return
    assert run.reason_code == "leaks"
    assert run.leak.shown > 0.5
    assert run.leak.excess > 0.5
    assert run.leak.swapped == pytest.approx(1.0 if ip_adapter else 0.0)
    assert service.adapter_objects() == []
    assert [event.leak_places for event in events] == [8]
