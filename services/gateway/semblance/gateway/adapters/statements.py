"""Statements spelt the same on SQLite and PostgreSQL."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def upsert(session: Session, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write a row; with no `values` an existing row is left as it is."""
    statement = _upsert(session.get_bind().dialect.name, table, tuple(key), tuple(values))
    session.execute(statement, {**key, **values})


@functools.lru_cache(maxsize=64)
def _upsert(dialect: str, table: sa.Table, key: tuple[str, ...], values: tuple[str, ...]) -> sa.Insert:
    """Made once for each table: making it costs more than the database does with it."""
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    if not values:
        return statement.on_conflict_do_nothing()
    fresh = {name: statement.excluded[name] for name in values}
    return statement.on_conflict_do_update(index_elements=list(key), set_=fresh)


def count(session: Session, statement: sa.Update | sa.Delete) -> int:
    """Execute; how many rows it changed."""
    return cast("sa.CursorResult[Any]", session.execute(statement)).rowcount
