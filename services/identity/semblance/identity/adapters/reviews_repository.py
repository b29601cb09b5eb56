"""Reviews in SQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.domain.review import Review, ReviewKind, ReviewState
from semblance.kernel.ids import ReviewId, SubjectId

_COLUMNS = [field.name for field in fields(Review)]


class SqlReviews:
    """Reviews, open and decided."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def add(self, review: Review) -> None:
        """Keep a new one."""
        self._sql.execute(sa.insert(t.reviews).values(_values(review)))

    def save(self, review: Review) -> None:
        """Write its present state; one that is gone stays gone."""
        self._sql.execute(sa.update(t.reviews).where(t.reviews.c.id == review.id).values(_values(review)))

    def get(self, review_id: ReviewId, *, lock: bool = False) -> Review | None:
        """None: no such review."""
        query = sa.select(t.reviews).where(t.reviews.c.id == review_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        return _review(row) if row is not None else None

    def of_subject(self, subject_id: SubjectId, kind: ReviewKind) -> list[Review]:
        """Newest first."""
        mine = sa.and_(t.reviews.c.subject_id == subject_id, t.reviews.c.kind == kind.value)
        query = sa.select(t.reviews).where(mine).order_by(t.reviews.c.id.desc())
        return [_review(row) for row in self._sql.execute(query)]

    def page(self, state: ReviewState | None, after: str, limit: int) -> list[Review]:
        """Oldest first, those behind the id `after`."""
        query = sa.select(t.reviews).where(t.reviews.c.id > after).order_by(t.reviews.c.id).limit(limit)
        if state is not None:
            query = query.where(t.reviews.c.state == state.value)
        return [_review(row) for row in self._sql.execute(query)]

    def forget_before(self, at: dt.datetime) -> int:
        """Delete those opened before `at`, whatever their state; how many."""
        return int(self._sql.execute(sa.delete(t.reviews).where(t.reviews.c.opened_at < at)).rowcount)  # type: ignore[attr-defined] # a CursorResult


def _values(review: Review) -> dict[str, Any]:
    values = {name: getattr(review, name) for name in _COLUMNS}
    return {**values, "kind": review.kind.value, "state": review.state.value}


def _review(row: sa.Row[Any]) -> Review:
    values = {name: getattr(row, name) for name in _COLUMNS}
    return Review(**{**values, "kind": ReviewKind(row.kind), "state": ReviewState(row.state)})
