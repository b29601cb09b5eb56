"""The log of changes to people, entry by entry."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.ingest.adapters.tables import libraries, people_log
from semblance.ingest.domain.people import Change, Entry, Grouped, Merged, Named, Split, Undone
from semblance.kernel.ids import PersonId, PhotoId, SubjectId

_l = people_log.c


class SqlLog:
    """See ports.Log; `append` needs the library's lock."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def read(self, subject_id: SubjectId) -> list[Entry]:
        rows = self._sql.execute(sa.select(people_log).where(_l.subject_id == subject_id).order_by(_l.number)).all()
        return [Entry(row.number, _change(row.kind, row.change, row.sealed_name)) for row in rows]

    def append(self, subject_id: SubjectId, change: Change, now: dt.datetime) -> None:
        mine = libraries.c.subject_id == subject_id
        self._sql.execute(sa.update(libraries).where(mine).values(last_number=libraries.c.last_number + 1))
        number = self._sql.execute(sa.select(libraries.c.last_number).where(mine)).scalar_one()
        kind, fields, sealed_name = _row(change)
        self._sql.execute(
            sa.insert(people_log).values(
                subject_id=subject_id, number=number, kind=kind, change=fields, sealed_name=sealed_name, at=now
            )
        )


def _row(change: Change) -> tuple[str, dict[str, Any], bytes | None]:
    match change:
        case Grouped(face_id, photo_id, person_id):
            return "grouped", {"face": face_id, "photo": photo_id, "person": person_id}, None
        case Named(person_id, sealed_name):
            return "named", {"person": person_id}, sealed_name
        case Merged(into, gone):
            return "merged", {"into": into, "gone": gone}, None
        case Split(person_id, face_ids, new_person_id):
            return "split", {"person": person_id, "faces": list(face_ids), "new": new_person_id}, None
        case Undone(number):
            return "undone", {"number": number}, None


def _change(kind: str, fields: dict[str, Any], sealed_name: bytes | None) -> Change:
    match kind:
        case "grouped":
            return Grouped(fields["face"], PhotoId(fields["photo"]), PersonId(fields["person"]))
        case "named":
            return Named(PersonId(fields["person"]), sealed_name or b"")
        case "merged":
            return Merged(PersonId(fields["into"]), PersonId(fields["gone"]))
        case "split":
            return Split(PersonId(fields["person"]), tuple(fields["faces"]), PersonId(fields["new"]))
        case "undone":
            return Undone(fields["number"])
        case _:
            raise ValueError(f"unknown kind of change in the log: {kind}")
