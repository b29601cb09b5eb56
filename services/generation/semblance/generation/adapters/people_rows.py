"""Whom pictures show beside their subject, in SQL; one row a person and picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.generation.adapters.tables import image_people, images
from semblance.generation.domain.image import Image
from semblance.generation.domain.together import Another, Area
from semblance.kernel.ids import AdapterId, ConsentId, SubjectId

_p = image_people.c
Others = dict[str, tuple[Another, ...]]


class PeopleRows:
    """Over one session."""

    def __init__(self, session: Session) -> None:
        self._sql = session

    def save(self, image: Image) -> None:
        """As they are now; who is not in it any more goes."""
        self._sql.execute(sa.delete(image_people).where(_p.image_id == image.id))
        for place, each in enumerate(image.others):
            self._sql.execute(sa.insert(image_people).values(image_id=image.id, place=place, **_values(each)))

    def of(self, image_ids: Sequence[str]) -> Others:
        """By image, in their order."""
        found: Others = {}
        query = sa.select(image_people).where(_p.image_id.in_(image_ids)).order_by(_p.image_id, _p.place)
        for row in self._sql.execute(query) if image_ids else ():
            found[row.image_id] = (*found.get(row.image_id, ()), _another(row))
        return found

    def remove(self, image_ids: Sequence[str]) -> None:
        """Of pictures that are deleted."""
        self._sql.execute(sa.delete(image_people).where(_p.image_id.in_(image_ids)))


def showing(which: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    """Ids of the pictures that show somebody like this beside their subject."""
    return sa.select(_p.image_id).where(which)


def counted_beside(subject_id: SubjectId) -> sa.Select[Any]:
    """How many pictures of others show this person too: by their own consent, their adapter's, state, and whether
    somebody else asked."""
    asker = sa.func.coalesce(images.c.requester_id, images.c.subject_id)
    kinds = (_p.consent_id, _p.adapter_consent_id, images.c.state, asker != subject_id)
    both = image_people.join(images, images.c.id == _p.image_id)
    return sa.select(*kinds, sa.func.count()).select_from(both).where(of_subject(subject_id)).group_by(*kinds)


def of_subject(subject_id: SubjectId) -> sa.ColumnElement[bool]:
    """Rows of this person."""
    return _p.subject_id == subject_id


def under(consent_id: ConsentId) -> sa.ColumnElement[bool]:
    """Rows that need this consent."""
    return sa.or_(_p.consent_id == consent_id, _p.adapter_consent_id == consent_id)


def wearing(adapter_id: AdapterId) -> sa.ColumnElement[bool]:
    """Rows that need this adapter."""
    return _p.adapter_id == adapter_id


def area_of(stored: dict[str, float] | None) -> Area | None:
    """As it was dumped by asdict."""
    return None if stored is None else Area(**stored)


def _values(each: Another) -> dict[str, Any]:
    names = ("subject_id", "consent_id", "consent_revision", "adapter_id", "adapter_consent_id", "shown")
    return {**{name: getattr(each, name) for name in names}, "area": asdict(each.area)}


def _another(row: sa.Row[Any]) -> Another:
    return Another(
        subject_id=SubjectId(row.subject_id),
        consent_id=ConsentId(row.consent_id),
        consent_revision=row.consent_revision,
        adapter_id=AdapterId(row.adapter_id),
        adapter_consent_id=ConsentId(row.adapter_consent_id),
        area=Area(**row.area),
        shown=row.shown,
    )
