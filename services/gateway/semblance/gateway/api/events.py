"""Server-sent events from rows: any replica can go on where another one stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from semblance.gateway.api.front import Front
from semblance.gateway.api.schemas.jobs import JobEvent as JobEventModel
from semblance.gateway.domain.account import Caller
from semblance.gateway.domain.job import Job, JobEvent
from semblance.gateway.handlers import jobs, sessions
from semblance.kernel.errors import NotFound, Unavailable

_RETRY_MS = 1000


class EventStream(StreamingResponse):
    """One person's stream of one job; its place among the person's streams is given back however it ends."""

    media_type = "text/event-stream"

    def __init__(self, here: Front, caller: Caller, job: Job, after: int) -> None:
        super().__init__(_lines(here, caller, job, after), headers={"X-Accel-Buffering": "no"})
        self._here = here
        self._caller_id = caller.subject_id

    @classmethod
    async def open(cls, here: Front, caller: Caller, job_id: str, after: int) -> Response:
        """The stream, or 204 when nothing will ever come. Raises NotFound and TooManyStreams."""
        job = await run_in_threadpool(jobs.get_job, here.gate, caller.subject_id, job_id)
        if job.ended and after >= job.sequence:
            return Response(status_code=204)
        here.streams.enter(caller.subject_id)
        return cls(here, caller, job, after)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            # Only a server that stops cancels a request: end the stream whole, the client resumes elsewhere.
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._here.streams.leave(self._caller_id)


async def _lines(here: Front, caller: Caller, job: Job, after: int) -> AsyncIterator[str]:
    """Ends with the job, with the job's erasure, a heartbeat after the caller signed out, or after the stream's life; a
    client then resumes. The job may be of a picture of somebody else that the caller asked for."""
    clock, settings = here.gate.clock, here.settings
    end_s = clock.monotonic_s() + settings.stream_life_s
    said_s = asked_s = clock.monotonic_s()
    yield f"retry: {_RETRY_MS}\n\n"
    while (now_s := clock.monotonic_s()) < end_s:
        try:
            events = await run_in_threadpool(jobs.job_events, here.gate, job.subject_id, job.id, after_sequence=after)
            if now_s - asked_s >= settings.stream_heartbeat_s:
                asked_s = now_s
                if not await run_in_threadpool(sessions.stands, here.gate, caller):
                    return
        except (NotFound, Unavailable):
            return
        for event in events:
            after, said_s = event.sequence, now_s
            yield _event(event)
        if events and events[-1].ended:
            return
        if now_s - said_s >= settings.stream_heartbeat_s:
            said_s = now_s
            yield ": still here\n\n"
        await here.news.after(job.id, after, min(said_s + settings.stream_heartbeat_s, end_s) - now_s)


def _event(event: JobEvent) -> str:
    data = JobEventModel.of(event).model_dump_json()
    return f"id: {event.sequence}\nevent: {event.type}\ndata: {data}\n\n"
