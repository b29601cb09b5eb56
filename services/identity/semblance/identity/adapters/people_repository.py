"""Releases, sessions, failed tries and consents in SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as SqlSession

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.upsert import upsert
from semblance.identity.domain.challenge import Movement
from semblance.identity.domain.illumination import ScreenColour
from semblance.identity.domain.release import Release
from semblance.identity.domain.session import Session, SessionState
from semblance.kernel.consent import Consent, Purpose
from semblance.kernel.ids import ConsentId, ReleaseId, SessionId, SubjectId, new_id


class SqlReleases:
    """Signed releases."""

    def __init__(self, session: SqlSession) -> None:
        self._sql = session

    def add(self, release: Release) -> None:
        """Keep a new one."""
        values = {
            "id": release.id,
            "subject_id": release.subject_id,
            "notice_version": release.notice_version,
            "notice_sha256": release.notice_sha256,
            "purposes": _join(p.value for p in release.purposes),
            "sealed_name": release.sealed_name,
            "signed_at": release.signed_at,
        }
        self._sql.execute(sa.insert(t.releases).values(values))

    def get(self, release_id: ReleaseId) -> Release | None:
        """None: no such release."""
        return self._one(sa.select(t.releases).where(t.releases.c.id == release_id))

    def of_consent(self, consent_id: ConsentId) -> Release | None:
        """None: it has no capture of its own, or was restored from the log."""
        captured = sa.select(t.sessions.c.release_id).where(t.sessions.c.consent_id == consent_id)
        reviewed = sa.select(t.reviews.c.release_id).where(t.reviews.c.consent_id == consent_id)
        either = t.releases.c.id.in_(captured) | t.releases.c.id.in_(reviewed)
        return self._one(sa.select(t.releases).where(either).limit(1))

    def before(self, subject_id: SubjectId, at: dt.datetime) -> Release | None:
        """None: the person had signed none yet."""
        own = (t.releases.c.subject_id == subject_id) & (t.releases.c.signed_at <= at)
        return self._one(sa.select(t.releases).where(own).order_by(t.releases.c.id.desc()).limit(1))

    def _one(self, query: sa.Select[Any]) -> Release | None:
        row = self._sql.execute(query).one_or_none()
        if row is None:
            return None
        return Release(
            id=ReleaseId(row.id),
            subject_id=SubjectId(row.subject_id),
            notice_version=row.notice_version,
            notice_sha256=row.notice_sha256,
            purposes=_purposes(row.purposes),
            sealed_name=row.sealed_name,
            signed_at=row.signed_at,
        )


class SqlSessions:
    """Capture sessions."""

    def __init__(self, session: SqlSession) -> None:
        self._sql = session

    def add(self, session: Session) -> None:
        """Keep a new one."""
        self._sql.execute(sa.insert(t.sessions).values(_session_values(session)))

    def get(self, session_id: SessionId, *, lock: bool = False) -> Session | None:
        """None: no such session."""
        query = sa.select(t.sessions).where(t.sessions.c.id == session_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            return None
        return Session(
            id=SessionId(row.id),
            subject_id=SubjectId(row.subject_id),
            release_id=ReleaseId(row.release_id),
            device_sha256=row.device_sha256,
            challenge=tuple(Movement(m) for m in row.challenge.split(",")),
            colours=_colours(row.colours),
            nonce=row.nonce,
            state=SessionState(row.state),
            tries_left=row.tries_left,
            created_at=row.created_at,
            expires_at=row.expires_at,
            advice=tuple(row.advice),
            failure=row.failure,
            consent_id=ConsentId(row.consent_id) if row.consent_id else None,
        )

    def save(self, session: Session) -> None:
        """Write its present state; one that is gone stays gone."""
        self._sql.execute(sa.update(t.sessions).where(t.sessions.c.id == session.id).values(_session_values(session)))

    def forget_unfinished(self, before: dt.datetime) -> int:
        """Delete older ones that no consent came of and that no review names; how many."""
        reviewed = sa.select(t.reviews.c.id).where(t.reviews.c.session_id == t.sessions.c.id)
        old = t.sessions.c.consent_id.is_(None) & (t.sessions.c.created_at < before) & ~reviewed.exists()
        ids = self._sql.scalars(sa.select(t.sessions.c.id).where(old)).all()
        self._sql.execute(sa.delete(t.sessions).where(t.sessions.c.id.in_(ids)))
        return len(ids)


class SqlFailures:
    """Failed tries."""

    def __init__(self, session: SqlSession) -> None:
        self._sql = session

    def add(self, subject_id: SubjectId, device_sha256: str, at: dt.datetime) -> None:
        """Note one."""
        values = {"id": new_id(), "subject_id": subject_id, "device_sha256": device_sha256, "failed_at": at}
        self._sql.execute(sa.insert(t.failures).values(values))

    def of_subject(self, subject_id: SubjectId, since: dt.datetime) -> list[dt.datetime]:
        """When this person failed."""
        return self._times(t.failures.c.subject_id == subject_id, since)

    def of_device(self, device_sha256: str, since: dt.datetime) -> list[dt.datetime]:
        """When anybody failed on this device."""
        return self._times(t.failures.c.device_sha256 == device_sha256, since)

    def forget_before(self, at: dt.datetime) -> None:
        """Delete older ones."""
        self._sql.execute(sa.delete(t.failures).where(t.failures.c.failed_at < at))

    def _times(self, which: sa.ColumnElement[bool], since: dt.datetime) -> list[dt.datetime]:
        query = sa.select(t.failures.c.failed_at).where(which, t.failures.c.failed_at >= since)
        return list(self._sql.scalars(query))


class SqlConsents:
    """Consents, each at its present revision."""

    def __init__(self, session: SqlSession) -> None:
        self._sql = session

    def save(self, consent: Consent, session_id: SessionId | None = None) -> None:
        """Write it; the session is noted the first time."""
        values: dict[str, Any] = {
            "id": consent.id,
            "subject_id": consent.subject_id,
            "revision": consent.revision,
            "purposes": _join(p.value for p in consent.purposes),
            "granted_at": consent.granted_at,
            "expires_at": consent.expires_at,
            "revoked_at": consent.revoked_at,
            "grantee_id": consent.grantee_id,
        }
        if session_id is not None:
            values["session_id"] = session_id
        upsert(self._sql, t.consents, values, key=["id"])

    def get(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None:
        """None: no such consent."""
        query = sa.select(t.consents).where(t.consents.c.id == consent_id)
        row = self._sql.execute(query.with_for_update() if lock else query).one_or_none()
        return _consent(row) if row is not None else None

    def of_grantee(self, grantee_id: SubjectId) -> list[Consent]:
        """Those that others gave."""
        query = sa.select(t.consents).where(t.consents.c.grantee_id == grantee_id).order_by(t.consents.c.id)
        return [_consent(row) for row in self._sql.execute(query)]

    def of_subject(self, subject_id: SubjectId) -> list[Consent]:
        """The person's own and those given to others, newest first."""
        query = sa.select(t.consents).where(t.consents.c.subject_id == subject_id).order_by(t.consents.c.id.desc())
        return [_consent(row) for row in self._sql.execute(query)]


