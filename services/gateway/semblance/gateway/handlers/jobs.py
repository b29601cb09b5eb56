"""Fold facts into jobs, and read them."""

from __future__ import annotations

from collections.abc import Sequence

from semblance.gateway.domain.job import Change, Job, JobEvent, JobKind, fold
from semblance.gateway.domain.things import Page
from semblance.gateway.handlers.accounts import subject_digest
from semblance.gateway.handlers.gate import Gate
from semblance.gateway.ports import Records
from semblance.kernel.errors import NotFound

_ASKED_AT_ONCE = 500


def apply_change(gate: Gate, records: Records, change: Change) -> None:
    """Fold one fact in; an erased person's late facts are dropped, and so is what says nothing new."""
    if records.accounts.buried(subject_digest(gate, change.subject_id)) is not None:
        return
    folded = fold(records.jobs.get(change.job_id), change, gate.clock.now())
    if folded is not None:
        records.jobs.save(*folded)


def record_job(gate: Gate, change: Change) -> None:
    """Make a job visible as soon as the request that made it is answered."""
    with gate.store.writing() as records:
        apply_change(gate, records, change)


def get_job(gate: Gate, subject_id: str, job_id: str) -> Job:
    """The person's own, or that of a picture which the caller asked for under a grant. Raises NotFound."""
    with gate.store.reading() as records:
        job = records.jobs.get(job_id)
    if job is None or (job.subject_id != subject_id and not _asked_for(gate, subject_id, job)):
        raise NotFound("no such job")
    return job


def _asked_for(gate: Gate, requester_id: str, job: Job) -> bool:
    if job.kind is not JobKind.IMAGE:
        return False
    try:
        return gate.generation.made(requester_id, job.id).id == job.id
    except NotFound:
        return False


def list_jobs(gate: Gate, subject_id: str, *, after: str | None, limit: int) -> Page[Job]:
    """Newest first."""
    with gate.store.reading() as records:
        return records.jobs.page(subject_id, after=after, limit=limit)


def job_events(gate: Gate, subject_id: str, job_id: str, *, after_sequence: int, limit: int = 100) -> list[JobEvent]:
    """Events after a sequence number, oldest first. Raises NotFound; the job may vanish between two calls."""
    with gate.store.reading() as records:
        job = records.jobs.get(job_id)
        if job is None or job.subject_id != subject_id:
            raise NotFound("no such job")
        return records.jobs.events(job_id, after_sequence=after_sequence, limit=limit)


def newest_events(gate: Gate, job_ids: Sequence[str]) -> dict[str, int]:
    """The sequence number of each job's newest event; without jobs that are gone. For whoever may read them already."""
    found: dict[str, int] = {}
    with gate.store.reading() as records:
        for first in range(0, len(job_ids), _ASKED_AT_ONCE):
            found |= records.jobs.newest(job_ids[first : first + _ASKED_AT_ONCE])
    return found
