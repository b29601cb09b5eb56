"""Sign-ins in SQL."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from semblance.gateway.adapters.statements import count
from semblance.gateway.adapters.tables import sessions
from semblance.gateway.domain.session import Session


class SqlSessions:
    """See ports.Sessions. Whether a token's sign-in still stands SqlAccounts.by_session asks, with its account."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def open(self, session: Session) -> None:
        self._transaction.execute(
            sa.insert(sessions).values(
                id=session.id,
                subject_id=session.subject_id,
                opened_at=session.opened_at,
                expires_at=session.expires_at,
            )
        )

    def of(self, subject_id: str, now: dt.datetime) -> list[Session]:
        own = sa.select(sessions).where(sessions.c.subject_id == subject_id, sessions.c.expires_at > now)
        rows = self._transaction.execute(own)
        return [Session(row.id, row.subject_id, row.opened_at, row.expires_at) for row in rows]

    def end(self, subject_id: str, session_id: str) -> bool:
        own = sa.delete(sessions).where(sessions.c.id == session_id, sessions.c.subject_id == subject_id)
        return count(self._transaction, own) > 0

    def end_all(self, subject_id: str, *, but: str | None = None) -> list[str]:
        own = sessions.c.subject_id == subject_id, sessions.c.id.is_distinct_from(but)
        ended = list(self._transaction.scalars(sa.select(sessions.c.id).where(*own)))
        self._transaction.execute(sa.delete(sessions).where(*own))
        return ended

    def purge(self, now: dt.datetime) -> int:
        return count(self._transaction, sa.delete(sessions).where(sessions.c.expires_at <= now))
