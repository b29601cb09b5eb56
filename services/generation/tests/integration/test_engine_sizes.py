"""A backbone that draws several sizes: the embedded one has one, so a tiny random SDXL."""

from dataclasses import replace
from pathlib import Path

import pytest

from semblance.diffusion import BackboneUnusable
from semblance.diffusion.testing_families import write_tiny_sdxl
from semblance.faces import Embedding, Face, RgbU8
from semblance.generation.domain.edit import Beginning, Changes, Kept
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.sizes import Size
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.testing.engines import small, trained

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' own schedulers
]
WORDS, ORDER = Words("smiling", ""), Order(5, 2, None, None)


class NoFaces:
    def detect(self, image: RgbU8) -> list[Face]:
        return []

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        raise AssertionError("there is none")


def test_each_size_that_the_card_offers_is_drawn_and_an_edit_keeps_its_sources(tmp_path: Path) -> None:
    backbone_dir = write_tiny_sdxl(tmp_path / "xl", sizes=[[48, 32]])
    engine = EngineRenderer(replace(small(backbone_dir, best_of=1), upscale_to_px=32), NoFaces())
    try:
        adapter = trained(backbone_dir)
        wide = replace(ORDER, size=Size(48, 32))
        own, first, again = (engine.draw(WORDS, order, adapter, lambda *_: None) for order in (ORDER, wide, wide))
        assert [(each.width_px, each.height_px) for each in (own, first)] == [(32, 32), (48, 32)]
        assert first == again
        begin = Beginning(first.png, Changes(0.5, Kept.NOTHING))
        edit = engine.draw(WORDS, wide, adapter, lambda *_: None, begin)
        assert (edit.width_px, edit.height_px, edit.png != first.png) == (48, 32, True)
    finally:
        engine.close()


def test_a_card_that_offers_what_is_not_drawn_is_refused_at_the_start(tmp_path: Path) -> None:
    engine = EngineRenderer(small(write_tiny_sdxl(tmp_path / "xl", sizes=[[33, 32]])), NoFaces())
    with pytest.raises(BackboneUnusable, match="offers 33x32, but this backbone draws edges that are multiples"):
        engine.start()
    engine.close()
