"""Photo and face rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.ingest.adapters.tables import faces, photos
from semblance.ingest.domain.faces import Place, StoredFace
from semblance.ingest.domain.photo import HELD, UNFINISHED, Photo, PhotoState
from semblance.kernel.ids import ConsentId, PhotoId, SubjectId

_p = photos.c


class SqlPhotos:
    """See ports.Photos."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def get(self, photo_id: PhotoId) -> Photo | None:
        row = self._sql.execute(sa.select(photos).where(_p.id == photo_id)).mappings().first()
        return None if row is None else _photo(row)

    def save(self, photo: Photo) -> None:
        values = vars(photo) | {"state": photo.state.value}
        updated = self._sql.execute(sa.update(photos).where(_p.id == photo.id).values(values))
        if updated.rowcount == 0:  # type: ignore[attr-defined] # an UPDATE's result has a row count
            self._sql.execute(sa.insert(photos).values(values))

    def delete(self, photo_id: PhotoId) -> None:
        self._sql.execute(sa.delete(photos).where(_p.id == photo_id))

    def page(self, subject_id: SubjectId, after: str, limit: int) -> list[Photo]:
        behind = _p.id < after if after else sa.true()
        return self._photos(_p.subject_id == subject_id, behind, newest_first=True, limit=limit)

    def count(self, subject_id: SubjectId) -> int:
        query = sa.select(sa.func.count()).where(_p.subject_id == subject_id, _in(HELD | UNFINISHED))
        return int(self._sql.execute(query).scalar_one())

    def held(self, subject_id: SubjectId) -> list[Photo]:
        return self._photos(_p.subject_id == subject_id, _in(HELD))

    def unsettled(self, consent_id: ConsentId) -> list[Photo]:
        return self._photos(_p.consent_id == consent_id, _in(UNFINISHED | {PhotoState.RECEIVED}))

    def abandoned(self, before: dt.datetime) -> list[Photo]:
        return self._photos(_in(UNFINISHED), _p.created_at < before, limit=1000)

    def _photos(
        self, *conditions: sa.ColumnElement[bool], newest_first: bool = False, limit: int | None = None
    ) -> list[Photo]:
        order = _p.id.desc() if newest_first else _p.id
        rows = self._sql.execute(sa.select(photos).where(*conditions).order_by(order).limit(limit)).mappings()
        return [_photo(row) for row in rows]


class SqlFaces:
    """See ports.Faces."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def add(self, subject_id: SubjectId, stored: Sequence[StoredFace]) -> None:
        rows = [
            {
                "id": face.id,
                "photo_id": face.photo_id,
                "subject_id": subject_id,
                "place_px": _numbers(face.place),
                "own": face.own,
                "sealed_embedding": face.sealed_embedding,
                "face_model": face.face_model,
            }
            for face in stored
        ]
        if rows:
            self._sql.execute(sa.insert(faces), rows)

    def of_subject(self, subject_id: SubjectId) -> list[StoredFace]:
        rows = self._sql.execute(sa.select(faces).where(faces.c.subject_id == subject_id).order_by(faces.c.id)).all()
        return [
            StoredFace(
                row.id, PhotoId(row.photo_id), _place(row.place_px), row.own, row.sealed_embedding, row.face_model
            )
            for row in rows
        ]

    def delete(self, photo_id: PhotoId) -> None:
        self._sql.execute(sa.delete(faces).where(faces.c.photo_id == photo_id))


def _in(states: frozenset[PhotoState]) -> sa.ColumnElement[bool]:
    return _p.state.in_([state.value for state in states])


def _photo(row: Any) -> Photo:
    return Photo(**{**row, "state": PhotoState(row["state"])})


def _numbers(place: Place) -> list[float]:
    return [round(x, 2) for x in (place.x_px, place.y_px, place.width_px, place.height_px, *place.landmarks_px)]


def _place(numbers: list[float]) -> Place:
    x, y, width, height, *landmarks = numbers
    return Place(x, y, width, height, tuple(landmarks))
