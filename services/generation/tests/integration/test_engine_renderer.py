import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from semblance.diffusion import RenderRequest, load_backbone
from semblance.diffusion.engine.editing import face_mask
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.errors import EngineBroken
from semblance.diffusion.engine.request import EngineRequest, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.faces import Box, Embedding, Face, RgbU8
from semblance.generation.domain.edit import Beginning, Changes, Kept
from semblance.generation.domain.errors import AdapterRevoked, EngineAway, NoFaceInSource
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ml.engine_renderer import EngineRenderer, engine_settings
from semblance.generation.ml.judging import png as encoded
from semblance.generation.ml.judging import upscale
from semblance.generation.ml.options import EngineSettingsRefused, held_by_lanes, renderer_settings
from semblance.generation.ml.places import Placed, worn_by
from semblance.generation.ml.sources import Sources
from semblance.generation.ml.wardrobe import Dressed
from semblance.generation.ports import Drawing, OpenAdapter
from semblance.generation.settings import GenerationSettings
from semblance.generation.testing.engines import small
from semblance.kernel.clock import FakeClock
from semblance.kernel.ids import AdapterId, ConsentId
from semblance.service_kit import heap

pytestmark = pytest.mark.integration
WORDS, ORDER = Words("smiling", ""), Order(5, 2, None, None)


Make = Callable[..., EngineRenderer]


class Faces:
    """Finds the same faces everywhere."""

    def __init__(self, faces: list[Face]) -> None:
        self._faces = faces

    def detect(self, image: RgbU8) -> list[Face]:
        return self._faces

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        return np.ones(128, np.float32) / np.sqrt(np.float32(128))


class Scripted:
    """Gives the n-th picture that it looks at the n-th number of faces and the n-th likeness."""

    def __init__(self, faces: list[int], likeness: list[float]) -> None:
        self._faces = faces
        self._likeness = likeness
        self.looked_at: list[RgbU8] = []

    def detect(self, image: RgbU8) -> list[Face]:
        self.looked_at.append(image)
        points = np.zeros((5, 2), np.float32)
        return [Face(Box(0, 0, 1, 1), points, 0.9)] * self._faces[len(self.looked_at) - 1]

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        vector = np.zeros(128, np.float32)
        vector[0] = self._likeness[len(self.looked_at) - 1]
        return vector


@pytest.fixture
def renderer(backbone_dir: Path) -> Iterator[Make]:
    made: list[EngineRenderer] = []

    def make(faces: Scripted, batches: int = 2) -> EngineRenderer:
        made.append(EngineRenderer(small(backbone_dir, batches=batches), faces))
        return made[-1]

    yield make
    for each in made:
        each.close()


