"""Locks of what has no row: whoever counts and then adds must be alone with it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session


def lock(session: Session, what: str) -> None:
    """Wait until no other transaction holds `what`, and hold it until this one ends; also what has no row yet.

    Several are taken in the order of their names, or two transactions wait for each other. SQLite has one writer at a
    time, so there is nothing to wait for.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(what, 0))))
