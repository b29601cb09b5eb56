"""Sharing levels, grants and what was counted against them, in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.upsert import upsert
from semblance.identity.domain.grant import Answer, Extent, Grant
from semblance.identity.domain.sharing import App, Level, Sharing
from semblance.kernel.destroyed import Destroyed
from semblance.kernel.ids import ConsentId, ImageId, SubjectId, new_id
from semblance.kernel.use import Use

_ONCE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # for settings from before their time was kept
_g, _u, _r = t.grants.c, t.grant_uses.c, t.grant_refusals.c


class SqlSharing:
    """Levels."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def get(self, subject_id: SubjectId) -> Sharing:
        """Where everybody begins, if the person never set any."""
        row = self._sql.execute(sa.select(t.sharing).where(t.sharing.c.subject_id == subject_id)).one_or_none()
        if row is None:
            return Sharing(subject_id)
        return Sharing(
            subject_id, Level(row.level), row.review, row.pictures, bytes(row.sealed_limits), row.set_at or _ONCE
        )

    def save(self, sharing: Sharing) -> None:
        """Write it as a whole."""
        values = {
            "subject_id": sharing.subject_id,
            "level": sharing.level.value,
            "review": sharing.review,
            "pictures": sharing.pictures,
            "sealed_limits": sharing.sealed_limits,
            "set_at": sharing.set_at,
        }
        upsert(self._sql, t.sharing, values, key=["subject_id"])


