"""The audit log's rows. Everything that changes them is called with the person's log locked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.audit import Entry, Fact, Happened, Head
from semblance.kernel.ids import SubjectId
from semblance.provenance.adapters.tables import audit_entries, audit_erased, audit_erasing, audit_heads
from semblance.provenance.ports import SealedHead

_c = audit_entries.c
_AT_ONCE = 500
# Made once: making a statement anew costs several times what the database does.
_WHOSE = sa.bindparam("whose", type_=_c.subject_id.type)
_HEAD = sa.select(audit_heads).where(audit_heads.c.subject_id == _WHOSE)
_LAST = sa.select(_c.sequence, _c.hash).where(_c.subject_id == _WHOSE).order_by(_c.sequence.desc()).limit(1)
_HOLDS = sa.select(_c.sequence).where(_c.subject_id == _WHOSE, _c.event_id == sa.bindparam("wanted"))
_ADD = sa.insert(audit_entries)
_FIRST_HEAD = sa.insert(audit_heads)
_NEXT_HEAD = sa.update(audit_heads).where(audit_heads.c.subject_id == _WHOSE)


class SqlAuditTrail:
    """See ports.AuditTrail."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def lock(self, subject_id: SubjectId) -> None:
        """SQLite has one writer anyway; PostgreSQL gets a lock of this person's until the transaction ends."""
        if self._sql.get_bind().dialect.name == "postgresql":
            number = int.from_bytes(hashlib.sha256(f"audit {subject_id}".encode()).digest()[:8], "big", signed=True)
            self._sql.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def head(self, subject_id: SubjectId) -> SealedHead | None:
        """As it was sealed."""
        row = self._sql.execute(_HEAD, {"whose": subject_id}).mappings().first()
        return None if row is None else SealedHead(Head(row["count"], row["hash"]), row["seal"])

    def last(self, subject_id: SubjectId) -> Head:
        """Where the entries end, whatever the sealed head says."""
        row = self._sql.execute(_LAST, {"whose": subject_id}).first()
        return Head() if row is None else Head(row.sequence, row.hash)

    def holds(self, subject_id: SubjectId, event_id: str) -> bool:
        """Whether the event is an entry already."""
        return self._sql.execute(_HOLDS, {"whose": subject_id, "wanted": event_id}).first() is not None

    def append(self, entry: Entry, seal: str) -> None:
        """The entry, and the head that it makes."""
        happened = entry.happened
        row = {
            "subject_id": happened.subject_id,
            "sequence": entry.sequence,
            "event_id": happened.event_id,
            "event_type": happened.event_type,
            "at": happened.at,
            "facts": {name: list(v) if isinstance(v, tuple) else v for name, v in happened.facts.items()},
            "previous": entry.previous,
            "hash": entry.hash,
        }
        self._sql.execute(_ADD, row)
        head = {"count": entry.sequence, "hash": entry.hash, "seal": seal}
        if entry.sequence == 1:
            self._sql.execute(_FIRST_HEAD, {"subject_id": happened.subject_id, **head})
        else:
            self._sql.execute(_NEXT_HEAD, {"whose": happened.subject_id, **head})

    def page(self, subject_id: SubjectId, *, after: int, limit: int, oldest_first: bool) -> Sequence[Entry]:
        """See AuditTrail."""
        mine = sa.select(audit_entries).where(_c.subject_id == subject_id)
        if oldest_first:
            mine = mine.where(_c.sequence > after).order_by(_c.sequence)
        else:
            mine = mine.where(_c.sequence < after if after else sa.true()).order_by(_c.sequence.desc())
        return [_entry(row) for row in self._sql.execute(mine.limit(limit)).mappings()]

    def entries(self, subject_id: SubjectId) -> Iterator[Entry]:
        """All of them, a few hundred in memory at a time."""
        after = 0
        while page := self.page(subject_id, after=after, limit=_AT_ONCE, oldest_first=True):
            yield from page
            # A sequence that does not grow would never end; the chain check says what is wrong with it.
            after = page[-1].sequence

    def subjects(self, after: str) -> Sequence[SubjectId]:
        """The next few people who have entries or a head, by id."""
        with_entries = sa.select(_c.subject_id).where(_c.subject_id > after)
        with_head = sa.select(audit_heads.c.subject_id).where(audit_heads.c.subject_id > after)
        both = sa.union(with_entries, with_head).subquery()
        query = sa.select(both.c.subject_id).order_by(both.c.subject_id).limit(_AT_ONCE)
        return [SubjectId(subject_id) for subject_id in self._sql.scalars(query)]

    def erase(self, subject_id: SubjectId, fingerprint: str, now: dt.datetime) -> list[str]:
        """See AuditTrail. The row in audit_erasing opens the trigger for this person and is gone at the commit."""
        last = self.last(subject_id)
        self._sql.execute(sa.insert(audit_erasing).values(subject_id=subject_id))
        gone = self._sql.scalars(sa.select(_c.hash).where(_c.subject_id == subject_id)).all()
        self._sql.execute(sa.delete(audit_entries).where(_c.subject_id == subject_id))
        self._sql.execute(sa.delete(audit_erasing).where(audit_erasing.c.subject_id == subject_id))
        self._sql.execute(sa.delete(audit_heads).where(audit_heads.c.subject_id == subject_id))
        known = sa.select(audit_erased.c.count).where(audit_erased.c.fingerprint == fingerprint)
        if last.count and self._sql.scalar(known) is None:
            kept = {"fingerprint": fingerprint, "count": last.count, "hash": last.hash, "erased_at": now}
            self._sql.execute(sa.insert(audit_erased).values(kept))
        return list(gone)


def _entry(row: Mapping[Any, Any]) -> Entry:
    facts: dict[str, Fact] = {name: tuple(v) if isinstance(v, list) else v for name, v in row["facts"].items()}
    happened = Happened(row["subject_id"], row["event_id"], row["event_type"], row["at"], facts)
    return Entry(happened, row["sequence"], row["previous"], row["hash"])
