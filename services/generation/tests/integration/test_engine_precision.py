"""The engine in 16 bits, and on a device that is not there."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from semblance.diffusion import BackboneUnusable
from semblance.diffusion.slots.flat import flatten
from semblance.diffusion.testing import write_tiny_backbone
from semblance.faces import Embedding, Face, RgbU8
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.testing.engines import small, trained

pytestmark = pytest.mark.integration


class NoFaces:
    def detect(self, image: RgbU8) -> list[Face]:
        return []

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        raise AssertionError("there is none")


def test_sixteen_bits_draw_nearly_the_same_and_wear_what_was_packed_for_thirty_two(tmp_path: Path) -> None:
    settings = small(write_tiny_backbone(tmp_path / "tiny", ip_adapter=True), best_of=1)
    adapter = trained(settings.backbone_dir)
    drawn: dict[str, RgbU8] = {}
    for precision in ("float32", "bfloat16"):
        engine = EngineRenderer(replace(settings, precision=precision), NoFaces())
        try:
            running = engine._ready()
            assert {part.dtype for part in running.backbone.denoiser.parameters()} == {getattr(torch, precision)}
            if precision == "float32":
                adapter = replace(adapter, flat=flatten(adapter.lora, running.engine.layout).to_bytes())
            made = engine.draw(Words("smiling", ""), Order(5, 3, None, None), adapter, lambda *_: None)
            drawn[precision] = cv2.imdecode(np.frombuffer(made.png, np.uint8), cv2.IMREAD_COLOR)
        finally:
            engine.close()
    apart = np.abs(drawn["float32"].astype(int) - drawn["bfloat16"].astype(int))
    assert apart.max() > 0
    assert apart.mean() < 5  # of 255


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_said_where_readiness_is_asked(tmp_path: Path) -> None:
    engine = EngineRenderer(
        replace(small(write_tiny_backbone(tmp_path / "t", ip_adapter=True)), device="cuda"), NoFaces()
    )
    engine.healthy()
    with pytest.raises(BackboneUnusable, match="no device cuda"):
        engine.start()
    with pytest.raises(EngineAway, match="did not load"):
        engine.healthy()
