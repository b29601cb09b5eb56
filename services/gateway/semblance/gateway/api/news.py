"""One look for all streams: whose job has something to tell? A look a stream cost a database what drawing costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from fastapi.concurrency import run_in_threadpool

from semblance.kernel.errors import SemblanceError

Told = Callable[[Sequence[str]], Mapping[str, int]]
"""Of these jobs, the number of each one's newest event; without those that are gone."""


@dataclass(eq=False)
class _Stream:
    job_id: str
    after: int
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class News:
    """Of one process and its event loop. While somebody waits it looks every `poll_s`, for all who wait at once."""

    def __init__(self, told: Told, poll_s: float) -> None:
        self._told = told
        self._poll_s = poll_s
        self._waiting: set[_Stream] = set()
        self._looking: asyncio.Task[None] | None = None

    async def after(self, job_id: str, sequence: int, within_s: float) -> None:
        """Return when the job has an event after `sequence`, when it is gone, when nobody can look, or after
        `within_s`: who waited reads then."""
        stream = _Stream(job_id, sequence)
        self._waiting.add(stream)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="news of jobs")
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(stream.woken.wait(), within_s)
        finally:
            self._waiting.discard(stream)

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._poll_s)
            streams = list(self._waiting)
            try:
                told = await run_in_threadpool(self._told, sorted({stream.job_id for stream in streams}))
            except SemblanceError:
                told = {}
            for stream in streams:
                if told.get(stream.job_id, stream.after + 1) > stream.after:
                    stream.woken.set()
                    self._waiting.discard(stream)
