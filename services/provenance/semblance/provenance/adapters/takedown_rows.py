"""Take-down notices' rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.ids import ImageId
from semblance.provenance.adapters.tables import takedown_keys, takedown_pictures, takedowns
from semblance.provenance.domain.takedown import Relation, Takedown, TakedownPicture, TakedownState
from semblance.service_kit.begun_keys import BegunKeys

_c, _p = takedowns.c, takedown_pictures.c
_OPEN = TakedownState.OPEN.value
_AT_ONCE = 500
_ADDING = int.from_bytes(b"takedown", "big")  # an advisory lock's number


class SqlTakedowns:
    """See ports.Takedowns."""

    def __init__(self, session: Session, *, locks: bool) -> None:
        self._sql = session
        self._keys = BegunKeys(session, takedown_keys)
        self._locks = locks

    def begin_key(self, takedown_id: str, now: dt.datetime) -> None:
        """See ports.Takedowns."""
        self._keys.begin(takedown_id, now)

    def end_key(self, takedown_id: str) -> bool:
        """See ports.Takedowns."""
        return self._keys.end(takedown_id)

    def keys_begun_before(self, instant: dt.datetime, limit: int) -> Sequence[str]:
        """See ports.Takedowns."""
        return self._keys.before(instant, limit)

    def add(self, takedown: Takedown, pictures: Sequence[TakedownPicture]) -> None:
        """Insert."""
        self._sql.execute(sa.insert(takedowns).values(_row(takedown)))
        if pictures:
            self._sql.execute(sa.insert(takedown_pictures), [_picture_row(takedown.id, each) for each in pictures])

    def get(self, takedown_id: str) -> Takedown | None:
        """See ports.Takedowns."""
        query = sa.select(takedowns).where(_c.takedown_id == takedown_id)
        return self._one(query.with_for_update() if self._locks else query)

    def by_reference(self, reference_sha256: str) -> Takedown | None:
        """By the digest of what the claimant holds."""
        return self._one(sa.select(takedowns).where(_c.reference_sha256 == reference_sha256))

    def save(self, takedown: Takedown) -> None:
        """Replace the row."""
        self._sql.execute(sa.update(takedowns).where(_c.takedown_id == takedown.id).values(_row(takedown)))

    def pictures(self, takedown_id: str) -> Sequence[TakedownPicture]:
        """Surest first."""
        query = sa.select(takedown_pictures).where(_p.takedown_id == takedown_id)
        rows = self._sql.execute(query.order_by(_p.confidence_0_1.desc(), _p.image_id)).mappings()
        return [
            TakedownPicture(ImageId(row["image_id"]), row["found_by"], row["confidence_0_1"], row["hidden"])
            for row in rows
        ]

    def add_picture(self, takedown_id: str, picture: TakedownPicture) -> None:
        """See ports.Takedowns."""
        if all(known.image_id != picture.image_id for known in self.pictures(takedown_id)):
            self._sql.execute(sa.insert(takedown_pictures).values(_picture_row(takedown_id, picture)))

    def page(self, state: TakedownState | None, limit: int) -> Sequence[Takedown]:
        """See ports.Takedowns."""
        query = sa.select(takedowns) if state is None else sa.select(takedowns).where(_c.state == state.value)
        order = _c.due_at if state is TakedownState.OPEN else _c.received_at.desc()
        return [_takedown(row) for row in self._sql.execute(query.order_by(order).limit(limit)).mappings()]

    def open_count(self, *, due_by: dt.datetime | None = None) -> int:
        """See ports.Takedowns."""
        waiting = sa.select(sa.func.count()).select_from(takedowns).where(_c.state == _OPEN)
        return self._sql.scalar(waiting if due_by is None else waiting.where(_c.due_at <= due_by)) or 0

    def begin_adding(self) -> None:
        """SQLite has one writer anyway; PostgreSQL gets a lock until the transaction ends."""
        if self._sql.get_bind().dialect.name == "postgresql":
            self._sql.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADDING)))

    def hides(self, image_id: ImageId) -> bool:
        """See ports.Takedowns."""
        both = takedown_pictures.join(takedowns, _p.takedown_id == _c.takedown_id)
        query = sa.select(_p.image_id).select_from(both).where(_p.image_id == image_id, _p.hidden, _c.state == _OPEN)
        return self._sql.scalar(query.limit(1)) is not None

    def decided_before(self, instant: dt.datetime, limit: int) -> Sequence[Takedown]:
        """See ports.Takedowns."""
        query = sa.select(takedowns).where(_c.decided_at < instant).order_by(_c.decided_at).limit(limit)
        return [_takedown(row) for row in self._sql.execute(query).mappings()]

    def forget(self, takedown_id: str) -> None:
        """Delete it."""
        self._sql.execute(sa.delete(takedown_pictures).where(_p.takedown_id == takedown_id))
        self._sql.execute(sa.delete(takedowns).where(_c.takedown_id == takedown_id))

    def forget_pictures(self, image_ids: Sequence[ImageId]) -> Sequence[tuple[str, ImageId]]:
        """See ports.Takedowns."""
        gone: list[tuple[str, ImageId]] = []
        for start in range(0, len(image_ids), _AT_ONCE):
            mine = _p.image_id.in_(image_ids[start : start + _AT_ONCE])
            rows = self._sql.execute(sa.select(_p.takedown_id, _p.image_id).where(mine)).all()
            gone += [(row.takedown_id, ImageId(row.image_id)) for row in rows]
            self._sql.execute(sa.delete(takedown_pictures).where(mine))
        return gone

    def _one(self, query: sa.Select[Any]) -> Takedown | None:
        row = self._sql.execute(query).mappings().first()
        return None if row is None else _takedown(row)


def _row(takedown: Takedown) -> dict[str, object]:
    return {
        "takedown_id": takedown.id,
        "reference_sha256": takedown.reference_sha256,
        "state": takedown.state.value,
        "relation": takedown.relation.value,
        "statement_version": takedown.statement_version,
        "sealed": takedown.sealed,
        "hidden": takedown.hidden,
        "received_at": takedown.received_at,
        "due_at": takedown.due_at,
        "decided_at": takedown.decided_at,
        "decided_by": takedown.decided_by,
    }


def _picture_row(takedown_id: str, picture: TakedownPicture) -> dict[str, object]:
    return {
        "takedown_id": takedown_id,
        "image_id": picture.image_id,
        "found_by": picture.found_by,
        "confidence_0_1": picture.confidence_0_1,
        "hidden": picture.hidden,
    }


def _takedown(row: Mapping[Any, Any]) -> Takedown:
    return Takedown(
        id=row["takedown_id"],
        reference_sha256=row["reference_sha256"],
        relation=Relation(row["relation"]),
        statement_version=row["statement_version"],
        sealed=bytes(row["sealed"]),
        hidden=row["hidden"],
        received_at=row["received_at"],
        due_at=row["due_at"],
        state=TakedownState(row["state"]),
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
    )