def pixels(png: bytes) -> RgbU8:
    return np.asarray(cv2.cvtColor(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def test_the_picture_most_like_the_person_is_kept(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([1, 1], [0.2, 0.6])
    steps: list[tuple[int, int]] = []
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick) if tick[0] else None)
    assert len(faces.looked_at) == 2
    assert np.array_equal(pixels(drawing.png), faces.looked_at[1])
    assert (drawing.width_px, drawing.height_px) == (64, 64)
    assert drawing.likeness == pytest.approx(0.6)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_face_alone_comes_before_likeness(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([2, 1], [0.9, 0.5])
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == pytest.approx(0.5)


def test_another_batch_is_drawn_while_none_is_like_the_person(renderer: Make, adapter: OpenAdapter) -> None:
    faces = Scripted([0, 0, 1, 0], [0, 0, 0.3, 0])
    steps: list[tuple[int, int]] = []
    drawing = renderer(faces).draw(WORDS, ORDER, adapter, lambda *tick: steps.append(tick) if tick[0] else None)
    assert len(faces.looked_at) == 4  # two batches of two, and no third
    assert drawing.likeness == pytest.approx(0.3)
    assert not any(np.array_equal(faces.looked_at[0], later) for later in faces.looked_at[1:])
    assert steps == [(done, 4 if done <= 4 else 8) for done in range(1, 9)]


def test_a_picture_without_a_face_is_still_handed_to_the_filter(renderer: Make, adapter: OpenAdapter) -> None:
    drawing = renderer(Scripted([0] * 4, [0] * 4)).draw(WORDS, ORDER, adapter, lambda *_: None)
    assert drawing.likeness == -1


def test_a_withdrawal_leaves_no_slot_filled_by_a_row_that_was_handed_in_behind_it(
    renderer: Make, adapter: OpenAdapter
) -> None:
    engine = renderer(Scripted([1, 1], [0.5, 0.5]), 1)
    dressed = engine.dress(adapter)
    steps = engine._running.engine
    late = EngineRequest(
        RenderRequest("late", 1, steps=1), (Worn(adapter.whose.subject_id, dressed.packed, dressed.reference),)
    )

    def behind() -> None:
        steps.submit(late).result(60)
        assert steps._slots.holds(adapter.whose.digest)

    withdrawal = Withdrawal(adapter_id=adapter.whose.adapter_id)
    engine.revoke(withdrawal)
    behind()
    with pytest.raises(AdapterRevoked):
        engine.draw_dressed(WORDS, ORDER, [Placed(dressed, None)], lambda *_: None)
    assert not steps._slots.holds(adapter.whose.digest)
    behind()
    engine.revoke(withdrawal, confirmed=True)  # as the queued work repeats it
    assert not steps._slots.holds(adapter.whose.digest)


def test_an_adapter_that_nobody_draws_with_is_gone_without_anybody_drawing(
    backbone_dir: Path, adapter: OpenAdapter
) -> None:
    clock = FakeClock()
    engine = EngineRenderer(replace(small(backbone_dir), idle_s=0.2), Scripted([1, 1], [0.5, 0.5]), clock)
    engine.draw(WORDS, ORDER, adapter, lambda *_: None)
    running, slots = engine._running, engine._running.engine._slots
    assert (len(running.wardrobe), slots.holds(adapter.whose.digest)) == (1, True)
    clock.advance(1)
    until_s = time.monotonic() + 60
    while (len(running.wardrobe) or slots.holds(adapter.whose.digest)) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert (len(running.wardrobe), bool(slots._table.any())) == (0, False)
    engine.close()


def test_a_withdrawal_does_not_wait_for_a_backbone_that_loads(renderer: Make, adapter: OpenAdapter) -> None:
    engine = renderer(Scripted([1, 1], [0.5, 0.5]))
    with engine._loading, ThreadPoolExecutor(1) as threads:  # as whoever loads holds it
        threads.submit(engine.revoke, Withdrawal(subject_id=adapter.whose.subject_id)).result(10)
    with pytest.raises(AdapterRevoked):
        engine.draw(WORDS, ORDER, adapter, lambda *_: None)


def test_an_engine_that_met_a_defect_is_replaced_at_the_next_drawing(renderer: Make, adapter: OpenAdapter) -> None:
    engine = renderer(Scripted([1, 1], [0.5, 0.5]))
    engine.start()

    meets_a_defect(engine, adapter)
    with pytest.raises(EngineAway):
        engine.healthy()
    assert engine.draw(WORDS, ORDER, adapter, lambda *_: None).png
    engine.healthy()


@pytest.mark.parametrize("failure", [torch.OutOfMemoryError("CUDA out of memory"), ValueError("a defect")])
def test_a_backbone_that_does_not_load_makes_the_engine_unready_until_one_does(
    renderer: Make, adapter: OpenAdapter, failure: Exception
) -> None:
    engine = renderer(Faces([]), batches=1)
    with pytest.MonkeyPatch.context() as patch:
        # Where a pipeline goes to its device, which may be full.
        patch.setattr("diffusers.StableDiffusionPipeline.to", Mock(side_effect=failure))
        for load in (engine.start, lambda: engine.draw(WORDS, ORDER, adapter, lambda *_: None)):
            with pytest.raises(type(failure)):
                load()
            with pytest.raises(EngineAway, match="did not load"):
                engine.healthy()
    assert engine.draw(WORDS, ORDER, adapter, lambda *_: None).png
    engine.healthy()


def meets_a_defect(engine: EngineRenderer, adapter: OpenAdapter) -> None:
    def defect(_rows: object) -> None:
        raise ZeroDivisionError

    engine._running.engine._stepping.predicted = defect
    with pytest.raises(EngineBroken):
        engine.draw(WORDS, ORDER, adapter, lambda *_: None)


def test_of_an_engine_that_was_replaced_nothing_stays(renderer: Make, adapter: OpenAdapter) -> None:
    """A withdrawal is told to the engine that draws: adapters and faces in another one would outlive an erasure."""
    engine = renderer(Faces([]), batches=1)
    engine.start()
    heap.settle()  # as a cluster's engine does: what is there by now, no collection ever looks at
    gc.disable()
    try:
        engine.draw(WORDS, ORDER, adapter, lambda *_: None)
        running = engine._running
        backbone = running.backbone
        whole = [running, running.engine, engine.dress(adapter), backbone, next(backbone.denoiser.parameters())]
        left = [weakref.ref(each) for each in whole]
        del running, backbone, whole
        meets_a_defect(engine, adapter)
        assert engine.draw(WORDS, ORDER, adapter, lambda *_: None).png
        assert [ref() for ref in left] == [None] * len(left)
    finally:
        gc.enable()
        gc.unfreeze()


def test_whoever_still_draws_in_an_engine_that_is_replaced_keeps_nobody_there(
    renderer: Make, adapter: OpenAdapter
) -> None:
    engine = renderer(Faces([]), batches=1)
    engine.dress(adapter)
    old = engine._running
    meets_a_defect(engine, adapter)
    engine.dress(adapter)
    assert (len(old.wardrobe), len(engine._running.wardrobe)) == (0, 1)
    old.wardrobe.dress(adapter)  # by who asked for the engine a moment before
    assert len(old.wardrobe) == 0


@pytest.mark.parametrize("name", ["adapter_id", "consent_id", "subject_id"])
def test_who_was_dressed_for_an_engine_that_was_replaced_is_withdrawn_from_the_next_one(
    renderer: Make, adapter: OpenAdapter, name: str
) -> None:
    """They wait in line meanwhile: behind a defect each is drawn alone."""
    engine = renderer(Faces([]), batches=1)
    other = replace(adapter, whose=replace(adapter.whose, adapter_id=AdapterId("other"), consent_id=ConsentId("other")))
    dressed = engine.dress(adapter)
    meets_a_defect(engine, other)
    engine.draw_dressed(WORDS, ORDER, [Placed(dressed, None)], lambda *_: None)
    slots = engine._running.engine._slots
    assert slots.holds(adapter.whose.digest)
    engine.revoke(Withdrawal(**{name: getattr(adapter.whose, name)}))
    assert not slots.holds(adapter.whose.digest)


def test_a_defect_takes_those_beside_it_along_only_once(backbone_dir: Path, adapter: OpenAdapter) -> None:
    """As the queue does, each asks again behind a defect, all at the same moment."""
    bad, *good = [replace(ORDER, seed=seed, steps=60) for seed in (5, 6, 7)]
    engine = EngineRenderer(replace(small(backbone_dir, best_of=1), lanes=(8,)), Faces([]))
    dressed = engine.dress(adapter)
    # It passes every check in front of the engine's loop, and there it is a bug.
    guilty = replace(dressed, packed=replace(dressed.packed, digest="0" * 64, row=None))
    expected = {order: engine.draw_dressed(WORDS, order, [Placed(dressed, None)], lambda *_: None) for order in good}
    drawn: dict[Order, Drawing] = {}
    spent: list[Order] = []

    def attempt(order: Order, begun: threading.Semaphore) -> None:
        if order is bad:
            for _ in set(good) - drawn.keys():
                assert begun.acquire(timeout=60)
        people = [Placed(guilty if order is bad else dressed, None)]
        try:
            drawn[order] = engine.draw_dressed(WORDS, order, people, lambda step, _: step == 1 and begun.release())
        except EngineBroken:
            spent.append(order)

    with ThreadPoolExecutor(3) as threads:
        for _ in range(3):
            left, begun = {bad, *good} - drawn.keys(), threading.Semaphore(0)
            list(threads.map(attempt, left, [begun] * len(left)))
    engine.close()
    assert drawn == expected
    assert spent.count(bad) == 3
    assert all(spent.count(order) <= 1 for order in good)


def test_everybody_wears_the_same_share_of_their_adapter(adapter: OpenAdapter) -> None:
    people = [Placed(Dressed(adapter.whose, None, None), Area(left, 0, left + 0.5, 1)) for left in (0.0, 0.5)]
    assert [each.strength for each in worn_by(people, WORDS, "sks person", 0.25)] == [0.25, 0.25]
    assert [each.strength for each in worn_by(people, WORDS, "sks person", None)] == [1.0, 1.0]


def test_an_engine_whose_slots_no_adapter_fits_into_is_not_started(backbone_dir: Path) -> None:
    rank = load_backbone(backbone_dir).config.lora.rank
    engine = EngineRenderer(replace(small(backbone_dir), rank=rank - 1), Faces([]))
    with pytest.raises(EngineSettingsRefused, match=f"are of rank {rank}"):
        engine.start()
    with pytest.raises(EngineAway):
        engine.healthy()
    engine.close()


def test_an_engine_of_many_lanes_has_room_for_them(backbone_dir: Path) -> None:
    assert engine_settings(replace(small(backbone_dir), lanes=(4, 256))).max_lanes_in_flight == 256
    assert engine_settings(small(backbone_dir)).max_lanes_in_flight == EngineSettings().max_lanes_in_flight


def test_what_lanes_hold_by_the_settings_is_what_the_engine_draws_at_once(backbone_dir: Path) -> None:
    settings = GenerationSettings(engine_lanes=8, best_of=2, engine_slots=4, backbone_dir=backbone_dir)
    engine = StepEngine(load_backbone(backbone_dir), engine_settings(renderer_settings(settings)), clock := FakeClock())
    for number in range(held_by_lanes(settings)):
        engine.submit(EngineRequest(RenderRequest("somebody", number, steps=2, count=settings.best_of)))
    engine.turn()
    clock.advance(60)
    assert (engine.stats().rows_in_flight, engine.stats().queued_rows, engine.stats().oldest_wait_s) == (4, 0, 0)
    engine.submit(EngineRequest(RenderRequest("one more", 9, steps=2)))
    clock.advance(5)
    assert (engine.stats().queued_rows, engine.stats().oldest_wait_s) == (1, 5)
    engine.close()


def test_a_queue_that_no_picture_fits_into_is_refused() -> None:
    with pytest.raises(ValidationError, match="GENERATION_ENGINE_QUEUE"):
        GenerationSettings(best_of=8, engine_queue=7)


def test_a_large_picture_is_not_enlarged() -> None:
    picture = np.zeros((80, 80, 3), np.uint8)
    assert upscale(picture, 64) is picture
    assert upscale(picture, 128).shape == (128, 128, 3)


@pytest.mark.parametrize("kept", [Kept.FACE, Kept.BACKGROUND])
def test_the_part_that_is_kept_is_the_sources_own(backbone_dir: Path, adapter: OpenAdapter, kept: Kept) -> None:
    """Of the backbone's size: the picture that is kept comes out as it went in, and the rest does not."""
    source = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    points = np.array([(12, 12), (20, 12), (16, 15), (13, 19), (19, 19)], np.float32)
    seen = [Face(Box(8, 8, 16, 16), points, 0.9)]
    engine = EngineRenderer(replace(small(backbone_dir), upscale_to_px=32), Faces(seen))
    begin = Beginning(encoded(source), Changes(1.0, kept))
    with pytest.raises(NoFaceInSource, match="not all 2 faces"):
        Sources(Faces(seen), source.size).start(begin, (32, 32), people=2)
    drawn = pixels(engine.draw(WORDS, replace(ORDER, steps=4), adapter, lambda *_: None, begin).png)
    engine.close()
    face = face_mask(points, 32, 32) > 0
    stays = face if kept is Kept.FACE else ~face
    assert np.array_equal(drawn[stays], source[stays])
    assert (drawn[~stays] != source[~stays]).any(-1).mean() > 0.5
