"""The tables that every service's database has: what is to be sent, what was handled, what is to be done."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa


class UtcDateTime(sa.types.TypeDecorator[dt.datetime]):
    """Timezone-aware UTC in Python on every database; SQLite alone would drop the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, _dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was given to the database")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, _dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = sa.MetaData()
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FINISHED = ("done", "failed")

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(36), nullable=False, unique=True),
    sa.Column("topic", sa.String(200), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("value", sa.LargeBinary, nullable=False),
    # A list of pairs, name and text.
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

# Which relay may send now: two at once would break the order within a key.
outbox_lease = sa.Table(
    "outbox_lease",
    metadata,
    sa.Column("name", sa.String(50), primary_key=True),
    sa.Column("owner", sa.String(36), nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("consumer", sa.String(100), primary_key=True),
    sa.Column("event_id", sa.String(200), primary_key=True),
    sa.Column("handled_at", UtcDateTime, nullable=False, index=True),
)

work_items = sa.Table(
    "work_items",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("aggregate_id", sa.String(36), nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    # queued | claimed | cancelling | done | failed
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("lease_until", UtcDateTime),
    sa.Column("lease_owner", sa.String(36)),
    sa.Column("not_before", UtcDateTime, nullable=False),
    sa.Column("traceparent", sa.String(55)),
    # Since when it waits: what was put off when it was queued, from its time on.
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("ix_work_items_next", "kind", "state", "not_before"),
)
_unfinished = work_items.c.state.not_in(FINISHED)
sa.Index(
    "uq_work_items_unfinished",
    work_items.c.kind,
    work_items.c.aggregate_id,
    unique=True,
    postgresql_where=_unfinished,
    sqlite_where=_unfinished,
)


def create(op: Any) -> None:
    """Make the tables within an Alembic migration; `op` is alembic.op."""
    metadata.create_all(op.get_bind(), checkfirst=False)


def drop(op: Any) -> None:
    """Undo create."""
    metadata.drop_all(op.get_bind(), checkfirst=False)
