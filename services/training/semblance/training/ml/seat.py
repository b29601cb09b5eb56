"""Where a cohort learns in a Ray cluster: an actor, a process of its own, that ends with whoever asked for it.

It holds no key that outlives a job and no credentials. Nothing of a person is in the clear where Ray keeps things: see
`parcels`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import ray

from semblance.kernel.errors import SemblanceError
from semblance.service_kit.cluster.answers import Refused
from semblance.training.ml import parcels
from semblance.training.ml.parcels import Answer, Done, Job, Kept, Tick
from semblance.training.ml.starting import TrainerOptions, started
from semblance.training.ml.trainer import LoraTrainer

_STILL_HERE_S: Final = 1.0
_LEFT_KEPT: Final = 1024
"""Ids of trainings that were stopped before they came here; one comes at most seconds later than it was stopped."""
Parcel = list[ray.ObjectRef]
"""None or one reference to sealed bytes; in a list, or Ray would fetch them for everyone whom they pass."""
_Said = tuple[Answer, bytes | None]
_NOBODY_WAITS: Final = Refused("unavailable", "training-left", "nobody waits for this training any more", "")


class _Left(Exception):
    """Whoever asked has gone, or nobody may use the result any more."""


class Seat:
    """Trainings that are asked for at once are learnt together, each in a thread that waits and judges.

    Calls come in any order: one that stops a training may be here before the training is.
    """

    def __init__(self, options: TrainerOptions) -> None:
        self._trainer = started(options)
        self._threads = ThreadPoolExecutor(max(options.trainer.cohort, 1), thread_name_prefix="training")
        self._jobs: dict[str, tuple[_Learning, asyncio.Future[_Said]]] = {}
        self._left: deque[str] = deque(maxlen=_LEFT_KEPT)

    async def pid(self) -> int:
        """This process."""
        return os.getpid()

    async def train(self, job: Job, parcel: Parcel) -> AsyncIterator[tuple[Answer, Parcel]]:
        """Ticks and states, then one last answer; closed early, it ends before its next step."""
        if job.id in self._left:
            yield _NOBODY_WAITS, []
            return
        learning = _Learning(job, asyncio.get_running_loop())
        ends = asyncio.ensure_future(self._learnt(learning, parcel))
        # Known before anything is said or waited for: whoever stops it must find it.
        self._jobs[job.id] = (learning, ends)
        ends.add_done_callback(lambda _ends: self._jobs.pop(job.id, None))
        try:
            yield Tick("preparing", 0, 1), []
            async for answer, data in learning.said(ends):
                yield answer, [] if data is None else [ray.put(data)]
        finally:
            learning.leave()

    async def leave(self, job_id: str) -> None:
        """Its thread has let go of everything once this returns; one that is not here yet does not begin."""
        if job_id not in self._jobs:
            self._left.append(job_id)
            return
        learning, ends = self._jobs[job_id]
        learning.leave()
        await asyncio.wait([ends])

    async def _learnt(self, learning: _Learning, parcel: Parcel) -> _Said:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, learning.run, self._trainer, await parcel[0])


class _Learning:
    """One training: its thread's steps and states become answers; it is its own ports.Checkpoint."""

    def __init__(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        self._job = job
        self._loop = loop
        self._heard: asyncio.Queue[_Said | None] = asyncio.Queue()
        self._gone = threading.Event()
        self._state: bytes | None = None
        self._last = Tick("preparing", 0, 1)

    def leave(self) -> None:
        """Stop at the next step."""
        self._gone.set()

    def run(self, trainer: LoraTrainer, sealed: bytes) -> _Said:
        """In a thread; the last answer."""
        try:
            self._stop_if_gone()  # the photos were on their way meanwhile, or waited for a thread
            photos, self._state = parcels.open_photos(self._job, sealed)
            trained = trainer.train(photos, self._job.held_out, self._on_step, self)
            return Done(), parcels.seal_trained(self._job, trained)
        except SemblanceError as error:
            return Refused.of(error), None
        except _Left:
            return _NOBODY_WAITS, None
        except Exception as error:  # noqa: BLE001 - a stack would go into Ray's files, and it may hold what it handled
            return Refused("unavailable", "trainer-defect", f"the trainer failed: {type(error).__name__}", ""), None

    async def said(self, thread: asyncio.Future[_Said]) -> AsyncIterator[_Said]:
        """What the thread says, and every second that it is still there."""
        thread.add_done_callback(lambda _thread: self._heard.put_nowait(None))
        while True:
            try:
                heard = await asyncio.wait_for(self._heard.get(), _STILL_HERE_S)
            except TimeoutError:
                yield self._last, None
                continue
            if heard is None:
                yield thread.result()
                return
            yield heard

    def load(self) -> bytes | None:
        """What was last saved here, for a cohort that is begun again; before that, what the service opened of the last
        attempt."""
        return self._state

    def save(self, state: bytes) -> None:
        """On its way to the service, which alone may seal it for the person."""
        self._say(Kept(), parcels.seal_state(self._job, state))
        self._state = state

    def _on_step(self, phase: str, step: int, steps: int) -> None:
        self._last = Tick(phase, step, steps)
        self._say(self._last, None)

    def _say(self, answer: Answer, data: bytes | None) -> None:
        self._stop_if_gone()
        self._loop.call_soon_threadsafe(self._heard.put_nowait, (answer, data))

    def _stop_if_gone(self) -> None:
        if self._gone.is_set():
            raise _Left
