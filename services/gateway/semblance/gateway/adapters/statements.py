"""Statements spelt the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def lock(session: Session, what: str) -> None:
    """Wait until no other transaction holds `what`, and hold it until this one ends; also what has no row yet.

    SQLite has one writer at a time, so there is nothing to wait for.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(what, 0))))


def upsert(session: Session, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a row; with no `values` an existing row is left as it is."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(**key, **values)
    if values:
        session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=dict(values)))
    else:
        session.execute(statement.on_conflict_do_nothing())


def count(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Execute; how many rows it changed."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount
