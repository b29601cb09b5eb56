"""One transaction's view of everything, for the handlers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.erasures_repository import SqlErasures
from semblance.identity.adapters.grants_repository import SqlApps, SqlGrants, SqlSharing
from semblance.identity.adapters.outbox_sink import to_message
from semblance.identity.adapters.people_repository import SqlConsents, SqlFailures, SqlReleases, SqlSessions
from semblance.identity.adapters.register_repository import SqlRegister
from semblance.identity.adapters.reviews_repository import SqlReviews
from semblance.identity.adapters.templates_repository import SqlTemplates
from semblance.identity.adapters.upsert import upsert
from semblance.identity.domain.events import Event
from semblance.identity.domain.protection import key_of
from semblance.identity.domain.sharing import Sharing
from semblance.identity.ports import (
    Apps,
    Consents,
    Erasures,
    Failures,
    Grants,
    Register,
    Releases,
    Reviews,
    Sessions,
    SharingSettings,
    Store,
    Templates,
)
from semblance.kernel.clock import Clock
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ErasureId, SubjectId, new_id
from semblance.service_kit.database import Database, Unit
from semblance.service_kit.taken_back import Kind as TakenBackKind
from semblance.service_kit.taken_back import TakenBack

ERASE_SUBJECT = "erase_subject"
"""The kind of work that destroys a key and then this service's share."""

_OWNED = (t.releases, t.sessions, t.consents, t.reviews, t.protection_exemptions)


class SqlStore:
    """Repositories over one session. Without a unit (a read) nothing can be published or scheduled."""

    def __init__(self, session: Session, clock: Clock, unit: Unit | None = None) -> None:
        self._sql = session
        self._unit = unit
        self.releases: Releases = SqlReleases(session)
        self.sessions: Sessions = SqlSessions(session)
        self.failures: Failures = SqlFailures(session)
        self.templates: Templates = SqlTemplates(session, clock)
        self.consents: Consents = SqlConsents(session)
        self.erasures: Erasures = SqlErasures(session)
        self.reviews: Reviews = SqlReviews(session)
        self.register: Register = SqlRegister(session)
        self.sharing: SharingSettings = SqlSharing(session)
        self.grants: Grants = SqlGrants(session)
        self.apps: Apps = SqlApps(session)

    def lock_subject(self, subject_id: SubjectId, *, seen_at: dt.datetime | None = None) -> None:
        """Lock the person's row; with `seen_at` it is made or brought up to date."""
        if seen_at is not None:
            upsert(self._sql, t.subjects, {"id": subject_id, "seen_at": seen_at}, key=["id"])
        self._sql.execute(sa.select(t.subjects.c.id).where(t.subjects.c.id == subject_id).with_for_update())

    def forget_subject(self, subject_id: SubjectId) -> list[Destroyed]:
        """Delete the person's rows; which, by table. Failed tries and others' reviews only lose the person."""
        gone = SqlGrants(self._sql).forget_subject(subject_id)
        for table in _OWNED:
            own = table.c.subject_id == subject_id
            ids = self._sql.scalars(sa.select(table.c.id).where(own)).all()
            self._sql.execute(sa.delete(table).where(own))
            gone.append(Destroyed.of(f"database:{table.name}", ids))
        self._sql.execute(sa.update(t.failures).where(t.failures.c.subject_id == subject_id).values(subject_id=None))
        theirs = t.reviews.c.other_subject_id == subject_id
        self._sql.execute(sa.update(t.reviews).where(theirs).values(other_subject_id=None))
        self._sql.execute(sa.delete(t.subjects).where(t.subjects.c.id == subject_id))
        return gone

    def silent_since(self, before: dt.datetime) -> list[SubjectId]:
        """People last seen before `before` with no consent that ended or ends after it."""
        lasting = sa.select(t.consents.c.id).where(
            t.consents.c.subject_id == t.subjects.c.id,
            sa.func.coalesce(t.consents.c.revoked_at, t.consents.c.expires_at) >= before,
        )
        query = sa.select(t.subjects.c.id).where(t.subjects.c.seen_at < before, ~lasting.exists())
        return [SubjectId(subject_id) for subject_id in self._sql.scalars(query)]

    def publish(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._require_unit().emit(to_message(event))

    def note_narrowed(self, sharing: Sharing) -> None:
        """Into the log of what people took back. Several of one person are told apart by an id of their own."""
        kind = TakenBackKind(f"level-{sharing.level.value}")
        self._require_unit().take_back(TakenBack(kind, sharing.subject_id, new_id()))

    def note_limits(self, sharing: Sharing) -> None:
        """As note_narrowed; what they are is read when it is written."""
        self._require_unit().take_back(TakenBack(TakenBackKind.LIMITS, sharing.subject_id, new_id()))

    def note_unmarked(self, subject_id: SubjectId) -> None:
        """Likewise."""
        self._require_unit().take_back(TakenBack(TakenBackKind.UNMARKED, subject_id, new_id()))

    def note_protected(self, entry_id: str) -> None:
        """In place of a person the entry's key, whose tombstone covers the note."""
        self._require_unit().take_back(TakenBack(TakenBackKind.PROTECTED, key_of(entry_id), entry_id))

    def note_unprotected(self, entry_id: str) -> None:
        """The key is destroyed by now."""
        self._require_unit().need_no_note(key_of(entry_id))

    def schedule_erasure(self, erasure_id: ErasureId) -> None:
        """Queue the work of destroying the key and this service's share."""
        self._require_unit().enqueue(ERASE_SUBJECT, erasure_id)

    def _require_unit(self) -> Unit:
        assert self._unit is not None, "a read must not write"
        return self._unit


class SqlTransactions:
    """Opens stores on a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A store whose changes are kept when the block ends."""
        with self._database.transaction() as unit:
            yield self.of_unit(unit)

    @contextmanager
    def read(self) -> Iterator[Store]:
        """A store for questions only."""
        with self._database.read() as session:
            yield SqlStore(session, self._clock)

    def of_unit(self, unit: Unit) -> Store:
        """A store in a transaction that somebody else opened."""
        return SqlStore(unit.session, self._clock, unit)
