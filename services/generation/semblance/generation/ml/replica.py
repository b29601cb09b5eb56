"""An engine that is asked from another process, whatever carries the questions: sealed adapters in, pictures out."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.withdrawn import Withdrawal
from semblance.generation.ml.engine_renderer import EngineRenderer
from semblance.generation.ml.parcels import (
    Answer,
    Ask,
    Defect,
    Drawn,
    Lacks,
    Tick,
    open_parcel,
    seal_picture,
)
from semblance.generation.ml.places import Placed
from semblance.generation.ml.wardrobe import PortableNeeded
from semblance.generation.ports import Drawing, EngineLoad
from semblance.kernel.errors import SemblanceError
from semblance.service_kit.cluster.answers import Refused

_STILL_HERE_S: Final = 0.25  # how often a drawing that waits says so
Said = tuple[Answer, bytes | None]
"""An answer, and the sealed picture that comes with the last one."""


class _Abandoned(Exception):
    """Whoever asked has gone."""


class Replica:
    """One engine for several askers at once; each drawing has a thread that does nothing but wait and judge."""

    def __init__(self, renderer: EngineRenderer, *, drawings: int) -> None:
        self._renderer = renderer
        self._threads = ThreadPoolExecutor(drawings, thread_name_prefix="drawing")

    async def draw(self, ask: Ask, sealed: bytes | None) -> AsyncIterator[Said]:
        """Ticks, then one last answer. Closed early, the drawing ends before its next step."""
        try:
            people, begin = await asyncio.to_thread(self._dressed, ask, sealed)
        except PortableNeeded:
            yield Lacks(whole=True), None
            return
        except SemblanceError as error:
            yield Refused.of(error), None
            return
        except Exception as error:  # noqa: BLE001 - see Defect
            yield Defect.of(error), None
            return
        if people is None:
            yield Lacks(whole=False), None
            return
        async for said in self._drawn(ask, people, begin):
            yield said

    async def revoke(self, withdrawal: Withdrawal) -> None:
        """Wiped and refused once this returns."""
        await asyncio.to_thread(self._renderer.revoke, withdrawal)

    def load(self) -> EngineLoad:
        """What it does now."""
        return self._renderer.load()

    def require_healthy(self) -> None:
        """Raise Unavailable when it draws no more: whoever started it starts another."""
        self._renderer.healthy()

    def close(self) -> None:
        """End."""
        self._renderer.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _dressed(self, ask: Ask, sealed: bytes | None) -> tuple[list[Placed] | None, Beginning | None]:
        """Everybody, or nobody if one is neither here nor in the parcel."""
        sent, begin = ([], None) if sealed is None else open_parcel(ask, sealed)
        found = list(map(self._renderer.dress, sent)) if sent else list(map(self._renderer.held, ask.everybody))
        areas = ask.order.area, *(area for _, area in ask.beside)
        worn = [Placed(each, area) for each, area in zip(found, areas, strict=True) if each is not None]
        return (worn if len(worn) == len(found) else None), begin

    async def _drawn(self, ask: Ask, people: list[Placed], begin: Beginning | None) -> AsyncIterator[Said]:
        loop = asyncio.get_running_loop()
        ticks: asyncio.Queue[Tick | None] = asyncio.Queue()
        gone = threading.Event()

        told: Tick | None = None
        told_s = 0.0

        def tell(tick: Tick) -> None:
            nonlocal told, told_s
            if gone.is_set():
                raise _Abandoned
            now_s = time.monotonic()
            as_before = told is not None and told.in_line == tick.in_line and tick.step == 0
            if as_before and now_s - told_s < _STILL_HERE_S:
                return
            told, told_s = tick, now_s
            loop.call_soon_threadsafe(ticks.put_nowait, tick)

        began_s = time.monotonic()
        drawing = loop.run_in_executor(
            self._threads,
            lambda: self._renderer.draw_dressed(
                ask.words,
                ask.order,
                people,
                lambda step, steps: tell(Tick(step, steps)),
                begin,
                alone=ask.alone,
                in_line=lambda: tell(Tick(0, 0, in_line=True)),
            ),
        )
        drawing.add_done_callback(lambda _future: ticks.put_nowait(None))
        try:
            while (tick := await ticks.get()) is not None:
                yield tick, None
            yield self._last(ask, drawing, time.monotonic() - began_s)
        finally:
            gone.set()
            drawing.add_done_callback(_looked_at)

    @staticmethod
    def _last(ask: Ask, drawing: asyncio.Future[Drawing], seconds: float) -> Said:
        try:
            made = drawing.result()
            drawn = Drawn(made.width_px, made.height_px, made.backbone_digest, made.likeness, seconds)
            return drawn, seal_picture(ask.key, made.png)
        except SemblanceError as error:
            return Refused.of(error), None
        except Exception as error:  # noqa: BLE001 - see Defect
            return Defect.of(error), None


def _looked_at(drawing: asyncio.Future[Drawing]) -> None:
    """Nobody waits for an abandoned drawing's error."""
    if not drawing.cancelled():
        drawing.exception()
