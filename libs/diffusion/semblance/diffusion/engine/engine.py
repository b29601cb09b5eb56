"""The step loop: rows of many people's requests, joined and parted between any two denoising steps."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.engine.batch import BatchClass, Forward, Row, moved
from semblance.diffusion.engine.errors import (
    DeadlineMissed,
    EngineBroken,
    EngineClosed,
    OutOfMemory,
    QueueFull,
    Revoked,
)
from semblance.diffusion.engine.opening import require_openable
from semblance.diffusion.engine.preparing import Prepared, Preparing
from semblance.diffusion.engine.request import EngineRequest, OnPreview, OnStep, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.sizes import Sizes, is_shortage, tidy
from semblance.diffusion.engine.stats import EngineStats, Meter
from semblance.diffusion.engine.ticket import Ticket
from semblance.diffusion.engine.waiting import Job, in_order
from semblance.diffusion.errors import AdapterUnusable, RequestInvalid
from semblance.diffusion.families.family import Family
from semblance.diffusion.families.stable_diffusion import StableDiffusion
from semblance.diffusion.rendering import RenderRequest, RgbU8
from semblance.diffusion.slots import AdapterWiped, Layout, Slots, SlotsFull, Use, WornByAnother
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.errors import SemblanceError

_log: Final = logging.getLogger(__name__)
_RETRY_AFTER_S: Final = 5


class StepEngine:
    """Draws for many at once on one backbone, which it takes over until it is closed.

    `start` runs the loop in a thread; without it, `turn` takes one step of it. All other methods may be called from any
    thread, and from callbacks.
    """

    def __init__(
        self, source: Family | Backbone, settings: EngineSettings | None = None, clock: Clock | None = None
    ) -> None:
        self.settings = settings or EngineSettings()
        self.family: Family = StableDiffusion(source) if isinstance(source, Backbone) else source
        self.layout = layout_of(self.family, self.settings)
        self._clock = clock or SystemClock()
        self._slots = Slots(self.family.towers(), self.layout, self.settings.slots)
        self._preparing = Preparing(self.family, self._slots)
        self._forward = Forward(self.family, self._slots)
        self._sizes = Sizes(self.settings.lanes, self.settings.recover_after_steps)
        self._meter = Meter()
        self._mutex = threading.RLock()
        self._changed = threading.Condition(self._mutex)
        self._queue: list[Job] = []
        self._classes: dict[BatchClass, list[Row]] = {}
        self._turns: dict[BatchClass, int] = {}
        self._turn = 0
        self._ended: deque[Row] = deque()
        self._orders = 0
        self._thread: threading.Thread | None = None
        self._taking = True
        self._stopping = False
        self._broken = False

    # Asking

    def submit(
        self, request: EngineRequest, on_step: OnStep | None = None, on_preview: OnPreview | None = None
    ) -> Ticket:
        """Queue a request. Raises RequestInvalid, QueueFull, EngineClosed, EngineBroken; what only drawing finds out
        (a prompt too long, an adapter that does not fit) is raised by the ticket's `result`."""
        size = self._checked(request)
        with self._changed:
            if self._broken:
                raise EngineBroken
            if not self._taking:
                raise EngineClosed
            queued = sum(job.waiting for job in self._queue if not job.ticket.over)
            if queued + request.picture.count > self.settings.max_queued_rows:
                raise QueueFull(f"at most {self.settings.max_queued_rows} pictures wait", retry_after_s=_RETRY_AFTER_S)
            self._orders += 1
            job = Job(request, size, self._clock.monotonic_s(), self._orders, on_step, on_preview)
            self._queue.append(job)
            self._changed.notify_all()
        return job.ticket

    def revoke(self, *, digest: str | None = None, subject_id: str | None = None) -> int:
        """Wipe an adapter, or all of a subject's, at once, also those of rows in flight; how many requests ended.

        They end as Revoked before their next step; what is submitted afterwards is the caller's to refuse.
        """
        if digest is None and subject_id is None:
            raise RequestInvalid("name the adapter or the subject that is revoked")

        def meant(worn: Worn) -> bool:
            own = worn.adapter.digest if worn.adapter is not None else None
            return digest in (None, own) and subject_id in (None, worn.subject_id)

        with self._mutex:
            # Ended first: from here on nobody acquires these adapters for them.
            jobs = [job for job in self._jobs() if any(map(meant, job.request.worn))]
            ended = sum(job.ticket.end(Revoked()) for job in jobs)
            self._slots.wipe(digest, subject_id)
            self._forward.forget()
        return ended

    def stats(self) -> EngineStats:
        """Where the engine stands."""
        with self._mutex:
            now_s = self._clock.monotonic_s()
            queued = [job for job in self._queue if not job.ticket.over and job.waiting]
            rows = self._rows()
            return EngineStats(
                healthy=self.healthy,
                queued_rows=sum(job.waiting for job in queued),
                rows_in_flight=len(rows),
                oldest_wait_s=max((now_s - job.arrived_s for job in queued), default=0.0),
                last_steps_s=tuple(self._meter.steps_s),
                wait_p50_s=self._meter.wait_s(0.5),
                wait_p95_s=self._meter.wait_s(0.95),
                slots=self.settings.slots,
                slots_held=len({use.held.slot for row in rows for use in row.uses}),
                proven=self._sizes.proven,
                allowed_lanes=self._sizes.allowed,
                occupancy_0_1=self._meter.occupancy_0_1,
                steps_taken=self._meter.steps_taken,
                shortages=self._meter.shortages,
            )

    @property
    def healthy(self) -> bool:
        """False once the loop met a defect; nothing is drawn any more."""
        return not self._broken

    # Living

    def start(self) -> None:
        """Run the loop in a thread of its own."""
        with self._mutex:
            if self._thread is not None or not self._taking:
                raise RuntimeError("an engine starts once")
            self._thread = threading.Thread(target=self._run, name="step-engine", daemon=True)
        self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """Take no more requests; whether all there were are over by then. Needs a started engine."""
        with self._changed:
            self._taking = False
            return self._changed.wait_for(lambda: not self._busy(), timeout_s)

    def close(self, drain_s: float = 0.0) -> None:
        """Let requests finish for so long, end the others as EngineClosed, and give the backbone back bare."""
        if self._thread is not None:
            self.drain(drain_s)
        with self._changed:
            self._taking = False
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._fail_all(EngineClosed())
        self._slots.detach()
        close = getattr(self.family, "close", None)
        if close is not None:
            close()

    def prove_sizes(self) -> tuple[int, ...]:
        """Try every padded size on a picture of nobody, of the backbone's own size and numbers; those with equal bits.

        Other classes are tried when their first row comes.
        """
        request = EngineRequest(RenderRequest("", 0))
        size = self.family.size(None, None)
        job = Job(request, size, 0.0, 0)
        row = self._preparing.row(job, self._preparing.prepare(request, size, ()), 0, ())
        self._prove(row)
        return self._sizes.proven[0] if self._sizes.proven else ()

    def turn(self) -> bool:
        """Let rows in, take one step of one class, finish one picture; whether there was anything to do."""
        self._sweep()
        self._admit()
        busy = self._decode_one()
        rows = self._next_rows()
        if rows:
            self._step(rows)
            busy = True
        return busy

    def _run(self) -> None:
        try:
            self.prove_sizes()
            while self._awaited():
                self.turn()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            # The frames only: an error's text may hold what a person wrote.
            _log.critical(
                "the engine met a defect, %s, and stops:\n%s",
                type(error).__name__,
                "".join(traceback.format_tb(error.__traceback__)),
            )
            with self._mutex:
                self._broken = True
            self._fail_all(EngineBroken())

    def _awaited(self) -> bool:
        """Wait for something to do; False when the engine stops."""
        with self._changed:
            if not self._busy():
                self._forward.rest()
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping or self._busy())
            return not self._stopping

    def _busy(self) -> bool:
        return bool(self._queue or self._classes or self._ended)

    def _fail_all(self, error: SemblanceError) -> None:
        with self._changed:
            for job in self._jobs():
                job.ticket.end(error)
            self._sweep()
            self._changed.notify_all()

    # Letting in

    def _checked(self, request: EngineRequest) -> tuple[int, int]:
        """The size that is drawn. Raises RequestInvalid."""
        require_openable(request)
        size = self.family.size(request.height_px, request.width_px)
        if size[0] * size[1] > self.settings.max_pixels:
            raise RequestInvalid(f"a picture has at most {self.settings.max_pixels} pixels")
        if len(request.worn) > self.settings.max_people:
            raise RequestInvalid(f"a picture has at most {self.settings.max_people} adapters")
        if len({worn.adapter.digest for worn in request.worn if worn.adapter}) > self.settings.slots:
            raise RequestInvalid(f"this engine holds {self.settings.slots} adapters at once")
        for worn in request.worn:
            if not 0.0 <= worn.strength <= 2.0:
                raise RequestInvalid("strength must be 0 to 2")
        return size

    def _jobs(self) -> list[Job]:
        """Every job that is not over, queued or in flight."""
        jobs = {job.order: job for job in [*self._queue, *(row.job for row in [*self._rows(), *self._ended])]}
        return [job for job in jobs.values() if not job.ticket.over]

    def _rows(self) -> list[Row]:
        return [row for rows in self._classes.values() for row in rows]

    def _sweep(self) -> None:
        """Let go of everything whose request is over, and of what missed its deadline."""
        with self._changed:
            now_s = self._clock.monotonic_s()
            for job in self._queue:
                if job.missed(now_s):
                    job.ticket.end(DeadlineMissed())
            self._queue = [job for job in self._queue if job.waiting and not job.ticket.over]
            self._ended = deque(row for row in self._ended if not row.job.ticket.over)
            for rows in list(self._classes.values()):
                for row in [row for row in rows if row.job.ticket.over]:
                    self._leave(row)

    def _leave(self, row: Row) -> None:
        """Take a row out of its class, and its adapters off the slots if nobody else wears them."""
        with self._mutex:
            rows = self._classes[row.batch_class]
            rows.remove(row)
            if not rows:
                del self._classes[row.batch_class], self._turns[row.batch_class]
            for use in row.uses:
                self._slots.release(use.held)

    def _admit(self) -> None:
        """Let in whom lanes and slots allow, the most urgent first."""
        now_s = self._clock.monotonic_s()
        allowance = self.settings.prepared_per_step
        with self._mutex:
            queue = in_order(self._queue, now_s, self.settings.ageing_s)
        for job in queue:
            try:
                if job.prepared is None and not job.ticket.over:
                    if allowance == 0:
                        continue
                    allowance -= 1
                    self._prepare(job)
                while job.waiting and not job.ticket.over and self._has_room(job.prepared):
                    self._begin(job, now_s)
            except SlotsFull:
                if now_s - job.arrived_s >= self.settings.ageing_s:
                    return
            except (SemblanceError, WornByAnother) as error:
                job.ticket.end(error)
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error):
                    raise
                tidy()
                job.ticket.end(OutOfMemory())

    def _prepare(self, job: Job) -> None:
        with self._held(job) as uses:
            job.prepared = self._preparing.prepare(job.request, job.size, uses)

    def _has_room(self, prepared: Prepared) -> bool:
        own = prepared.batch_class
        rows = self._classes.get(own)
        if rows is None:
            return len(self._classes) < self.settings.classes
        return (len(rows) + 1) * own.lanes <= self._sizes.allowed

    def _begin(self, job: Job, now_s: float) -> None:
        """The job's next row joins its class."""
        uses = self._acquired(job)
        try:
            row = self._preparing.row(job, job.prepared, job.begun, uses)
        except BaseException:
            for use in uses:
                self._slots.release(use.held)
            raise
        with self._mutex:
            own = row.batch_class
            # A new class goes next, but not before one that has waited for longer than a round.
            self._turns.setdefault(own, self._turn - len(self._classes) - 1)
            self._classes.setdefault(own, []).append(row)
            job.begun += 1
            job.ticket.begin()
            self._meter.waits_s.append(now_s - job.arrived_s)

    def _acquired(self, job: Job) -> list[Use]:
        """The job's adapters, held; all or none. Raises SlotsFull, AdapterUnusable, Revoked."""
        with self._mutex:  # against a revocation: it ends the ticket and wipes in one go
            if job.ticket.over:
                raise Revoked
            uses: list[Use] = []
            try:
                for worn in job.request.worn:
                    if worn.adapter is not None:
                        uses.append(Use(self._slots.acquire(worn.adapter, worn.subject_id), worn.strength))
            except BaseException:
                for use in uses:
                    self._slots.release(use.held)
                raise
            return uses

    @contextmanager
    def _held(self, job: Job) -> Iterator[list[Use]]:
        uses = self._acquired(job)
        try:
            yield uses
        finally:
            for use in uses:
                self._slots.release(use.held)

    # Stepping

    def _next_rows(self) -> list[Row]:
        """The class whose turn it is: the one that was drawn longest ago."""
        with self._mutex:
            if not self._classes:
                return []
            own = min(self._turns, key=lambda key: (self._turns[key], self._classes[key][0].job.order))
            self._turn += 1
            self._turns[own] = self._turn
            return list(self._classes[own])

    def _step(self, rows: list[Row]) -> None:
        began_s = self._clock.monotonic_s()
        try:
            predictions, computed = self._predicted(rows)
        except AdapterWiped:
            self._end_wiped(rows)
            return
        if predictions is None:
            for row in rows:
                row.job.ticket.end(OutOfMemory())
            return
        for row, latents in zip(rows, moved(rows, predictions), strict=True):
            row.latents = latents
            row.step += 1
        self._meter.stepped(self._clock.monotonic_s() - began_s, len(rows) * rows[0].batch_class.lanes, computed)
        self._sizes.went_well()
        for row in rows:
            self._tell(row)
            if row.finished and not row.job.ticket.over:
                with self._mutex:
                    self._leave(row)
                    self._ended.append(row)

    def _predicted(self, rows: list[Row]) -> tuple[torch.Tensor | None, int]:
        """Guided predictions (N, ...) and the lanes it took; None when not even the smallest forward fits into memory.

        Rows are untouched until all of them are predicted, so a step that ran out of memory is taken anew in smaller
        forwards as if it had never been.
        """
        own = rows[0].batch_class
        while True:
            try:
                if not self._sizes.known(own):
                    self._prove(rows[0])
                parts: list[torch.Tensor] = []
                computed = done = 0
                for count, size in self._sizes.forwards(own, len(rows)):
                    parts.append(self._forward.guided(rows[done : done + count], size))
                    done += count
                    computed += size
                return torch.cat(parts), computed
            except (MemoryError, RuntimeError) as error:
                if not is_shortage(error):
                    raise
            self._meter.shortages += 1
            self._forward.forget()
            tidy()
            if not self._sizes.shrink():
                return None, 0

    def _prove(self, row: Row) -> None:
        self._sizes.prove(row.batch_class, lambda size: self._forward.raw([row], size))

    def _end_wiped(self, rows: Sequence[Row]) -> None:
        """Somebody's adapter went between two steps. Who it was is known: a revocation ends tickets before it wipes."""
        self._forward.forget()
        if not any(row.job.ticket.over for row in rows):
            raise AdapterWiped

    def _tell(self, row: Row) -> None:
        """Progress, and a preview when it is due. What a callback raises ends its request."""
        job = row.job
        if job.ticket.over:
            return
        job.steps_taken += 1
        try:
            if job.on_step is not None:
                job.on_step(job.steps_taken, (row.plan.steps) * job.rows)
            if job.on_preview is not None and row.step % self.settings.preview_every == 0 and not row.finished:
                job.on_preview(row.index, _pixels(self.family.preview(row.latents)))
        except Exception as error:  # noqa: BLE001 - a caller's own
            job.ticket.end(error)

    def _decode_one(self) -> bool:
        """Make the picture of one row that took its last step, and with the last of them end the request."""
        with self._mutex:
            row = self._ended.popleft() if self._ended else None
        if row is None:
            return False
        job = row.job
        try:
            picture = self.family.decode(row.latents)
            if not bool(torch.isfinite(picture).all()):
                raise AdapterUnusable("the picture holds numbers that are not finite")
            job.pictures[row.index] = _pixels(picture)
        except AdapterUnusable as error:
            job.ticket.end(error)
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            tidy()
            job.ticket.end(OutOfMemory())
        if len(job.pictures) == job.rows:
            job.ticket.end([job.pictures[index] for index in range(job.rows)])
        return True


def layout_of(family: Family, settings: EngineSettings) -> Layout:
    """Where adapters for an engine with these settings have their numbers: what `flatten` packs them for."""
    lora = family.config.lora
    towers = family.towers()
    module = next(iter(towers.values()))
    return Layout.of(
        towers,
        lora.unet_targets,
        lora.text_targets,
        lora.rank if settings.rank is None else settings.rank,
        lora.text_rank if settings.text_rank is None else settings.text_rank,
        next(module.parameters()).dtype,
        backbone_digest=family.digest,
    )


def _pixels(pictures: torch.Tensor) -> RgbU8:
    """The first of pictures (N, 3, H, W) of 0 to 1, as (H, W, 3) of 0 to 255."""
    pixels: RgbU8 = np.round(pictures[0].permute(1, 2, 0).numpy() * 255.0).astype(np.uint8)
    return pixels
