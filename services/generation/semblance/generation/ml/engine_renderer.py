"""The engine in this process: many drawings in one batch, each the best of several pictures."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

import torch

from semblance.diffusion import (
    BackboneOptions,
    BackboneUnusable,
    RenderRequest,
    RequestInvalid,
    derived_seed,
    load_backbone,
)
from semblance.diffusion.engine.engine import StepEngine
from semblance.diffusion.engine.errors import QueueFull, Revoked
from semblance.diffusion.engine.request import EngineRequest
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.ticket import Ticket
from semblance.faces import FaceEngine, RgbU8
from semblance.generation.domain.edit import Beginning
from semblance.generation.domain.errors import AdapterDamaged, AdapterRevoked, EngineAway
from semblance.generation.domain.order import Order, Words, about
from semblance.generation.domain.together import canvas
from semblance.generation.domain.withdrawn import Whose, Withdrawal, Withdrawn
from semblance.generation.ml.apart import Apart
from semblance.generation.ml.judging import Candidate, Judge, Sitter, png
from semblance.generation.ml.options import RendererSettings, look_every_s, require_rank
from semblance.generation.ml.places import Placed, worn_by
from semblance.generation.ml.sources import Sources
from semblance.generation.ml.wardrobe import LEARN_ANEW, Dressed, Wardrobe
from semblance.generation.ports import Beside, Drawing, EngineLoad, OnStep, OpenAdapter
from semblance.kernel.clock import Clock, SystemClock
from semblance.service_kit.periodic import Periodic

Told = queue.SimpleQueue[tuple[int, int] | None]
"""Steps as the engine takes them, and None at the end."""
_LOOK_S: Final = 0.05  # how often a drawing looks up from waiting
_FULL_S: Final = 0.25  # how long it waits before it asks a full engine again


def engine_settings(settings: RendererSettings) -> EngineSettings:
    """The StepEngine's own numbers. Raises RequestInvalid."""
    return EngineSettings(
        lanes=settings.lanes,
        slots=settings.slots,
        rank=settings.rank,
        max_lanes_in_flight=max(EngineSettings.max_lanes_in_flight, settings.lanes[-1]),
        max_queued_rows=settings.queued_rows,
    )


def backbone_options(settings: RendererSettings) -> BackboneOptions:
    """How the backbone is loaded."""
    return BackboneOptions(
        device=settings.device,
        precision=settings.precision,
        offload=settings.offload,
        compiled=settings.compiled,
        allow_licences=settings.allow_licences,
    )


def _require_drawn(engine: StepEngine, sizes: Sequence[tuple[int, int]]) -> None:
    """What the backbone's card offers must be drawn. Raises BackboneUnusable."""
    try:
        for width_px, height_px in sizes:
            engine.family.size(height_px, width_px)
            if width_px * height_px > engine.settings.max_pixels:
                raise RequestInvalid(f"a picture has at most {engine.settings.max_pixels} pixels")
    except RequestInvalid as error:
        engine.close()
        raise BackboneUnusable(f"semblance.json offers {width_px}x{height_px}, but {error.detail}") from error


