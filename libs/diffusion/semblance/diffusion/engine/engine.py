"""The step loop: rows of many people's requests, joined and parted between any two denoising steps."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from typing import Final

import numpy as np
import torch

from semblance.diffusion.backbone import Backbone
from semblance.diffusion.engine import editing
from semblance.diffusion.engine.admission import Admission
from semblance.diffusion.engine.batch import Forward, Row, foreseen, moved
from semblance.diffusion.engine.conditioning import check_parts
from semblance.diffusion.engine.errors import EngineBroken, EngineClosed, OutOfMemory, Revoked
from semblance.diffusion.engine.floor import Floor
from semblance.diffusion.engine.preparing import Preparing
from semblance.diffusion.engine.request import EngineRequest, OnPreview, OnStep, Worn
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.sizes import Sizes, is_shortage, tidy
from semblance.diffusion.engine.stats import EngineStats, Meter
from semblance.diffusion.engine.stepping import Stepping
from semblance.diffusion.engine.ticket import Ticket
from semblance.diffusion.engine.waiting import Job
from semblance.diffusion.errors import AdapterUnusable, RequestInvalid
from semblance.diffusion.families.family import Family
from semblance.diffusion.families.registry import family_of
from semblance.diffusion.rendering import RenderRequest, RgbU8
from semblance.diffusion.slots import MAX_STRENGTH, AdapterWiped, Layout, Slots
from semblance.kernel.clock import Clock, SystemClock
from semblance.kernel.errors import SemblanceError

_log: Final = logging.getLogger(__name__)


class StepEngine:
    """Draws for many at once on one backbone, which it takes over until it is closed.

    `start` runs the loop in a thread; without it, `turn` takes one step of it. All other methods may be called from any
    thread, and from callbacks.
    """

    def __init__(
        self, source: Family | Backbone, settings: EngineSettings | None = None, clock: Clock | None = None
    ) -> None:
        """Waits for whoever renders or trains on the backbone. Raises BackboneTaken when another engine has it."""
        self.settings = settings or EngineSettings()
        self._clock = clock or SystemClock()
        self._mutex = threading.RLock()
        self._changed = threading.Condition(self._mutex)
        backbone = source if isinstance(source, Backbone) else source.backbone
        with backbone.lock:
            backbone.require_bare()
            self.family: Family = family_of(source) if isinstance(source, Backbone) else source
            try:
                self.layout = layout_of(self.family.backbone, self.settings)
                offload = self.family.backbone.options.offload
                computes = self.family.backbone.device if offload else None
                self._slots = Slots(self.family.towers(), self.layout, self.settings.slots, computes, self._clock)
            except BaseException:
                self.family.close()
                raise
        self._forward = Forward(self.family, self._slots)
        self._sizes = Sizes(self.settings.lanes, self.settings.recover_after_steps)
        self._meter = Meter()
        self._stepping = Stepping(self._forward, self._sizes, self._meter)
        self._preparing = Preparing(self.family, self._slots)
        self._floor = Floor(self.settings.max_lanes_in_flight)
        self._admission = Admission(
            self.settings,
            slots=self._slots,
            preparing=self._preparing,
            floor=self._floor,
            meter=self._meter,
            mutex=self._mutex,
        )
        self._drawn: deque[Row] = deque()
        """Rows that took their last step and are no picture yet."""
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
            self._orders += 1
            job = Job(request, size, self._clock.monotonic_s(), self._orders, on_step, on_preview)
            self._admission.put(job)
            self._changed.notify_all()
        return job.ticket

    def revoke(self, *, digest: str | None = None, subject_id: str | None = None) -> int:
        """Wipe an adapter, or all of a subject's, at once, also those of rows in flight; how many requests ended.

        They end as Revoked before their next step; what is submitted afterwards is the caller's to refuse. Raises
        RequestInvalid when neither is named.
        """
        if digest is None and subject_id is None:
            raise RequestInvalid("name the adapter or the subject that is revoked")

        def meant(worn: Worn) -> bool:
            own = worn.adapter.digest if worn.adapter is not None else None
            return digest in (None, own) and subject_id in (None, worn.subject_id)

        with self._mutex:
            # Ended first: from here on nobody acquires these adapters for them.
            ended = sum(job.ticket.end(Revoked()) for job in self._jobs() if any(map(meant, job.request.worn)))
            self._slots.wipe(digest, subject_id)
            self._forward.forget()
            self._admission.let_go()
        return ended

    def wipe_idle(self, idle_s: float) -> int:
        """Wipe every adapter that no row has worn for so long, from slots and lanes; how many. By whom and how often it
        is asked is the caller's: without, an adapter stays until another needs its slot."""
        with self._mutex:
            wiped = self._slots.wipe_idle(idle_s)
            if wiped:
                self._forward.forget()
        return wiped

    def stats(self) -> EngineStats:
        """Where the engine stands."""
        with self._mutex:
            now_s = self._clock.monotonic_s()
            rows = self._floor.rows
            return EngineStats(
                healthy=self.healthy,
                queued_rows=self._admission.queued_rows,
                rows_in_flight=len(rows),
                oldest_wait_s=max(
                    (now_s - job.arrived_s for job in self._admission.jobs if not job.begun), default=0.0
                ),
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
        """Run the loop in a thread of its own. Raises RuntimeError the second time."""
        with self._mutex:
            if self._thread is not None or not self._taking:
                raise RuntimeError("an engine starts once")
            self._thread = threading.Thread(target=self._run, name="step-engine", daemon=True)
            self._thread.start()

    def drain(self, timeout_s: float) -> bool:
        """Take no more requests; whether those there were are over by then. Needs a started engine."""
        with self._changed:
            self._taking = False
            return self._changed.wait_for(lambda: not self._busy(), timeout_s)

    def close(self, drain_s: float = 0.0) -> None:
        """Let requests finish for so long, end the others as EngineClosed, and give the backbone back bare."""
        if self._thread is not None:
            self.drain(drain_s)
        with self._changed:
            self._taking, self._stopping = False, True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._fail_all(EngineClosed())
        with self.family.backbone.lock:
            self._slots.detach()
            self.family.close()

    def prove_sizes(self) -> tuple[int, ...]:
        """Try every padded size on a picture of nobody, of the backbone's own size and numbers; those with equal bits.

        Other classes are tried when their first row comes.
        """
        request, size = EngineRequest(RenderRequest("", 0)), self.family.size(None, None)
        prepared = self._preparing.prepare(request, size, ())
        self._stepping.prove(self._preparing.row(Job(request, size, 0.0, 0), prepared, 0, ()))
        return self._sizes.proven[0]

    def turn(self) -> bool:
        """Let rows in, finish one picture, take one step of one class; whether there was anything to do."""
        now_s = self._clock.monotonic_s()
        self._sweep(now_s)
        self._admission.admit(now_s, self._sizes.allowed)
        decoded = self._decode_one()
        with self._mutex:
            rows = self._floor.next_rows()
        if rows:
            self._step(rows)
        return decoded or bool(rows)

    def _run(self) -> None:
        try:
            self.prove_sizes()
            while self._awaited():
                self.turn()
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            # The frames only: an error's text may hold what a person wrote.
            frames = "".join(traceback.format_tb(error.__traceback__))
            _log.critical("the engine met a defect, %s, and stops:\n%s", type(error).__name__, frames)
            with self._mutex:
                self._broken = True
            self._fail_all(EngineBroken())

    def _awaited(self) -> bool:
        """Wait for something to do; False when the engine stops."""
        with self._changed:
            if not self._stopping and not self._busy():
                self._forward.rest()
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping or self._busy())
            return not self._stopping

    def _busy(self) -> bool:
        """Whether there is anything to do. Words and adapters of who is over are let go of first: the loop may sleep
        behind this for as long as nobody comes."""
        self._admission.let_go()
        return bool(self._admission.jobs or len(self._floor) or self._drawn)

    def _jobs(self) -> list[Job]:
        """Every job that is not over, waiting or in flight."""
        in_flight = [row.job for row in [*self._floor.rows, *self._drawn]]
        jobs = {job.order: job for job in [*self._admission.jobs, *in_flight]}
        return [job for job in jobs.values() if not job.ticket.over]

    def _fail_all(self, error: SemblanceError) -> None:
        with self._changed:
            for job in self._jobs():
                job.ticket.end(error)
            self._sweep(self._clock.monotonic_s())
            self._changed.notify_all()

    # Drawing

    def _checked(self, request: EngineRequest) -> tuple[int, int]:
        """The size that is drawn. Raises RequestInvalid."""
        size = self.family.size(request.height_px, request.width_px)
        if size[0] * size[1] > self.settings.max_pixels:
            raise RequestInvalid(f"a picture has at most {self.settings.max_pixels} pixels")
        if len(request.worn) > self.settings.max_people:
            raise RequestInvalid(f"a picture has at most {self.settings.max_people} adapters")
        if len({worn.adapter.digest for worn in request.worn if worn.adapter}) > self.settings.slots:
            raise RequestInvalid(f"this engine holds {self.settings.slots} adapters at once")
        if not all(0.0 <= worn.strength <= MAX_STRENGTH for worn in request.worn):
            raise RequestInvalid(f"strength must be 0 to {MAX_STRENGTH:g}")
        check_parts(request.worn, self.family, size, self.settings.max_pixels_in_parts)
        if request.start is not None:
            editing.check(request.start, size)
        return size

    def _sweep(self, now_s: float) -> None:
        """Let go of everything whose request is over."""
        with self._mutex:
            self._admission.sweep(now_s)
            self._drawn = deque(row for row in self._drawn if not row.job.ticket.over)
            for row in self._floor.rows:
                if row.job.ticket.over:
                    self._admission.leave(row)

    def _step(self, rows: list[Row]) -> None:
        began_s = self._clock.monotonic_s()
        try:
            predicted = self._stepping.predicted(rows)
        except AdapterWiped:
            # A revocation ends tickets before it wipes: the next sweep takes them away, and the step is taken then.
            if not any(row.job.ticket.over for row in rows):
                raise
            return
        if predicted is None or not self._move(rows, predicted[0]):
            for row in rows:
                row.job.ticket.end(OutOfMemory())
            return
        took_s = self._clock.monotonic_s() - began_s
        self._meter.stepped(took_s, len(rows) * rows[0].batch_class.lanes, predicted[1])
        self._sizes.went_well()
        for row in rows:
            self._tell(row)
            with self._mutex:
                if row.finished and not row.job.ticket.over:
                    self._admission.leave(row)
                    self._drawn.append(row)

    def _move(self, rows: list[Row], predictions: torch.Tensor) -> bool:
        """Take the step; False when memory ran out in the midst of it, where no row may go on."""
        try:
            glimpses = [
                foreseen(row, one) if self._previewed(row) else None
                for row, one in zip(rows, torch.split(predictions, 1), strict=True)
            ]
            latents = moved(rows, predictions)
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            tidy()
            return False
        for row, own, glimpse in zip(rows, latents, glimpses, strict=True):
            row.latents, row.glimpse = own, glimpse
            row.step += 1
        return True

    def _previewed(self, row: Row) -> bool:
        """Whether the step that a row takes now is followed by a preview: some are, the last is not."""
        taken = row.step + 1
        return row.job.on_preview is not None and taken % self.settings.preview_every == 0 and taken < row.plan.steps

    def _tell(self, row: Row) -> None:
        """Progress, and a preview when it is due. What a callback raises ends its request."""
        job = row.job
        if job.ticket.over:
            return
        job.steps_taken += 1
        try:
            if job.on_step is not None:
                job.on_step(job.steps_taken, row.steps * job.rows)
            if job.on_preview is not None and row.glimpse is not None and not job.ticket.over:
                job.on_preview(row.index, _pixels(self.family.preview(row.glimpse)))
        except Exception as error:  # noqa: BLE001 - a caller's own
            job.ticket.end(error)

    def _decode_one(self) -> bool:
        """Make the picture of one row that took its last step, and with the last of them end the request."""
        with self._mutex:
            row = self._drawn[0] if self._drawn else None
        if row is None:
            return False
        job = row.job
        try:
            picture = self.family.decode(row.latents)
            if not bool(torch.isfinite(picture).all()):
                raise AdapterUnusable("the picture holds numbers that are not finite")
            job.pictures[row.index] = editing.pasted(_pixels(picture), job.request.start)
        except SemblanceError as error:
            job.ticket.end(error)
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            tidy()
            job.ticket.end(OutOfMemory())
        with self._mutex:
            if self._drawn and self._drawn[0] is row:
                self._drawn.popleft()
        if len(job.pictures) == job.rows:
            job.ticket.end([job.pictures[index] for index in range(job.rows)])
        return True


def layout_of(backbone: Backbone, settings: EngineSettings) -> Layout:
    """Where adapters for an engine with these settings have their numbers: what `flatten` packs them for."""
    lora, towers = backbone.config.lora, backbone.towers
    return Layout.of(
        towers,
        lora.unet_targets,
        lora.text_targets,
        lora.rank if settings.rank is None else settings.rank,
        lora.text_rank if settings.text_rank is None else settings.text_rank,
        next(backbone.denoiser.parameters()).dtype,
        backbone_digest=backbone.digest,
    )


def _pixels(pictures: torch.Tensor) -> RgbU8:
    """The first of pictures (N, 3, H, W) of 0 to 1, as (H, W, 3) of 0 to 255; what is no number is black."""
    shown = torch.nan_to_num(pictures[0]).permute(1, 2, 0).numpy()
    pixels: RgbU8 = np.round(shown * 255.0).astype(np.uint8)
    return pixels
