"""An event is delivered at least once and counted exactly once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from semblance.eventbus.tables import inbox

# Made once: making a statement anew for every event costs more than the database does. RETURNING, because drivers
# disagree about an insert's row count.
_ADD: Mapping[str, sa.Insert] = {
    "postgresql": postgresql.insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id),
    "sqlite": sqlite.insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id),
}


class Inbox:
    """Remembers, in the handler's own transaction, which events a consumer has handled."""

    @staticmethod
    def first_time(connection: sa.Connection, consumer: str, event_id: str, *, now: dt.datetime | None = None) -> bool:
        """True once per (consumer, event): a second delivery waits for the first one's commit, then gets False."""
        row = {"consumer": consumer, "event_id": event_id, "handled_at": now or dt.datetime.now(dt.UTC)}
        return connection.execute(_ADD[connection.dialect.name], row).first() is not None

    @staticmethod
    def forget_before(connection: sa.Connection, instant: dt.datetime) -> int:
        """Drop memories older than any record still on a topic; returns how many."""
        return connection.execute(sa.delete(inbox).where(inbox.c.handled_at < instant)).rowcount
