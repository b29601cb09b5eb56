"""Follow a job's events through lost connections, restarts and ends of streams."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx

from semblance.client.errors import ApiError, StillRunning
from semblance.client.models import JobEvent
from semblance.client.transport import Transport
from semblance.kernel.errors import Kind

_READ_TIMEOUT_S = 45.0  # the server says something at least every 15 s


def follow(transport: Transport, job_id: str, *, after: int = 0, timeout_s: float | None = None) -> Iterator[JobEvent]:
    """Every event once, in order, until the job has ended. Resumes by Last-Event-ID wherever a stream broke.

    Raises ApiError, and StillRunning when `timeout_s` is over.
    """
    end_s = None if timeout_s is None else time.monotonic() + timeout_s
    failures = 0
    while True:
        heard = False
        try:
            for event in _stream(transport, job_id, after, end_s):
                after, heard, failures = event.sequence, True, 0
                yield event
                if event.ended:
                    return
        except _NothingMore:
            return
        except httpx.TransportError:
            failures += 1
        except ApiError as e:
            if e.kind not in {Kind.UNAVAILABLE, Kind.QUOTA}:
                raise
            failures += 1
        if end_s is not None and time.monotonic() >= end_s:
            raise StillRunning(job_id, timeout_s or 0)
        if failures or not heard:
            transport.wait(max(1, failures))


class _NothingMore(Exception):
    """Every event was already received."""


def _stream(transport: Transport, job_id: str, after: int, end_s: float | None) -> Iterator[JobEvent]:
    headers = {"Accept": "text/event-stream"}
    if after:
        headers["Last-Event-ID"] = str(after)
    left_s = _READ_TIMEOUT_S if end_s is None else max(0.1, min(_READ_TIMEOUT_S, end_s - time.monotonic()))
    with transport.stream(f"/v1/jobs/{job_id}/events", headers, left_s) as response:
        if response.status_code == httpx.codes.NO_CONTENT:
            raise _NothingMore
        for line in response.iter_lines():
            if line.startswith("data: "):
                yield JobEvent.model_validate_json(line.removeprefix("data: "))
            if end_s is not None and time.monotonic() >= end_s:
                return
