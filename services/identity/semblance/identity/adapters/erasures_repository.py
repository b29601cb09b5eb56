"""Erasures and the services' answers in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.upsert import upsert
from semblance.identity.domain.erasure import Erasure, merged
from semblance.kernel.erasure_list import ErasedStore
from semblance.kernel.ids import ErasureId, SubjectId


class SqlErasures:
    """Erasures, running and completed."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def add(self, erasure: Erasure) -> None:
        """Keep a new one; a second running one for the same person breaks the table's unique rule."""
        self._sql.execute(sa.insert(t.erasures).values(_values(erasure)))

    def save(self, erasure: Erasure) -> None:
        """Write its present state; the answers are written by `record`."""
        self._sql.execute(sa.update(t.erasures).where(t.erasures.c.id == erasure.id).values(_values(erasure)))

    def get(self, erasure_id: ErasureId, *, lock: bool = False) -> Erasure | None:
        """None: no such erasure."""
        query = sa.select(t.erasures).where(t.erasures.c.id == erasure_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        return self._erasure(row) if row is not None else None

    def of_subject(self, subject_id: SubjectId, fingerprint: str) -> Erasure | None:
        """The running one, else the last completed one."""
        query = (
            sa.select(t.erasures)
            .where(sa.or_(t.erasures.c.subject_id == subject_id, t.erasures.c.subject_fingerprint == fingerprint))
            .order_by(t.erasures.c.completed_at.is_not(None), t.erasures.c.id.desc())
        )
        row = self._sql.execute(query.limit(1)).one_or_none()
        return self._erasure(row) if row is not None else None

    def record(self, erasure_id: ErasureId, service: str, stores: Sequence[ErasedStore]) -> None:
        """Keep a service's answer, joined to what it answered before."""
        known = {s.store: s for s in self._answers(erasure_id) if s.service == service}
        for s in stores:
            known[s.store] = merged(known.get(s.store), s)
        rows = [_row(known[store]) for store in sorted(known)]
        values = {"erasure_id": erasure_id, "service": service, "stores": rows}
        upsert(self._sql, t.erasure_answers, values, key=["erasure_id", "service"])

    def replace_answers(self, erasure_id: ErasureId, stores: Sequence[ErasedStore]) -> None:
        """Keep these instead of what was answered, service by service."""
        for service in {s.service for s in stores}:
            rows = [_row(s) for s in stores if s.service == service]
            mine = (t.erasure_answers.c.erasure_id == erasure_id) & (t.erasure_answers.c.service == service)
            self._sql.execute(sa.update(t.erasure_answers).where(mine).values(stores=rows))

    def forget_lists(self, completed_before: dt.datetime) -> int:
        """Of older erasures keep counts and receipts alone; how many had a list."""
        old = (t.erasures.c.items_salt != "") & (t.erasures.c.completed_at < completed_before)
        ids = list(self._sql.scalars(sa.select(t.erasures.c.id).where(old)))
        for erasure_id in ids:
            counts = [replace(s, items=(), items_root="") for s in self._answers(erasure_id)]
            self.replace_answers(ErasureId(erasure_id), counts)
            self._sql.execute(sa.update(t.erasures).where(t.erasures.c.id == erasure_id).values(items_salt=""))
        return len(ids)

    def overdue(self, announced_before: dt.datetime) -> list[ErasureId]:
        """Running ones whose last announcement is older."""
        query = sa.select(t.erasures.c.id).where(
            t.erasures.c.completed_at.is_(None),
            sa.func.coalesce(t.erasures.c.announced_at, t.erasures.c.requested_at) < announced_before,
        )
        return [ErasureId(erasure_id) for erasure_id in self._sql.scalars(query)]

    def _answers(self, erasure_id: str) -> list[ErasedStore]:
        rows = self._sql.execute(sa.select(t.erasure_answers).where(t.erasure_answers.c.erasure_id == erasure_id))
        return [_store(row.service, stored) for row in rows for stored in row.stores]

    def _erasure(self, row: sa.Row[Any]) -> Erasure:
        answered = sa.select(t.erasure_answers.c.service).where(t.erasure_answers.c.erasure_id == row.id)
        return Erasure(
            id=ErasureId(row.id),
            subject_id=SubjectId(row.subject_id) if row.subject_id else None,
            subject_fingerprint=row.subject_fingerprint,
            requested_at=row.requested_at,
            items_salt=row.items_salt,
            key_id=row.key_id,
            key_destroyed_at=row.key_destroyed_at,
            announced_at=row.announced_at,
            completed_at=row.completed_at,
            receipt_jws=row.receipt_jws,
            stores=tuple(self._answers(row.id)),
            answered=frozenset(self._sql.scalars(answered)),
        )


def _values(erasure: Erasure) -> dict[str, Any]:
    names = (
        "id",
        "subject_id",
        "subject_fingerprint",
        "requested_at",
        "items_salt",
        "key_id",
        "key_destroyed_at",
        "announced_at",
        "completed_at",
        "receipt_jws",
    )
    return {name: getattr(erasure, name) for name in names}


def _row(store: ErasedStore) -> list[Any]:
    return [store.store, store.count, store.destroyed_at, list(store.items), store.items_root]


def _store(service: str, stored: Sequence[Any]) -> ErasedStore:
    """A row as `_row` wrote it, or a pair from before 0005."""
    store, count, *rest = stored
    at, items, root = rest or ("", (), "")
    return ErasedStore(service, store, count, at, tuple(items), root)
