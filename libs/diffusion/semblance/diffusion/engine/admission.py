"""Who waits, and who is let in between two steps: lanes, slots and urgency allowing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from semblance.diffusion.engine.batch import Row
from semblance.diffusion.engine.errors import DeadlineMissed, OutOfMemory, QueueFull, Revoked
from semblance.diffusion.engine.floor import Floor
from semblance.diffusion.engine.preparing import Preparing
from semblance.diffusion.engine.settings import EngineSettings
from semblance.diffusion.engine.sizes import is_shortage, tidy
from semblance.diffusion.engine.stats import Meter
from semblance.diffusion.engine.waiting import Job, in_order
from semblance.diffusion.slots import Slots, SlotsFull, Use, WornByAnother
from semblance.kernel.errors import SemblanceError

_RETRY_AFTER_S: Final = 5


class Admission:
    """The queue in front of the floor. `mutex` is the engine's: what it guards is changed under it only."""

    def __init__(
        self,
        settings: EngineSettings,
        *,
        slots: Slots,
        preparing: Preparing,
        floor: Floor,
        meter: Meter,
        mutex: threading.RLock,
    ) -> None:
        self._settings = settings
        self._slots = slots
        self._preparing = preparing
        self._floor = floor
        self._meter = meter
        self._mutex = mutex
        self._jobs: list[Job] = []

    @property
    def jobs(self) -> list[Job]:
        """Jobs of which rows wait, in no order."""
        return [job for job in self._jobs if job.waiting and not job.ticket.over]

    @property
    def queued_rows(self) -> int:
        """Rows that wait."""
        return sum(job.waiting for job in self.jobs)

    def put(self, job: Job) -> None:
        """Queue a job. Raises QueueFull."""
        with self._mutex:
            if self.queued_rows + job.rows > self._settings.max_queued_rows:
                raise QueueFull(f"at most {self._settings.max_queued_rows} pictures wait", retry_after_s=_RETRY_AFTER_S)
            self._jobs.append(job)

    def sweep(self, now_s: float) -> None:
        """End jobs that missed their deadline, and let go."""
        with self._mutex:
            for job in self._jobs:
                if job.missed(now_s):
                    job.ticket.end(DeadlineMissed())
            self.let_go()

    def let_go(self) -> None:
        """Of jobs that are over, or have begun whole: of their words, adapters and faces."""
        with self._mutex:
            self._jobs = self.jobs

    def admit(self, now_s: float, allowed_lanes: int) -> None:
        """Let rows onto the floor, the most urgent first. Who needs a slot and has waited long is let past by nobody
        who needs one too."""
        with self._mutex:
            queue = in_order(self._jobs, now_s, self._settings.ageing_s)
        ahead = 2 * self._settings.lanes[-1] - sum(job.prepared is not None for job in queue)
        allowance = min(self._settings.prepared_per_step, ahead)
        slots_kept = False
        for job in queue:
            wears = any(worn.adapter is not None for worn in job.request.worn)
            if job.ticket.over or (slots_kept and wears):
                continue
            if job.prepared is None:
                if allowance <= 0:
                    continue
                allowance -= 1
            if not self._let_in(job, now_s, allowed_lanes):
                slots_kept = slots_kept or now_s - job.arrived_s >= self._settings.ageing_s

    def _let_in(self, job: Job, now_s: float, allowed_lanes: int) -> bool:
        """As many of the job's rows as there is room for; False when slots are missing. What is wrong with the job
        ends it, and nobody else."""
        try:
            if job.prepared is None:
                with self._held(job) as uses:
                    job.prepared = self._preparing.prepare(job.request, job.size, uses)
            while job.waiting and not job.ticket.over:
                with self._mutex:
                    if not self._floor.has_room(job.prepared.batch_class, allowed_lanes):
                        break
                self._begin(job, now_s)
        except SlotsFull:
            return False
        except (SemblanceError, WornByAnother) as error:
            job.ticket.end(error)
        except (MemoryError, RuntimeError) as error:
            if not is_shortage(error):
                raise
            tidy()
            job.ticket.end(OutOfMemory())
        return True

    def _begin(self, job: Job, now_s: float) -> None:
        uses = self._acquired(job)
        try:
            row = self._preparing.row(job, job.prepared, job.begun, uses)
        except BaseException:
            self._release(uses)
            raise
        with self._mutex:
            self._floor.join(row)
            job.begun += 1
            job.ticket.begin()
            self._meter.waits_s.append(now_s - job.arrived_s)

    def leave(self, row: Row) -> None:
        """Take a row off the floor, and its adapters off the slots where nobody else wears them."""
        with self._mutex:
            self._floor.leave(row)
            self._release(row.uses)

    def _acquired(self, job: Job) -> tuple[Use, ...]:
        """The job's adapters, held; all or none. Raises SlotsFull, AdapterUnusable, Revoked."""
        with self._mutex:  # a revocation ends tickets and wipes slots in one go: none is filled again in between
            if job.ticket.over:
                raise Revoked
            uses: list[Use] = []
            try:
                for worn in job.request.worn:
                    if worn.adapter is not None:
                        uses.append(Use(self._slots.acquire(worn.adapter, worn.subject_id), worn.strength))
            except BaseException:
                self._release(uses)
                raise
            return tuple(uses)

    def _release(self, uses: tuple[Use, ...] | list[Use]) -> None:
        for use in uses:
            self._slots.release(use.held)

    @contextmanager
    def _held(self, job: Job) -> Iterator[tuple[Use, ...]]:
        uses = self._acquired(job)
        try:
            yield uses
        finally:
            self._release(uses)
