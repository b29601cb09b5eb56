"""Engines that behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

BUSY_TIMEOUT_MS = 15_000


def create_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///path` (WAL; writers queue by BEGIN IMMEDIATE) or `postgresql+psycopg://...`, which is
    waited for as long as its `?connect_timeout=` says, 5 s unless it does."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed)
    return sa.create_engine(
        parsed,
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={} if "connect_timeout" in parsed.query else {"connect_timeout": 5},
    )


def _sqlite(url: sa.URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("a service's database is a file: every thread must see the same one")
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # Beyond the pool's size each question makes a connection and throws it away, which costs three times the question;
    # the one used last is used next, so that there are no more of them, with their caches, than are needed.
    engine = sa.create_engine(
        url, pool_size=24, max_overflow=16, pool_timeout=30, pool_use_lifo=True, hide_parameters=True
    )
    sa.event.listen(engine, "connect", _pragmas)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=wal",
        "synchronous=normal",
        "foreign_keys=on",
        "secure_delete=on",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    # BEGIN IMMEDIATE: a read that later writes would fail at once under another writer, whatever the timeout.
    reading = bool(connection.get_execution_options().get("read_only"))
    connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
