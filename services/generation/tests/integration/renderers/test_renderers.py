"""What every engine does, wherever it is: one in this process, and those in a Ray cluster."""

import os
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NoReturn
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from semblance.contracts.generation.v1 import events_pb2 as generation_pb
from semblance.generation.adapters.work import work_kinds
from semblance.generation.domain.edit import Beginning, Changes, Kept
from semblance.generation.domain.errors import (
    AdapterDamaged,
    AdapterRevoked,
    EngineAway,
    NoFaceInSource,
    SourceUnusable,
)
from semblance.generation.domain.image import State
from semblance.generation.domain.order import Order, Words
from semblance.generation.domain.together import Area
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ml.parcels import Ask, EngineDefect
from semblance.generation.ports import Beside, Drawing, OnStep, OpenAdapter
from semblance.generation.testing import engines
from semblance.generation.testing.ray_processes import busiest_replica, engines_of, kept_by_ray
from semblance.generation.testing.tried import MODELS, TWO_ENGINES, Tried
from semblance.kernel.errors import Invalid, Unavailable
from semblance.objects import QUARANTINE, SealedObjects, Sealer
from semblance.service_kit import testing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]  # the cluster may start three times
WORDS = Words("smiling, in a secret garden", "sad")
LONG = Order(5, 16, None, None)
SHORT = Order(5, 2, None, None)
EDITED = Order(5, 4, None, None)


def unwatched(_step: int, _steps: int) -> None:
    pass


def test_the_same_request_gives_the_same_bytes(tried: Tried, adapter: OpenAdapter) -> None:
    steps: list[tuple[int, int]] = []
    first = tried.renderer.draw(WORDS, SHORT, adapter, lambda *tick: steps.append(tick))
    again = tried.renderer.draw(WORDS, SHORT, adapter, unwatched)
    assert first == again
    assert first.png.startswith(b"\x89PNG")
    assert "PNG" not in repr(first)
    assert (first.width_px, first.height_px) == (64, 64)
    assert [tick for tick in steps if tick[0]] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_both_engines_draw_the_same_bytes(in_process: Tried, in_cluster: Tried, adapter: OpenAdapter) -> None:
    both = [in_process.renderer, in_cluster.renderer]
    drawn = [each.draw(WORDS, SHORT, adapter, unwatched) for each in both]
    assert drawn[0] == drawn[1]
    less = [each.draw(WORDS, replace(SHORT, adapter_strength=0.5), adapter, unwatched) for each in both]
    assert less[0] == less[1]
    assert less[0].png != drawn[0].png
    whole = in_process.renderer.draw(WORDS, replace(SHORT, adapter_strength=1.0), adapter, unwatched)
    assert whole == drawn[0]


TWO_WORDS, TWO = replace(WORDS, said=("", "reading")), replace(SHORT, area=Area(0, 0, 0.5, 1))


def test_both_engines_draw_two_people_with_the_same_bytes(
    in_process: Tried, in_cluster: Tried, adapter: OpenAdapter, other: OpenAdapter
) -> None:
    beside = [Beside(other, Area(0.5, 0, 1, 1))]
    drawn = [
        engine.renderer.draw(TWO_WORDS, TWO, adapter, unwatched, beside=beside) for engine in (in_process, in_cluster)
    ]
    assert drawn[0] == drawn[1]
    assert (drawn[0].width_px, drawn[0].height_px) == (128, 64), "each part is as large as a picture of one"
    swapped = in_process.renderer.draw(TWO_WORDS, TWO, other, unwatched, beside=[replace(beside[0], adapter=adapter)])
    assert swapped.png != drawn[0].png
    begin = Beginning(drawn[0].png, Changes(0.5, Kept.NOTHING))
    edits = [
        engine.renderer.draw(TWO_WORDS, TWO, adapter, unwatched, begin, beside=beside)
        for engine in (in_process, in_cluster)
    ]
    assert edits[0] == edits[1]
    assert (edits[0].width_px, edits[0].png != drawn[0].png) == (128, True)


def test_either_ends_a_drawing_of_two(tried: Tried, adapter: OpenAdapter, other: OpenAdapter) -> None:
    def withdraw(step: int, _steps: int) -> None:
        if step:
            tried.renderer.revoke(Withdrawal(subject_id=other.whose.subject_id))

    beside = [Beside(other, Area(0.5, 0, 1, 1))]
    with pytest.raises(AdapterRevoked):
        tried.renderer.draw(TWO_WORDS, replace(LONG, area=TWO.area), adapter, withdraw, beside=beside)
    assert tried.renderer.draw(WORDS, SHORT, adapter, unwatched).png, "the other one's adapter stays"


