"""Sealed templates in SQL, and the revision by which every process sees that its gallery is behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.ports import SealedTemplate
from semblance.kernel.clock import Clock
from semblance.kernel.ids import SubjectId, new_id


class SqlTemplates:
    """Templates at rest."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._sql = session
        self._clock = clock

    def replace(self, subject_id: SubjectId, sealed: Sequence[bytes]) -> None:
        """The person's templates from now on."""
        self.remove(subject_id)
        now = self._clock.now()
        rows = [{"id": new_id(), "subject_id": subject_id, "sealed": blob, "enrolled_at": now} for blob in sealed]
        self._sql.execute(sa.insert(t.templates), rows)

    def remove(self, subject_id: SubjectId) -> list[str]:
        """The ids of those that there were."""
        mine = sa.select(t.templates.c.id).where(t.templates.c.subject_id == subject_id)
        removed = list(self._sql.scalars(mine))
        self._sql.execute(sa.delete(t.templates).where(t.templates.c.subject_id == subject_id))
        self._sql.execute(sa.update(t.gallery_revision).values(revision=t.gallery_revision.c.revision + 1))
        return removed

    def revision(self, *, lock: bool = False) -> int:
        """Rises with every change."""
        query = sa.select(t.gallery_revision.c.revision)
        return int(self._sql.execute(query.with_for_update() if lock else query).scalar_one())

    def ids(self) -> dict[str, SubjectId]:
        """Every template's id and whose it is."""
        rows = self._sql.execute(sa.select(t.templates.c.id, t.templates.c.subject_id))
        return {row.id: SubjectId(row.subject_id) for row in rows}

    def get(self, ids: Sequence[str]) -> list[SealedTemplate]:
        """Those of `ids` that are there, read in portions that every database takes."""
        found = []
        for start in range(0, len(ids), 500):
            query = sa.select(t.templates).where(t.templates.c.id.in_(ids[start : start + 500]))
            found += [SealedTemplate(r.id, SubjectId(r.subject_id), r.sealed) for r in self._sql.execute(query)]
        return found

    def unused_since(self, before: dt.datetime, now: dt.datetime) -> list[SubjectId]:
        """People enrolled before `before` whose every consent ended before it too."""
        ended = sa.case(
            (t.consents.c.revoked_at.is_not(None), t.consents.c.revoked_at < before),
            else_=sa.and_(t.consents.c.expires_at < before, t.consents.c.expires_at < now),
        )
        standing = sa.select(t.consents.c.id).where(t.consents.c.subject_id == t.templates.c.subject_id, sa.not_(ended))
        enrolled_lately = t.templates.alias()
        lately = sa.select(enrolled_lately.c.id).where(
            enrolled_lately.c.subject_id == t.templates.c.subject_id, enrolled_lately.c.enrolled_at >= before
        )
        query = sa.select(t.templates.c.subject_id).where(~standing.exists(), ~lately.exists()).distinct()
        return [SubjectId(subject_id) for subject_id in self._sql.scalars(query)]
