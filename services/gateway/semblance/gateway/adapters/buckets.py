"""Rate-limit counters in SQL, shared by all replicas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.gateway.adapters.statements import count, upsert
from semblance.gateway.adapters.tables import rate_limits as table
from semblance.gateway.domain.rate import Bucket
from semblance.service_kit.locks import lock

_ONE = sa.select(table).where(table.c.key == sa.bindparam("wanted"))


class SqlBuckets:
    """See ports.Buckets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, key: str) -> Bucket | None:
        lock(self._session, f"bucket:{key}")
        row = self._session.execute(_ONE, {"wanted": key}).one_or_none()
        return None if row is None else Bucket(row.tokens, row.at)

    def put(self, key: str, bucket: Bucket) -> None:
        upsert(self._session, table, {"key": key}, {"tokens": bucket.tokens, "at": bucket.at})

    def remove(self, keys: Sequence[str]) -> list[str]:
        own = table.c.key.in_(keys)
        gone = list(self._session.scalars(sa.select(table.c.key).where(own)))
        self._session.execute(sa.delete(table).where(own))
        return gone

    def purge(self, older_than: dt.datetime) -> int:
        return count(self._session, sa.delete(table).where(table.c.at < older_than))