@pytest.mark.parametrize("kept", list(Kept))
def test_both_engines_draw_the_same_edit_and_draw_it_again(
    in_process: Tried, in_cluster: Tried, adapter: OpenAdapter, portrait: bytes, kept: Kept
) -> None:
    begin = Beginning(portrait, Changes(0.5, kept))
    both = [in_process.renderer, in_cluster.renderer]
    drawn = [renderer.draw(WORDS, EDITED, adapter, unwatched, begin) for renderer in (*both, *both)]
    assert len({each.png for each in drawn}) == 1
    others = (None, Beginning(portrait, Changes(1.0, kept)))
    assert not {drawn[0].png} & {in_process.renderer.draw(WORDS, EDITED, adapter, unwatched, o).png for o in others}


def test_an_edit_that_cannot_begin_is_refused_alike(tried: Tried, adapter: OpenAdapter) -> None:
    empty = cv2.imencode(".png", np.full((64, 64, 3), 127, np.uint8))[1].tobytes()
    for picture, code in ((empty, NoFaceInSource.code), (empty[:60], SourceUnusable.code), (b"", SourceUnusable.code)):
        with pytest.raises(Invalid) as refused:
            tried.renderer.draw(WORDS, EDITED, adapter, unwatched, Beginning(picture, Changes(0.5, Kept.FACE)))
        assert refused.value.code == code


def test_two_people_at_once_each_get_their_own(tried: Tried, adapter: OpenAdapter, other: OpenAdapter) -> None:
    people = [adapter, other, adapter, other]
    alone = [tried.renderer.draw(WORDS, SHORT, person, unwatched) for person in (adapter, other)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda person: tried.renderer.draw(WORDS, SHORT, person, unwatched), people))
    assert together == alone * 2
    assert alone[0].png != alone[1].png


def test_more_than_fit_wait_for_their_turn(tried: Tried, adapter: OpenAdapter) -> None:
    """Four drawings run and one waits in the cluster; the engine's own queue takes two of the others at a time."""
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: tried.renderer.draw(WORDS, SHORT, adapter, unwatched), range(8)))
    assert len({each.png for each in drawn}) == 1


def test_an_adapter_of_another_backbone_is_refused(tried: Tried, adapter: OpenAdapter) -> None:
    with pytest.raises(Invalid, match="another backbone") as refused:
        tried.renderer.draw(WORDS, SHORT, replace(adapter, backbone_digest="0" * 64), unwatched)
    assert refused.value.code == AdapterDamaged.code


@pytest.mark.parametrize("how", ["cut short", "not the one trained", "packed and cut short", "of a wider kind"])
def test_a_damaged_adapter_is_refused(tried: Tried, adapter: OpenAdapter, how: str) -> None:
    damaged = {
        "cut short": engines.opened(adapter.lora[:2000], adapter.reference, adapter.backbone_digest),
        "not the one trained": replace(adapter, whose=replace(adapter.whose, digest="0" * 64)),
        "packed and cut short": engines.opened(adapter.lora[:2000], b"", adapter.backbone_digest, flat=b"SMBLSLOT"),
        "of a wider kind": engines.wider(adapter),
    }[how]
    with pytest.raises(Invalid) as refused:
        tried.renderer.draw(WORDS, SHORT, damaged, unwatched)
    assert (refused.value.code, refused.value.remedy) == (AdapterDamaged.code, "Train it again.")


def test_a_packed_form_that_does_not_fit_is_packed_anew(tried: Tried, in_process: Tried, adapter: OpenAdapter) -> None:
    stale = replace(adapter, flat=b"of another layout")
    drawn = tried.renderer.draw(WORDS, SHORT, stale, unwatched)
    assert drawn == in_process.renderer.draw(WORDS, SHORT, adapter, unwatched)


def test_a_defect_ends_a_picture_as_one_and_no_engine_as_lost(tried: Tried, service, adapter: OpenAdapter) -> None:  # type: ignore[no-untyped-def]
    consent, adapter_id = service.enrol(replace(adapter, reference=b"odd"))  # no numbers, and nobody looks before
    work = work_kinds(replace(service.ports, renderer=tried.renderer), lease_s=30, max_attempts=2)
    image = service.create(consent, adapter_id)
    for _ in range(2):  # the second time an hour later
        testing.run_work(work, service.database)
        service.clock.advance(3600)
    assert (service.get(image).state, service.get(image).reason_codes) == (State.FAILED, ("internal",))
    no_number = replace(SHORT, seed="a seed of letters")  # type: ignore[arg-type]  # it is met behind the first answer
    with pytest.raises((TypeError, EngineDefect), match=r"TypeError|not supported"):
        tried.renderer.draw(WORDS, no_number, adapter, unwatched)
    if tried.pid:
        assert not any(b"RenderRequest(" in each for each in kept_by_ray(tried.pid)), "a stack lies in Ray's files"
    assert tried.renderer.draw(WORDS, SHORT, adapter, unwatched).png
    tried.renderer.healthy()


