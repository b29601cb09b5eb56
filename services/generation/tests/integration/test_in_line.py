"""Who waits in line in an engine elsewhere: not in it yet, and not why it is lost."""

import asyncio
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from semblance.faces import Embedding, Face, RgbU8
from semblance.generation.domain.errors import EngineAway
from semblance.generation.domain.order import Order, Words
from semblance.generation.ml import parcels
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ml.parcels import Ask, Drawn, Tick
from semblance.generation.ml.replica import Replica
from semblance.generation.ports import OpenAdapter
from semblance.generation.testing.engines import small
from semblance.service_kit.cluster import sealing
from semblance.service_kit.cluster.testing import ENVIRONMENT

pytestmark = pytest.mark.integration
WORDS = Words("smiling", "")


class NoFaces:
    def detect(self, image: RgbU8) -> list[Face]:
        return []

    def embed(self, image: RgbU8, face: Face) -> Embedding:
        raise AssertionError("there is none")


def ask(adapter: OpenAdapter, seed: int, *, alone: bool = False) -> Ask:
    order = Order(seed, 2, None, None)
    return Ask(adapter.whose, adapter.backbone_digest, WORDS, order, sealing.new_key(), alone=alone)


async def heard(said: AsyncIterator[tuple[Any, Any]]) -> Any:
    return (await asyncio.wait_for(anext(said), 60))[0]


def test_who_is_to_be_alone_waits_in_line_and_says_so(backbone_dir: Path, adapter: OpenAdapter) -> None:
    renderer = EngineRenderer(small(backbone_dir, best_of=1), NoFaces())
    renderer.start()
    replica = Replica(renderer, drawings=2)
    may_go_on, stepping = threading.Event(), renderer._running.engine._stepping
    predicted = stepping.predicted

    def when_told(rows: object) -> object:
        assert may_go_on.wait(60)
        return predicted(rows)

    def draw(one: Ask) -> AsyncIterator[tuple[Any, Any]]:
        return replica.draw(one, parcels.seal_adapters(one.key, [adapter], whole=True))

    async def walk() -> None:
        first, suspect = draw(ask(adapter, 1)), draw(ask(adapter, 2, alone=True))
        assert await heard(first) == Tick(0, 0)
        for _ in range(3):
            assert await heard(suspect) == Tick(0, 0, in_line=True)
        may_go_on.set()
        assert isinstance([answer async for answer, _ in first][-1], Drawn)
        ticks = [answer async for answer, _ in suspect]
        assert isinstance(ticks.pop(), Drawn)
        entered = ticks.index(Tick(0, 0))  # said before it does anything there
        assert all(tick.in_line for tick in ticks[:entered])
        assert not any(tick.in_line for tick in ticks[entered:])
        assert ticks[-1].step

    stepping.predicted = when_told
    try:
        asyncio.run(walk())
    finally:
        may_go_on.set()
        replica.close()


@pytest.mark.parametrize("tick", [Tick(0, 0, in_line=True), Tick(0, 0)])
def test_only_who_was_in_it_loses_an_attempt_with_an_engine_that_is_lost(adapter: OpenAdapter, tick: Tick) -> None:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # Ray's own modules, not ours
        for name, value in ENVIRONMENT.items():  # read once, when Ray is imported: later tests of this process join
            patch.setenv(name, value)
        from semblance.generation.adapters.ray_renderer import ClusterSettings, RayRenderer

    class Lost:
        def __iter__(self) -> Iterator[tuple[Tick, list[Any]]]:
            yield tick, []
            raise ConnectionError

        def cancel(self) -> None:
            pass

    class Losing(RayRenderer):
        def _connect(self) -> None:
            pass

        def _asked(self, ask: Ask, _sealed: bytes | None) -> Lost:
            asked.append(ask.alone)
            return Lost()

    asked, renderer = list[bool](), Losing(ClusterSettings(None, silence_s=60, tell_s=1))
    for _ in range(2):
        with pytest.raises(EngineAway) as lost:
            renderer.draw(WORDS, Order(1, 2, None, None), adapter, lambda *_: None)
        assert lost.value.away is tick.in_line, "who is away is waited for, and costs no attempt"
    assert asked == [False, not tick.in_line]