def _session_values(session: Session) -> dict[str, Any]:
    return {
        "id": session.id,
        "subject_id": session.subject_id,
        "release_id": session.release_id,
        "device_sha256": session.device_sha256,
        "challenge": ",".join(m.value for m in session.challenge),
        "colours": ",".join(f"{c.colour}:{c.for_ms}" for c in session.colours),
        "nonce": session.nonce,
        "state": session.state.value,
        "tries_left": session.tries_left,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "advice": list(session.advice),
        "failure": session.failure,
        "consent_id": session.consent_id,
    }


def _consent(row: sa.Row[Any]) -> Consent:
    return Consent(
        id=ConsentId(row.id),
        subject_id=SubjectId(row.subject_id),
        revision=row.revision,
        purposes=_purposes(row.purposes),
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        grantee_id=SubjectId(row.grantee_id) if row.grantee_id else None,
    )


def _colours(text: str) -> tuple[ScreenColour, ...]:
    pairs = (part.split(":") for part in text.split(",") if part)
    return tuple(ScreenColour(colour, int(for_ms)) for colour, for_ms in pairs)


def _join(words: Iterable[str]) -> str:
    return ",".join(sorted(words))


def _purposes(text: str) -> frozenset[Purpose]:
    return frozenset(Purpose(word) for word in text.split(","))