def test_what_stops_the_drawing_passes_through(tried: Tried, adapter: OpenAdapter) -> None:
    class Withdrawn(Exception):
        pass

    def withdraw(step: int, _steps: int) -> None:
        if step:
            raise Withdrawn

    with pytest.raises(Withdrawn):
        tried.renderer.draw(WORDS, LONG, adapter, withdraw)
    assert tried.renderer.draw(WORDS, SHORT, adapter, unwatched).png


@pytest.mark.parametrize("name", ["adapter_id", "consent_id", "subject_id"])
def test_a_withdrawal_ends_what_is_drawn_and_what_is_asked_for_later(
    tried: Tried, adapter: OpenAdapter, other: OpenAdapter, name: str
) -> None:
    seen: list[int] = []

    def withdraw(step: int, _steps: int) -> None:
        seen.append(step)
        if step == 4:
            tried.renderer.revoke(Withdrawal(**{name: getattr(adapter.whose, name)}))

    with ThreadPoolExecutor(1) as threads:
        stranger = threads.submit(tried.renderer.draw, WORDS, LONG, other, unwatched)
        with pytest.raises(AdapterRevoked):
            tried.renderer.draw(WORDS, LONG, adapter, withdraw)
        assert stranger.result().png
    assert max(seen) < 2 * (LONG.steps or 0)
    with pytest.raises(AdapterRevoked):
        tried.renderer.draw(WORDS, SHORT, adapter, unwatched)


def test_every_engine_refuses_what_it_was_told_of(in_cluster: Tried, adapter: OpenAdapter) -> None:
    """Another client, which heard of nothing itself, asks both engines."""
    withdrawal = Withdrawal(subject_id=adapter.whose.subject_id)
    in_cluster.renderer.revoke(withdrawal, confirmed=True)
    with closing(in_cluster.make()) as deaf, ThreadPoolExecutor(4) as threads:
        deaf.start()  # once: where two threads ask Serve at the same moment, Ray's own fault reads as no engine
        asked = [threads.submit(deaf.draw, WORDS, SHORT, adapter, unwatched) for _ in range(4)]
        assert [type(each.exception()) for each in asked] == [AdapterRevoked] * 4


