"""Sealed templates in SQL, and the revision by which every process sees that its gallery is behind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.gallery_log import changes, current, forget_gone, moved
from semblance.identity.domain.templates import Change, ChangeKind, SealedTemplate
from semblance.kernel.clock import Clock
from semblance.kernel.ids import SubjectId, new_id


class SqlTemplates:
    """Templates at rest."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._sql = session
        self._clock = clock

    def replace(self, subject_id: SubjectId, sealed: Sequence[bytes], face_model: str) -> None:
        """The person's templates from now on, those of every model replaced."""
        self.remove(subject_id)
        row = {"subject_id": subject_id, "enrolled_at": self._clock.now(), "face_model": face_model}
        ids = [new_id() for _ in sealed]
        rows = [row | {"id": name, "sealed": blob} for name, blob in zip(ids, sealed, strict=True)]
        self._sql.execute(sa.insert(t.templates), rows)
        moved(self._sql, ChangeKind.TEMPLATE, ids)

    def remove(self, subject_id: SubjectId) -> list[str]:
        """The ids of those that there were."""
        mine = sa.select(t.templates.c.id).where(t.templates.c.subject_id == subject_id)
        removed = list(self._sql.scalars(mine))
        self._sql.execute(sa.delete(t.templates).where(t.templates.c.subject_id == subject_id))
        if removed:
            moved(self._sql, ChangeKind.TEMPLATE, removed)
        return removed

    def revision(self, *, lock: bool = False) -> int:
        """Rises with every change."""
        return current(self._sql, lock=lock)

    def changes(self, after: int, until: int) -> list[Change] | None:
        """What the revisions behind `after` touched; None: too long ago to say."""
        return changes(self._sql, after, until)

    def forget_changes(self, until: int) -> None:
        """What the log says up to this revision of templates that are gone."""
        forget_gone(self._sql, until)

    def ids(self, face_model: str | None = None) -> dict[str, SubjectId]:
        """The id of every template that this model made, and whose it is; None: of every template."""
        query = sa.select(t.templates.c.id, t.templates.c.subject_id)
        if face_model is not None:
            query = query.where(t.templates.c.face_model == face_model)
        return {row.id: SubjectId(row.subject_id) for row in self._sql.execute(query)}

    def models_of(self, subject_id: SubjectId) -> set[str]:
        """Which models made the person's templates."""
        return set(self._sql.scalars(sa.select(t.templates.c.face_model).where(t.templates.c.subject_id == subject_id)))

    def people_of_other_models(self, face_model: str) -> int:
        """How many people are enrolled, but not by this model; `replace` leaves nobody with two."""
        people = sa.select(sa.func.count(sa.distinct(t.templates.c.subject_id)))
        return int(self._sql.execute(people.where(t.templates.c.face_model != face_model)).scalar_one())

    def get(self, ids: Sequence[str]) -> list[SealedTemplate]:
        """Those of `ids` that are there, read in portions that every database takes."""
        found = []
        for start in range(0, len(ids), 500):
            query = sa.select(t.templates).where(t.templates.c.id.in_(ids[start : start + 500]))
            found += [_sealed(row) for row in self._sql.execute(query)]
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


def _sealed(row: sa.Row[Any]) -> SealedTemplate:
    return SealedTemplate(row.id, SubjectId(row.subject_id), row.sealed, row.face_model)
