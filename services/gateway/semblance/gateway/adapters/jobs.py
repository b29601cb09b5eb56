"""The read model of jobs in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.gateway.adapters.statements import upsert
from semblance.gateway.adapters.tables import job_events, jobs
from semblance.gateway.domain.job import TICKS_KEPT, Job, JobEvent, JobKind, Progress
from semblance.gateway.domain.things import Page
from semblance.service_kit.locks import lock

_ONE = sa.select(jobs).where(jobs.c.id == sa.bindparam("wanted"))
_NEWEST = sa.select(jobs.c.id, jobs.c.sequence).where(jobs.c.id.in_(sa.bindparam("some", expanding=True)))
_LATER = (
    sa.select(job_events)
    .where(job_events.c.job_id == sa.bindparam("of"), job_events.c.sequence > sa.bindparam("after"))
    .order_by(job_events.c.sequence)
    .limit(sa.bindparam("at_most"))
)
_ADD = sa.insert(job_events)
_DROP_TICKS = sa.delete(job_events).where(
    job_events.c.job_id == sa.bindparam("of"),
    job_events.c.type == "progress",
    job_events.c.sequence <= sa.bindparam("up_to"),
)


class SqlJobs:
    """See ports.Jobs. `locking` makes get() wait for whoever else changes the same job."""

    def __init__(self, session: Session, *, locking: bool) -> None:
        self._session = session
        self._locking = locking

    def get(self, job_id: str) -> Job | None:
        if self._locking:
            lock(self._session, f"job:{job_id}")
        row = self._session.execute(_ONE, {"wanted": job_id}).one_or_none()
        return None if row is None else _job(row)

    def save(self, job: Job, event: JobEvent) -> None:
        upsert(
            self._session,
            jobs,
            {"id": job.id},
            {
                "subject_id": job.subject_id,
                "kind": job.kind.value,
                "state": job.state,
                "reason_codes": list(job.reason_codes),
                "progress": _dump(job.progress),
                "sequence": job.sequence,
                "created_at": job.created_at,
                "updated_at": job.updated_at,
            },
        )
        self._session.execute(
            _ADD,
            {
                "job_id": event.job_id,
                "sequence": event.sequence,
                "type": event.type,
                "state": event.state,
                "ended": event.ended,
                "reason_codes": list(event.reason_codes),
                "progress": _dump(event.progress),
                "at": event.at,
            },
        )
        if event.sequence > TICKS_KEPT:
            self._session.execute(_DROP_TICKS, {"of": job.id, "up_to": event.sequence - TICKS_KEPT})

    def page(self, subject_id: str, *, after: str | None, limit: int) -> Page[Job]:
        query = sa.select(jobs).where(jobs.c.subject_id == subject_id)
        if after is not None:
            query = query.where(jobs.c.id < after)
        rows = self._session.execute(query.order_by(jobs.c.id.desc()).limit(limit + 1)).all()
        items = tuple(_job(row) for row in rows[:limit])
        return Page(items, items[-1].id if len(rows) > limit else None)

    def events(self, job_id: str, *, after_sequence: int, limit: int) -> list[JobEvent]:
        rows = self._session.execute(_LATER, {"of": job_id, "after": after_sequence, "at_most": limit})
        return [
            JobEvent(
                row.job_id,
                row.sequence,
                row.type,
                row.state,
                row.at,
                row.ended,
                reason_codes=tuple(row.reason_codes),
                progress=_progress(row.progress),
            )
            for row in rows
        ]

    def newest(self, job_ids: Sequence[str]) -> dict[str, int]:
        rows = self._session.execute(_NEWEST, {"some": list(job_ids)})
        return {row.id: row.sequence for row in rows}

    def remove_subject(self, subject_id: str) -> tuple[list[str], list[str]]:
        own = sa.select(jobs.c.id).where(jobs.c.subject_id == subject_id)
        mine = job_events.c.job_id.in_(own)
        rows = self._session.execute(sa.select(job_events.c.job_id, job_events.c.sequence).where(mine)).all()
        ids = list(self._session.scalars(own))
        self._session.execute(sa.delete(job_events).where(mine))
        self._session.execute(sa.delete(jobs).where(jobs.c.subject_id == subject_id))
        return ids, [f"{row.job_id}:{row.sequence}" for row in rows]


def _job(row: Any) -> Job:
    return Job(
        row.id,
        row.subject_id,
        JobKind(row.kind),
        row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        reason_codes=tuple(row.reason_codes),
        progress=_progress(row.progress),
        sequence=row.sequence,
    )


def _dump(progress: Progress | None) -> dict[str, str | int]:
    return {} if progress is None else {"phase": progress.phase, "step": progress.step, "steps": progress.steps}


def _progress(stored: dict[str, Any]) -> Progress | None:
    return Progress(stored["phase"], stored["step"], stored["steps"]) if stored else None
