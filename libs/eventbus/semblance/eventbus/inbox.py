"""An event is delivered at least once and counted exactly once."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from semblance.eventbus.tables import inbox


class Inbox:
    """Remembers, in the handler's own transaction, which events a consumer has handled."""

    @staticmethod
    def first_time(connection: sa.Connection, consumer: str, event_id: str, *, now: dt.datetime | None = None) -> bool:
        """True once per (consumer, event): a second delivery waits for the first one's commit, then gets False."""
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        row = dialect.insert(inbox).values(
            consumer=consumer, event_id=event_id, handled_at=now or dt.datetime.now(dt.UTC)
        )
        # RETURNING, because drivers disagree about an insert's row count.
        added = connection.execute(row.on_conflict_do_nothing().returning(inbox.c.event_id))
        return added.first() is not None

    @staticmethod
    def forget_before(connection: sa.Connection, instant: dt.datetime) -> int:
        """Drop memories older than any record still on a topic; returns how many."""
        return connection.execute(sa.delete(inbox).where(inbox.c.handled_at < instant)).rowcount