def test_engines_that_end_count_until_they_are_gone(in_cluster: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private import auto_init_hook

    from semblance.generation.adapters.ray_renderer import holding

    assert holding({"RUNNING": 2, "STARTING": 1, "STOPPING": 1}) == 3
    assert not auto_init_hook.enable_auto_connect, "a late call would start a cluster in this process"
    monkeypatch.setattr("ray.serve.status", Mock(side_effect=ValueError))  # as where two threads ask at once
    with pytest.raises(EngineAway):
        in_cluster.renderer.healthy()


def test_ray_keeps_neither_words_nor_adapters_nor_pictures(
    in_cluster: Tried, adapter: OpenAdapter, portrait: bytes
) -> None:
    begin = Beginning(portrait, Changes(0.5, Kept.NOTHING))
    drawn = in_cluster.renderer.draw(WORDS, EDITED, adapter, unwatched, begin)
    with pytest.raises(Invalid):  # an error writes more than a success
        in_cluster.renderer.draw(
            WORDS, SHORT, replace(adapter, whose=replace(adapter.whose, digest="0" * 64)), unwatched
        )
    kept = kept_by_ray(in_cluster.pid)
    assert any(b"Engine" in each for each in kept), "nothing was looked at"
    for secret in (
        WORDS.prompt.encode(),
        adapter.lora[-256:-128],
        adapter.reference[:128],
        drawn.png[-96:-32],
        portrait[900:964],
    ):
        assert not any(secret in each for each in kept)


def test_a_withdrawal_of_what_nobody_wears_is_remembered(tried: Tried, adapter: OpenAdapter) -> None:
    tried.renderer.revoke(Withdrawal(subject_id=adapter.whose.subject_id), confirmed=True)
    with pytest.raises(AdapterRevoked):
        tried.renderer.draw(WORDS, SHORT, adapter, unwatched)


def test_it_says_how_much_it_has_to_do(tried: Tried, adapter: OpenAdapter) -> None:
    seen = []
    tried.renderer.healthy()
    tried.renderer.draw(WORDS, SHORT, adapter, lambda *_: seen.append(tried.renderer.load()))
    assert any(load.drawing for load in seen)
    after = tried.load()
    assert after.engines >= 1
    assert (after.waiting, after.drawing) == (0, 0)
    assert after.adapters_packed >= 1
    assert after.steps > 0


def test_a_replica_that_is_killed_loses_no_picture_and_doubles_none(
    service, in_process: Tried, in_cluster: Tried, adapter: OpenAdapter
) -> None:  # type: ignore[no-untyped-def]
    killed: list[int] = []

    class Killing:
        """The cluster's renderer; the first drawing loses its replica."""

        def draw(
            self,
            words: Words,
            order: Order,
            adapter: OpenAdapter,
            on_step: OnStep,
            begin: Beginning | None = None,
            *,
            beside: Sequence[Beside] = (),
        ) -> Drawing:
            def between(step: int, steps: int) -> None:
                if step and not killed:
                    killed.append(busiest_replica(in_cluster.pid))
                    os.kill(killed[0], signal.SIGKILL)
                on_step(step, steps)

            return in_cluster.renderer.draw(words, order, adapter, between, begin, beside=beside)

    consent, adapter_id = service.enrol(adapter)
    work = work_kinds(replace(service.ports, renderer=Killing()), lease_s=30, max_attempts=3)
    image = service.create(consent, adapter_id, steps=LONG.steps or 0)
    for _ in range(2):  # the second time an hour later
        testing.run_work(work, service.database)
        service.clock.advance(3600)
    assert killed
    assert service.get(image).state is State.QUARANTINED
    assert len(service.said(generation_pb.ImageRendered)) == 1
    assert len(service.quarantine()) == 1
    quarantine = SealedObjects(service.store, Sealer(service.keyring), QUARANTINE)
    sealed = quarantine.get(service.subject_id, service.quarantine()[0])
    words, order = service.ports.words.open(service.subject_id, image.sealed_words), image.order
    assert sealed == in_process.renderer.draw(words, order, adapter, unwatched).png


def test_what_an_engine_was_lost_with_is_asked_for_alone(in_cluster: Tried, adapter: OpenAdapter) -> None:
    from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer

    class Losing(RayRenderer):
        def _follow(self, ask: Ask, _sealed: object, _on_step: object) -> NoReturn:
            asked.append(ask.alone)
            raise EngineAway("the engine was lost", away=ask.order == LONG)  # that one before it drew

    asked, renderer = list[bool](), Losing(ClusterSettings(None, silence_s=1, tell_s=1))
    for order in (SHORT, SHORT, LONG, LONG):
        with pytest.raises(EngineAway):
            renderer.draw(WORDS, order, adapter, unwatched)
    assert asked == [False, True, False, False]


def test_an_upgrade_while_people_draw_loses_no_picture(
    in_process: Tried,
    in_cluster: Tried,
    adapter: OpenAdapter,
    backbone_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ray import serve

    from semblance.generation.ml import serve_app

    other_numbers = {**TWO_ENGINES, "GENERATION_ENGINE_SLOTS": "5", "GENERATION_BACKBONE_DIR": str(backbone_dir)}
    for name, value in (other_numbers | {"GENERATION_MODELS_DIR": str(MODELS.resolve())}).items():
        monkeypatch.setenv(name, value)
    expected = in_process.renderer.draw(WORDS, LONG, adapter, unwatched).png
    before = {each.pid for each in engines_of(in_cluster.pid)}
    assert before
    begun, upgraded = threading.Event(), threading.Event()

    def begin(step: int, _steps: int) -> None:
        if step:
            begun.set()

    def drawn() -> list[bytes]:
        """One picture after the other, until one was asked for after the upgrade."""
        pictures, last = [], False
        while not last:
            last = upgraded.is_set()
            pictures.append(in_cluster.renderer.draw(WORDS, LONG, adapter, begin).png)
        return pictures

    with ThreadPoolExecutor(3) as threads:
        people = [threads.submit(drawn) for _ in range(3)]
        assert begun.wait(60)
        try:
            serve.run(serve_app.application({}), name=serve_app.APP, route_prefix=None)
        finally:
            upgraded.set()
        pictures = [person.result(120) for person in people]
    assert all(each == expected for drawn_by_one in pictures for each in drawn_by_one)
    until_s = time.monotonic() + 60
    while (left := before & {each.pid for each in engines_of(in_cluster.pid)}) and time.monotonic() < until_s:
        time.sleep(0.5)
    assert not left, "engines of before the upgrade go on"


def test_a_closed_engine_draws_nothing(tried: Tried, adapter: OpenAdapter) -> None:
    engine = tried.make()
    begun = threading.Event()

    def begin(step: int, _steps: int) -> None:
        if step:
            begun.set()

    with ThreadPoolExecutor(1) as threads:
        drawing = threads.submit(engine.draw, WORDS, LONG, adapter, begin)
        assert begun.wait(60)
        engine.close()
        assert isinstance(drawing.exception(60), Unavailable)
    with pytest.raises(Unavailable):
        engine.draw(WORDS, SHORT, adapter, unwatched)