class _Running:
    """What exists once the backbone is loaded."""

    def __init__(self, settings: RendererSettings, withdrawn: Withdrawn, clock: Clock) -> None:
        torch.set_num_threads(settings.torch_threads)
        self.backbone = load_backbone(settings.backbone_dir, backbone_options(settings))
        require_rank(settings.rank, self.backbone.config.lora.rank)  # whoever passes settings on may have no backbone
        self.engine = StepEngine(self.backbone, engine_settings(settings), clock)
        _require_drawn(self.engine, self.backbone.config.sizes)
        self._idle_s = settings.idle_s
        self.wardrobe = Wardrobe(
            self.engine.layout, withdrawn, clock, capacity=settings.adapters, max_idle_s=settings.idle_s
        )
        self._tidying = Periodic("idle-adapters", self._let_go, lambda: look_every_s(settings.idle_s))
        self.engine.start()
        self._tidying.start()

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Out of memory and slots, also those of rows in flight."""
        for digest in self.wardrobe.withdraw(withdrawal):
            self.engine.revoke(digest=digest)
        if withdrawal.subject_id is not None:
            self.engine.revoke(subject_id=withdrawal.subject_id)

    def close(self) -> None:
        """End; the backbone is bare again, and what was packed is gone, whoever still holds this."""
        self._tidying.stop()
        self.engine.close()
        self.wardrobe.close()

    def _let_go(self) -> None:
        """Of what nobody uses: by the clock, for there may be nobody who draws next."""
        self.wardrobe.drop_idle()
        self.engine.wipe_idle(self._idle_s)


class EngineRenderer:
    """One StepEngine; whoever draws waits in a thread of its own. The backbone is loaded by start(), or by the first
    drawing."""

    def __init__(self, settings: RendererSettings, faces: FaceEngine, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._judge = Judge(faces, settings.upscale_to_px)
        self._sources = Sources(faces, settings.source_max_pixels)
        self._loading = threading.Lock()
        self._running: _Running | None = None
        self._loads = True
        self._withdrawn = Withdrawn()
        self._apart = Apart()
        self._closed = False

    def start(self) -> None:
        """Load the backbone now. Raises BackboneUnusable, EngineAway once closed."""
        self._ready()

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
        """As the port says. A batch in which not everybody has a face that is theirs alone and like them is followed by
        another one, from a derived seed, up to the settings' number."""
        people = [Placed(self.dress(each.adapter), each.area) for each in beside]
        return self.draw_dressed(words, order, [Placed(self.dress(adapter), order.area), *people], on_step, begin)

    def dress(self, adapter: OpenAdapter) -> Dressed:
        """The adapter, ready for draw_dressed. Raises AdapterRevoked, AdapterDamaged."""
        running = self._ready()
        if adapter.backbone_digest != running.backbone.digest:
            raise AdapterDamaged("the adapter was trained on another backbone", remedy=LEARN_ANEW)
        return running.wardrobe.dress(adapter)

    def held(self, whose: Whose) -> Dressed | None:
        """The adapter if it is here already. Raises AdapterRevoked."""
        return self._ready().wardrobe.held(whose)

    def draw_dressed(
        self,
        words: Words,
        order: Order,
        people: Sequence[Placed],
        on_step: OnStep,
        begin: Beginning | None = None,
        *,
        alone: bool = False,
        in_line: Callable[[], None] | None = None,
    ) -> Drawing:
        """As draw; the subject comes first. alone: an engine was lost with it before, so it takes nobody along.
        in_line: called in on_step's place while it waits and is not in the engine; on_step is called before it is."""
        whose = tuple(each.dressed.whose for each in people)

        def wait() -> None:
            if any(map(self._withdrawn.covers, whose)):
                raise AdapterRevoked
            if in_line is None:
                on_step(0, 0)
            else:
                in_line()
            time.sleep(_LOOK_S)

        with self._apart.drawing((order, whose), wait, alone=alone):
            on_step(0, 0)
            return self._drawn(words, order, people, on_step, begin)

    def _drawn(
        self, words: Words, order: Order, people: Sequence[Placed], on_step: OnStep, begin: Beginning | None
    ) -> Drawing:
        running = self._ready()
        for each in people:  # dressed, perhaps, for an engine that was replaced while they waited in line
            running.wardrobe.note(each.dressed.whose)
        size = self._size(running, order, people)
        start = None if begin is None else self._sources.start(begin, size, len(people))
        worn = worn_by(people, words, running.backbone.config.trigger, order.adapter_strength)
        known = all(each.dressed.reference is not None for each in people)
        sitters = [Sitter(each.dressed.reference, each.area) for each in people]
        best: Candidate | None = None
        for batch in range(self._settings.batches):
            request = self._request(words, order, batch, running.backbone.config.trigger)
            asked = EngineRequest(request, worn, height_px=size[0], width_px=size[1], start=start)
            drawn = self._batch(running, asked, [each.dressed for each in people], batch, on_step)
            found = self._judge.best(drawn, sitters)
            best = found if best is None else max(best, found, key=lambda candidate: candidate.rank)
            if best.alone and (not known or best.likeness >= self._settings.good_enough):
                break
        assert best is not None, "the settings ask for at least one batch"
        height, width = best.picture.shape[:2]
        likeness = best.likeness if known else None
        return Drawing(png(best.picture), width, height, running.backbone.digest, likeness)

    def revoke(self, withdrawal: Withdrawal, *, confirmed: bool = False) -> None:
        """As the port says; here it has happened on return."""
        del confirmed
        # Without the lock, which is held while a backbone loads. What is loaded later refuses what was added before.
        self._withdrawn.add(withdrawal)
        running = self._running
        if running is not None:
            running.withdraw(withdrawal)

    def healthy(self) -> None:
        """Raises Unavailable once closed, when the backbone did not load, and when the engine's loop has ended."""
        if self._closed:
            raise EngineAway("the engine is closed")
        if not self._loads:
            raise EngineAway("the backbone did not load when it was last tried")
        if self._running is not None and not self._running.engine.healthy:
            raise EngineAway("the engine stopped at a defect")

    def load(self) -> EngineLoad:
        """What it does now."""
        running = self._running
        if running is None:
            return EngineLoad()
        stats = running.engine.stats()
        return EngineLoad(
            engines=1,
            waiting=stats.queued_rows,
            drawing=stats.rows_in_flight,
            slots=stats.slots,
            slots_worn=stats.slots_held,
            steps=stats.steps_taken,
            shortages=stats.shortages,
            adapters_held=running.wardrobe.hits,
            adapters_packed=running.wardrobe.packed,
            oldest_wait_s=stats.oldest_wait_s,
            first_step_p95_s=stats.wait_p95_s or 0.0,
        )

    def close(self) -> None:
        """End the engine; what is drawn ends as EngineAway."""
        with self._loading:
            self._closed = True
            running = self._running
        if running is not None:
            running.close()

    def _ready(self) -> _Running:
        with self._loading:
            if self._closed:
                raise EngineAway("the engine is closed")
            if self._running is not None and not self._running.engine.healthy:
                # A defect; nobody else would start it anew, and whatever is asked for would fail until somebody did.
                broken, self._running = self._running, None
                broken.close()
                del broken
            if self._running is None:
                self._running = self._loaded()
            return self._running

    def _loaded(self) -> _Running:
        try:
            running = _Running(self._settings, self._withdrawn, self._clock)
        except Exception:  # whatever it is, no memory for one: nobody is drawn
            self._loads = False
            raise
        self._loads = True
        return running

    def _size(self, running: _Running, order: Order, people: Sequence[Placed]) -> tuple[int, int]:
        """Height and width, as asked for; of several so that each part is as large as one of one person, where that
        is drawn."""
        if order.size is not None:
            return running.engine.family.size(order.size.height_px, order.size.width_px)
        height, width = running.engine.family.size(None, None)
        of = canvas([each.area for each in people if each.area is not None])
        if height * of.down * width * of.across > running.engine.settings.max_pixels_in_parts:
            return height, width
        try:
            return running.engine.family.size(height * of.down, width * of.across)
        except RequestInvalid:
            return height, width

    def _request(self, words: Words, order: Order, batch: int, trigger: str) -> RenderRequest:
        return RenderRequest(
            prompt=about(words.prompt, trigger),
            negative_prompt=words.negative_prompt,
            seed=derived_seed(order.seed, batch * self._settings.best_of),
            steps=order.steps,
            guidance_scale=order.guidance_scale,
            likeness_scale=order.likeness_scale,
            count=self._settings.best_of,
        )

    def _batch(
        self, running: _Running, request: EngineRequest, people: Sequence[Dressed], batch: int, on_step: OnStep
    ) -> list[RgbU8]:
        """The batch's pictures. on_step is called in this thread: what it waits for must not hold up strangers."""
        told: Told = queue.SimpleQueue()
        ticket = self._submitted(running, request, told, on_step)
        ticket.when_over(lambda _ticket: told.put(None))
        steps = 0
        try:
            while True:
                # Asked after it was handed in, so a withdrawal in between is noticed here or by the engine.
                for each in people:
                    running.wardrobe.require_standing(each.whose)
                try:
                    said = told.get(timeout=_LOOK_S)
                except queue.Empty:
                    on_step(0, (batch + 1) * steps)
                    continue
                if said is None:
                    return ticket.result()
                step, steps = said
                on_step(batch * steps + step, (batch + 1) * steps)
        except (Revoked, AdapterRevoked) as error:
            # Handed in behind a withdrawal, it may have filled the slot again; once it is over, it does not.
            ticket.cancel()
            for each in people:
                if len(people) == 1 or self._withdrawn.covers(each.whose):
                    running.engine.revoke(digest=each.whose.digest)
            raise AdapterRevoked from error
        finally:
            ticket.cancel()
            del ticket  # it holds what is raised, whose frames would hold it: a ring, with the engine in it

    @staticmethod
    def _submitted(running: _Running, request: EngineRequest, told: Told, on_step: OnStep) -> Ticket:
        """Hand it in, however long the engine has no room."""
        while True:
            try:
                return running.engine.submit(request, on_step=lambda step, steps: told.put((step, steps)))
            except QueueFull:
                on_step(0, 0)
                time.sleep(_FULL_S)
            except Revoked as error:
                raise AdapterRevoked from error
