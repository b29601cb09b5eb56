"""Runs in SQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.ids import AdapterId, ConsentId, SubjectId
from semblance.service_kit.locks import lock
from semblance.training.adapters.tables import runs
from semblance.training.domain.leak import Leak
from semblance.training.domain.run import Bytes, Run, State


class SqlRuns:
    """Runs over one session."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def add(self, run: Run) -> None:
        """Keep a new one."""
        self._sql.execute(sa.insert(runs).values(_values(run)))

    def save(self, run: Run) -> None:
        """Write its present state."""
        self._sql.execute(sa.update(runs).where(runs.c.id == run.id).values(_values(run)))

    def get(self, adapter_id: AdapterId, *, lock: bool = False) -> Run | None:
        """None: no such run."""
        query = sa.select(runs).where(runs.c.id == adapter_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        return _run(row) if row is not None else None

    def page(self, subject_id: SubjectId, after: str, limit: int) -> list[Run]:
        """See ports.Runs."""
        behind = runs.c.id < after if after else sa.true()
        query = sa.select(runs).where(runs.c.subject_id == subject_id, behind).order_by(runs.c.id.desc())
        return [_run(row) for row in self._sql.execute(query.limit(limit))]

    def lock(self, subject_id: SubjectId) -> None:
        """See ports.Runs."""
        lock(self._sql, f"runs:{subject_id}")

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Run]:
        """All of a person's."""
        query = sa.select(runs).where(runs.c.subject_id == subject_id).order_by(runs.c.id)
        return [_run(row) for row in self._sql.execute(query.with_for_update() if lock else query)]

    def of_consent(self, consent_id: ConsentId) -> list[Run]:
        """All under a consent, locked."""
        query = sa.select(runs).where(runs.c.consent_id == consent_id).order_by(runs.c.id)
        return [_run(row) for row in self._sql.execute(query.with_for_update())]

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """Delete a person's rows; the ids of what they were about."""
        own = runs.c.subject_id == subject_id
        ids = self._sql.scalars(sa.select(runs.c.id).where(own)).all()
        self._sql.execute(sa.delete(runs).where(own))
        return list(ids)


def _values(run: Run) -> dict[str, Any]:
    stored = run.bytes or Bytes("", "", "", "")
    plain = (
        "id",
        "subject_id",
        "consent_id",
        "consent_revision",
        "name",
        "reason_code",
        "photo_count",
        "likeness",
        "likeness_floor",
        "requested_at",
        "finished_at",
    )
    of_bytes = ("lora_key", "lora_sha256", "reference_key", "backbone_digest", "flat_key")
    return {
        **{name: getattr(run, name) for name in plain},
        **{name: getattr(stored, name) for name in of_bytes},
        **_leak_values(run.leak),
        "state": run.state.value,
    }


def _leak_values(leak: Leak | None) -> dict[str, Any]:
    """No places: nothing was looked for."""
    return {
        "leak_places": leak.places if leak else 0,
        "leak_excess": leak.excess if leak else 0.0,
        "leak_shown_0_1": leak.shown if leak else 0.0,
        "leak_swapped_0_1": leak.swapped if leak else 0.0,
        "leak_others_0_1": leak.others if leak else 0.0,
    }


def _leak(row: sa.Row[Any]) -> Leak | None:
    if not row.leak_places:
        return None
    shares = (row.leak_excess, row.leak_shown_0_1, row.leak_swapped_0_1, row.leak_others_0_1)
    return Leak(*shares, places=row.leak_places)


def _run(row: sa.Row[Any]) -> Run:
    stored = Bytes(row.lora_key, row.lora_sha256, row.reference_key, row.backbone_digest, row.flat_key)
    return Run(
        id=AdapterId(row.id),
        subject_id=SubjectId(row.subject_id),
        consent_id=ConsentId(row.consent_id),
        consent_revision=row.consent_revision,
        name=row.name,
        state=State(row.state),
        requested_at=row.requested_at,
        reason_code=row.reason_code,
        photo_count=row.photo_count,
        likeness=row.likeness,
        likeness_floor=row.likeness_floor,
        leak=_leak(row),
        bytes=stored if row.lora_key else None,
        finished_at=row.finished_at,
    )