class SqlApps:
    """Accounts that are verified apps."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def get(self, subject_id: SubjectId) -> App | None:
        """None: a person."""
        return self._one(t.apps.c.subject_id == subject_id)

    def named(self, name: str) -> App | None:
        """Whatever the case of its letters."""
        return self._one(t.apps.c.folded_name == name.casefold())

    def save(self, app: App) -> None:
        """Mark it, or change its name."""
        values = {
            "subject_id": app.subject_id,
            "name": app.name,
            "folded_name": app.name.casefold(),
            "verified_at": app.verified_at,
        }
        upsert(self._sql, t.apps, values, key=["subject_id"])

    def remove(self, subject_id: SubjectId) -> None:
        """A person from now on."""
        self._sql.execute(sa.delete(t.apps).where(t.apps.c.subject_id == subject_id))

    def all(self) -> list[App]:
        """By name."""
        rows = self._sql.execute(sa.select(t.apps).order_by(t.apps.c.folded_name))
        return [App(SubjectId(row.subject_id), row.name, row.verified_at) for row in rows]

    def names(self, subject_ids: Sequence[str]) -> dict[str, str]:
        """Of those that are apps."""
        found = self._sql.execute(sa.select(t.apps).where(t.apps.c.subject_id.in_(list(subject_ids))))
        return {row.subject_id: row.name for row in found}

    def _one(self, which: sa.ColumnElement[bool]) -> App | None:
        row = self._sql.execute(sa.select(t.apps).where(which)).one_or_none()
        return App(SubjectId(row.subject_id), row.name, row.verified_at) if row is not None else None


class SqlGrants:
    """Grants, and one row for each picture that counts against one."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def add(self, grant: Grant) -> None:
        """Keep a new one."""
        self._sql.execute(sa.insert(t.grants).values(_values(grant)))

    def save(self, grant: Grant) -> None:
        """Write its present state; one that is gone stays gone."""
        self._sql.execute(sa.update(t.grants).where(_g.id == grant.id).values(_values(grant)))

    def get(self, grant_id: ConsentId, *, lock: bool = False) -> Grant | None:
        """None: no such grant."""
        query = sa.select(t.grants).where(_g.id == grant_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        return _grant(row) if row is not None else None

    def given_by(self, subject_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """Newest first."""
        return self._page(_g.subject_id == subject_id, after, limit)

    def asked_by(self, grantee_id: SubjectId, *, after: str = "", limit: int = 0) -> list[Grant]:
        """Newest first."""
        return self._page(_g.grantee_id == grantee_id, after, limit)

    def between(self, subject_id: SubjectId, grantee_id: SubjectId) -> list[Grant]:
        """Newest first."""
        return self._page(sa.and_(_g.subject_id == subject_id, _g.grantee_id == grantee_id), "", 0)

    def asked_before(self, grantee_id: SubjectId, fingerprint: str) -> list[Grant]:
        """What one asked of another, newest first."""
        return self._page(sa.and_(_g.grantee_id == grantee_id, _g.fingerprint == fingerprint), "", 0)

    def open_asks(self, now: dt.datetime, *, by: SubjectId | None = None, to: SubjectId | None = None) -> int:
        """How many wait for an answer."""
        query = sa.select(sa.func.count()).where(_g.answer == Answer.OPEN.value, _g.lapses_at > now)
        if by is not None:
            query = query.where(_g.grantee_id == by)
        if to is not None:
            query = query.where(_g.subject_id == to)
        return int(self._sql.execute(query).scalar_one())

    def uses(self, grant_id: ConsentId) -> int:
        """How many pictures were counted."""
        return int(self._sql.execute(sa.select(sa.func.count()).where(_u.grant_id == grant_id)).scalar_one())

    def is_used_for(self, grant_id: ConsentId, image_id: ImageId) -> bool:
        """Whether this picture was counted."""
        query = sa.select(_u.image_id).where(_u.grant_id == grant_id, _u.image_id == image_id)
        return self._sql.execute(query).one_or_none() is not None

    def use(self, grant_id: ConsentId, image_id: ImageId, at: dt.datetime) -> None:
        """Count a picture."""
        self._sql.execute(sa.insert(t.grant_uses).values(grant_id=grant_id, image_id=image_id, used_at=at))

    def return_use(self, grant_id: ConsentId, image_id: ImageId) -> bool:
        """Whether it was counted."""
        used = self.is_used_for(grant_id, image_id)
        self._sql.execute(sa.delete(t.grant_uses).where(_u.grant_id == grant_id, _u.image_id == image_id))
        return used

    def tell_refusal(self, grant_id: ConsentId, day: str, reason_code: str, use: str) -> bool:
        """Other days' rows go with the first of a new one. The caller holds the grant's lock."""
        self._sql.execute(sa.delete(t.grant_refusals).where(_r.grant_id == grant_id, _r.told_on != day))
        row = {"grant_id": grant_id, "told_on": day, "reason_code": reason_code, "declared_use": use}
        same = sa.and_(*(_r[name] == value for name, value in row.items()))
        if self._count(t.grant_refusals, same):
            return False
        self._sql.execute(sa.insert(t.grant_refusals).values(row))
        return True

    def forget_lapsed(self, before: dt.datetime) -> int:
        """How many questions were deleted."""
        lapsed = sa.and_(_g.answer == Answer.OPEN.value, _g.lapses_at < before)
        count = self._count(t.grants, lapsed)
        of_lapsed = _r.grant_id.in_(sa.select(_g.id).where(lapsed))
        self._sql.execute(sa.delete(t.grant_refusals).where(of_lapsed))
        self._sql.execute(sa.delete(t.grants).where(lapsed))
        return count

    def forget_subject(self, subject_id: SubjectId) -> list[Destroyed]:
        """Delete what a person gave and what they were given; which, by table.

        A question to the person that nobody answered goes on to nobody: its asker must not learn who is gone.
        """
        unanswered = sa.and_(_g.subject_id == subject_id, _g.answer == Answer.OPEN.value)
        asked = self._ids(_g.id, unanswered)
        self._sql.execute(sa.update(t.grants).where(unanswered).values(subject_id=new_id()))
        theirs = sa.or_(_g.subject_id == subject_id, _g.grantee_id == subject_id)
        used = _u.grant_id.in_(sa.select(_g.id).where(theirs))
        refused = _r.grant_id.in_(sa.select(_g.id).where(theirs))
        given = t.consents.c.grantee_id == subject_id
        gone = [
            Destroyed.of("database:grants", [*asked, *self._ids(_g.id, theirs)]),
            Destroyed.of("database:grant_uses", self._ids(_u.image_id, used)),
            Destroyed.of("database:grant_refusals", self._ids(_r.grant_id, refused)),
            Destroyed.of("database:grant_consents", self._ids(t.consents.c.id, given)),
            Destroyed.of("database:sharing", self._ids(t.sharing.c.subject_id, t.sharing.c.subject_id == subject_id)),
        ]
        gone.append(Destroyed.of("database:apps", self._ids(t.apps.c.subject_id, t.apps.c.subject_id == subject_id)))
        self._sql.execute(sa.delete(t.apps).where(t.apps.c.subject_id == subject_id))
        self._sql.execute(sa.delete(t.grant_uses).where(used))
        self._sql.execute(sa.delete(t.grant_refusals).where(refused))
        self._sql.execute(sa.delete(t.grants).where(theirs))
        self._sql.execute(sa.delete(t.consents).where(given))
        self._sql.execute(sa.delete(t.sharing).where(t.sharing.c.subject_id == subject_id))
        return gone

    def _ids(self, column: sa.ColumnElement[str], which: sa.ColumnElement[bool]) -> list[str]:
        return list(self._sql.scalars(sa.select(column).where(which)))

    def _count(self, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
        return int(self._sql.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())

    def _page(self, which: sa.ColumnElement[bool], after: str, limit: int) -> list[Grant]:
        query = sa.select(t.grants).where(which).order_by(_g.id.desc())
        if after:
            query = query.where(_g.id < after)
        if limit:
            query = query.limit(limit)
        return [_grant(row) for row in self._sql.execute(query)]


def _values(grant: Grant) -> dict[str, Any]:
    plain = (
        "id",
        "subject_id",
        "grantee_id",
        "grantee_is_app",
        "by_level",
        "asked_at",
        "lapses_at",
        "answered_at",
        "fingerprint",
        "sealed_purpose",
        "sealed_terms",
    )
    return {
        **{name: getattr(grant, name) for name in plain},
        "answer": grant.answer.value,
        "asked": _dump(grant.asked),
        "allowed": _dump(grant.allowed),
    }


def _grant(row: sa.Row[Any]) -> Grant:
    return Grant(
        id=ConsentId(row.id),
        subject_id=SubjectId(row.subject_id),
        grantee_id=SubjectId(row.grantee_id),
        grantee_is_app=row.grantee_is_app,
        answer=Answer(row.answer),
        asked_at=row.asked_at,
        lapses_at=row.lapses_at,
        asked=_extent(row.asked),
        allowed=_extent(row.allowed),
        by_level=row.by_level,
        answered_at=row.answered_at,
        fingerprint=row.fingerprint,
        sealed_purpose=bytes(row.sealed_purpose),
        sealed_terms=bytes(row.sealed_terms),
    )


def _dump(extent: Extent | None) -> dict[str, int | bool | list[str]] | None:
    if extent is None:
        return None
    numbers = {"pictures": extent.pictures, "days": extent.days, "review": extent.review, "together": extent.together}
    return {**numbers, "uses": [use.value for use in extent.uses]}


def _extent(stored: dict[str, Any] | None) -> Extent | None:
    if stored is None:
        return None
    uses = tuple(Use(use) for use in stored.get("uses", ()))  # older rows have none
    return Extent(stored["pictures"], stored["days"], stored["review"], uses, stored.get("together", False))
