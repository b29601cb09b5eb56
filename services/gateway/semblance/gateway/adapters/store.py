"""Transactions over the gateway's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from semblance.gateway.adapters.accounts import SqlAccounts
from semblance.gateway.adapters.buckets import SqlBuckets
from semblance.gateway.adapters.jobs import SqlJobs
from semblance.gateway.adapters.keys import SqlKeys
from semblance.gateway.adapters.secrets import Secrets
from semblance.gateway.adapters.sessions import SqlSessions
from semblance.kernel.clock import Clock
from semblance.service_kit.database import Database, Unit


class SqlRecords:
    """See ports.Records."""

    def __init__(self, session: Session, secrets: Secrets, clock: Clock, unit: Unit | None = None) -> None:
        self.accounts = SqlAccounts(session, unit)
        self.sessions = SqlSessions(session)
        self.jobs = SqlJobs(session, locking=unit is not None)
        self.keys = SqlKeys(session, secrets, clock)
        self.buckets = SqlBuckets(session)


class SqlStore:
    """See ports.Store."""

    def __init__(self, database: Database, secrets: Secrets, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    @contextmanager
    def writing(self) -> Iterator[SqlRecords]:
        with self._database.transaction() as unit:
            yield self.within(unit)

    @contextmanager
    def reading(self) -> Iterator[SqlRecords]:
        with self._database.read() as session:
            yield SqlRecords(session, self._secrets, self._clock)

    def within(self, unit: Unit) -> SqlRecords:
        """Records on a transaction that somebody else began: an event's."""
        return SqlRecords(unit.session, self._secrets, self._clock, unit)
