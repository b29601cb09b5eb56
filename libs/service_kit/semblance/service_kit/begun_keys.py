"""Keys that are made before what needs them is kept, noted in a table of the service's own: an id and when.

Whoever is killed between the key and the row leaves a key that nothing names, and no erasure would find it. So it is
noted before it is made, the note ends in the transaction that keeps the row, and the clock destroys what was noted
long ago and never kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session


class BegunKeys:
    """The notes in `table`, whose only key is the id and whose `begun_at` is when."""

    def __init__(self, session: Session, table: sa.Table) -> None:
        self._sql = session
        self._table = table
        (self._id,) = table.primary_key.columns

    def begin(self, thing_id: str, now: dt.datetime) -> None:
        """Remember that a key is about to be made for something that is not kept yet."""
        self._sql.execute(sa.insert(self._table).values({self._id.name: thing_id, "begun_at": now}))

    def end(self, thing_id: str) -> bool:
        """It is no longer one of those; False if it was none. Nobody else decides about it in this transaction."""
        gone = self._sql.execute(sa.delete(self._table).where(self._id == thing_id))
        return bool(gone.rowcount)  # type: ignore[attr-defined] # a CursorResult

    def before(self, instant: dt.datetime, limit: int) -> Sequence[str]:
        """Oldest first."""
        begun_at = self._table.c.begun_at
        query = sa.select(self._id).where(begun_at < instant).order_by(begun_at).limit(limit)
        return self._sql.scalars(query).all()
