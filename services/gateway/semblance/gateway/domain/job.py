"""Jobs: one read model over photos, adapters and images, folded from events of several topics.

Topics are ordered in themselves and not among each other, so a state has a rank and only rises.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace

TICKS_KEPT = 100  # a job's older progress ticks are dropped; its changes of state are kept


class JobKind(enum.StrEnum):
    """A job's id is the id of the thing it makes."""

    PHOTO = "photo"
    ADAPTER = "adapter"
    IMAGE = "image"


_ENDED = 9
RANKS: Mapping[JobKind, Mapping[str, int]] = {
    JobKind.PHOTO: {"received": 1, "accepted": 9, "refused": 9, "removed": 11},
    JobKind.ADAPTER: {
        "queued": 0,
        "training": 1,
        "ready": 9,
        "refused": 9,
        "failed": 9,
        "revoked": 10,
        "removed": 11,
    },
    JobKind.IMAGE: {
        "queued": 0,
        "running": 1,
        "quarantined": 2,
        "in_review": 3,
        "signing": 4,
        "published": 9,
        "blocked": 9,
        "failed": 9,
        "revoked": 10,
        "removed": 11,
    },
}


@dataclass(frozen=True)
class Progress:
    """How far a job is. `phase` is a word for people."""

    phase: str
    step: int
    steps: int


@dataclass(frozen=True)
class Job:
    """`sequence` numbers the job's last event, from 1."""

    id: str
    subject_id: str
    kind: JobKind
    state: str
    created_at: dt.datetime
    updated_at: dt.datetime
    reason_codes: tuple[str, ...] = ()
    progress: Progress | None = None
    sequence: int = 0

    @property
    def ended(self) -> bool:
        """True when nothing more will be made; a later withdrawal or removal may still be told."""
        return RANKS[self.kind][self.state] >= _ENDED


@dataclass(frozen=True)
class Change:
    """One fact about a job. Either a state, or progress with the state that it implies."""

    job_id: str
    subject_id: str
    kind: JobKind
    state: str
    reason_codes: tuple[str, ...] = ()
    progress: Progress | None = None


@dataclass(frozen=True)
class JobEvent:
    """A row of a job's story; `ended` tells a stream that it may close."""

    job_id: str
    sequence: int
    type: str
    state: str
    at: dt.datetime
    ended: bool
    reason_codes: tuple[str, ...] = ()
    progress: Progress | None = None


def fold(job: Job | None, change: Change, now: dt.datetime) -> tuple[Job, JobEvent] | None:
    """The job after `change` and the event to tell, or None when the change says nothing new."""
    rank = RANKS[change.kind][change.state]
    if job is None:
        job = Job(change.job_id, change.subject_id, change.kind, change.state, created_at=now, updated_at=now)
        new_state = True
    else:
        new_state = rank > RANKS[job.kind][job.state]
    if change.progress is not None and not job.ended:
        if job.progress == change.progress:
            return None
        type_, state = "progress", change.state if new_state else job.state
    elif new_state and change.progress is None:
        type_, state = "state", change.state
    else:
        return None
    job = replace(
        job,
        state=state,
        updated_at=now,
        sequence=job.sequence + 1,
        reason_codes=change.reason_codes or job.reason_codes,
        progress=change.progress or job.progress,
    )
    event = JobEvent(
        job.id, job.sequence, type_, job.state, now, job.ended, reason_codes=job.reason_codes, progress=change.progress
    )
    return job, event
