"""The protected register in SQL; every change moves the gallery's revision, by which all processes hear of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.adapters.gallery_log import moved
from semblance.identity.domain.protection import ProtectedFace, ProtectionPurpose
from semblance.identity.domain.review import ReviewKind
from semblance.identity.domain.templates import ChangeKind
from semblance.kernel.ids import SubjectId, new_id
from semblance.service_kit.begun_keys import BegunKeys

_PORTION = 500  # ids in one question; every database takes so many


class SqlRegister:
    """Entries, and against whom they have no effect."""

    def __init__(self, session: Session) -> None:
        self._sql = session
        self._keys = BegunKeys(session, t.protection_keys)

    def begin_key(self, entry_id: str, now: dt.datetime) -> None:
        """Again for an entry that is being added begins its time anew. The caller holds the gallery's lock."""
        self._keys.end(entry_id)
        self._keys.begin(entry_id, now)

    def end_key(self, entry_id: str) -> bool:
        """Whether its key was one that is about to be made."""
        return self._keys.end(entry_id)

    def keys_begun_before(self, instant: dt.datetime, limit: int) -> Sequence[str]:
        """Oldest first."""
        return self._keys.before(instant, limit)

    def add(self, entry: ProtectedFace) -> None:
        """Keep a new one."""
        values = {
            "id": entry.id,
            "purpose": entry.purpose.value,
            "sealed": entry.sealed,
            "code_sha256": entry.code_sha256,
            "added_at": entry.added_at,
            "face_model": entry.face_model,
        }
        self._sql.execute(sa.insert(t.protected_faces).values(values))
        moved(self._sql, ChangeKind.ENTRY, [entry.id])

    def get(self, entry_id: str) -> ProtectedFace | None:
        """None: no such entry."""
        query = sa.select(t.protected_faces).where(t.protected_faces.c.id == entry_id)
        row = self._sql.execute(query).one_or_none()
        return _entry(row) if row is not None else None

    def remove(self, entry_id: str) -> bool:
        """Delete it with its exemptions and with the question whether it may have effect; whether it was there."""
        removed = self._sql.execute(sa.delete(t.protected_faces).where(t.protected_faces.c.id == entry_id))
        self._sql.execute(sa.delete(t.protection_exemptions).where(t.protection_exemptions.c.entry_id == entry_id))
        asked = t.reviews.c.kind == ReviewKind.PROTECTION_OF_ENROLLED_FACE.value
        self._sql.execute(sa.delete(t.reviews).where(asked, t.reviews.c.entry_id == entry_id))
        self._sql.execute(sa.update(t.reviews).where(t.reviews.c.entry_id == entry_id).values(entry_id=None))
        moved(self._sql, ChangeKind.ENTRY, [entry_id])
        return bool(removed.rowcount)  # type: ignore[attr-defined] # a CursorResult

    def ids(self, face_model: str | None = None) -> list[str]:
        """The id of every entry that this model made; None: of every entry."""
        query = sa.select(t.protected_faces.c.id)
        return list(self._sql.scalars(query if face_model is None else query.where(_made_by(face_model))))

    def of_other_models(self, face_model: str) -> int:
        """How many entries this model did not make."""
        others = sa.select(sa.func.count()).select_from(t.protected_faces).where(~_made_by(face_model))
        return int(self._sql.execute(others).scalar_one())

    def entries(self, ids: Sequence[str]) -> list[ProtectedFace]:
        """Those of `ids` that are there."""
        found: list[ProtectedFace] = []
        for start in range(0, len(ids), _PORTION):
            query = sa.select(t.protected_faces).where(t.protected_faces.c.id.in_(ids[start : start + _PORTION]))
            found += [_entry(row) for row in self._sql.execute(query)]
        return found

    def page(self, after: str, limit: int) -> list[ProtectedFace]:
        """Newest first, those behind the id `after` ("": from the newest)."""
        query = sa.select(t.protected_faces).order_by(t.protected_faces.c.id.desc()).limit(limit)
        if after:
            query = query.where(t.protected_faces.c.id < after)
        return [_entry(row) for row in self._sql.execute(query)]

    def count(self) -> int:
        """How many entries there are."""
        return int(self._sql.execute(sa.select(sa.func.count()).select_from(t.protected_faces)).scalar_one())

    def exempt(self, entry_id: str, subject_id: SubjectId) -> None:
        """From now on the entry has no effect against this person."""
        self.end_exemption(entry_id, subject_id)
        self._sql.execute(
            sa.insert(t.protection_exemptions).values(id=new_id(), entry_id=entry_id, subject_id=subject_id)
        )

    def end_exemption(self, entry_id: str, subject_id: SubjectId) -> None:
        """From now on the entry has effect against this person too."""
        mine = sa.and_(
            t.protection_exemptions.c.entry_id == entry_id, t.protection_exemptions.c.subject_id == subject_id
        )
        self._sql.execute(sa.delete(t.protection_exemptions).where(mine))
        moved(self._sql, ChangeKind.EXEMPTION, [entry_id])

    def exemptions(self) -> list[tuple[str, SubjectId]]:
        """Every pair of entry and person."""
        rows = self._sql.execute(sa.select(t.protection_exemptions))
        return [(row.entry_id, SubjectId(row.subject_id)) for row in rows]


def _made_by(face_model: str) -> sa.ColumnElement[bool]:
    return t.protected_faces.c.face_model == face_model


def _entry(row: sa.Row[Any]) -> ProtectedFace:
    purpose = ProtectionPurpose(row.purpose)
    return ProtectedFace(row.id, purpose, row.sealed, row.code_sha256, row.added_at, row.face_model)
