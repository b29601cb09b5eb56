"""Images in SQL."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.generation.adapters import people_rows
from semblance.generation.adapters.people_rows import PeopleRows
from semblance.generation.adapters.tables import images
from semblance.generation.domain.edit import Changes, Edit, Kept
from semblance.generation.domain.image import ERASED_REQUESTER, Image, Pixels, State, Visibility
from semblance.generation.domain.order import Order
from semblance.generation.domain.sizes import kept_size
from semblance.generation.domain.together import Another
from semblance.generation.ports import ImageCount
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.kernel.use import parse_use
from semblance.service_kit.locks import lock

_OPEN: Final = (State.QUEUED.value, State.RUNNING.value)
_PENDING: Final = (*_OPEN, State.QUARANTINED.value, State.IN_REVIEW.value)
_c = images.c
# Made once: making a statement anew costs several times what the database does.
_ADD = sa.insert(images)
_ONE = sa.select(images).where(_c.id == sa.bindparam("wanted"))
_ONE_LOCKED = _ONE.with_for_update()
_SAVE = sa.update(images).where(_c.id == sa.bindparam("wanted"))


class SqlImages:
    """Images over one session."""

    def __init__(self, session: Session) -> None:
        self._sql = session
        self._people = PeopleRows(session)

    def add(self, image: Image) -> None:
        """Keep a new one."""
        self._sql.execute(_ADD, _values(image))
        self._people.save(image)

    def save(self, image: Image) -> None:
        """Write its present state."""
        self._sql.execute(_SAVE, {"wanted": image.id, **_values(image)})
        if image.people > 1:
            self._people.save(image)

    def get(self, image_id: ImageId, *, lock: bool = False) -> Image | None:
        """None: no such image."""
        found = self._read(_ONE_LOCKED if lock else _ONE, wanted=image_id)
        return found[0] if found else None

    def page(self, subject_id: SubjectId, after: str, limit: int, *, by_others: bool = False) -> list[Image]:
        """Newest first; of pictures of several, those that somebody else asked for."""
        own = sa.and_(_c.subject_id == subject_id, _asked_by_others(by_others))
        if not by_others:
            return self._page(own, after, limit)
        asker = sa.func.coalesce(_c.requester_id, _c.subject_id)
        shown = sa.and_(_c.id.in_(people_rows.showing(people_rows.of_subject(subject_id))), asker != subject_id)
        return self._page(sa.or_(own, shown), after, limit)

    def page_of_requester(self, requester_id: SubjectId, after: str, limit: int) -> list[Image]:
        """Newest first."""
        return self._page(_c.requester_id == requester_id, after, limit)

    def lock(self, asker_id: SubjectId, subject_id: SubjectId) -> None:
        """See ports.Images."""
        for what in sorted({f"images:by:{asker_id}", f"images:of:{subject_id}"}):
            lock(self._sql, what)

    def open_count(self, subject_id: SubjectId, requester_id: SubjectId | None) -> int:
        """See ports.Images."""
        return self._open(_c.subject_id == subject_id, _c.requester_id.is_not_distinct_from(requester_id))

    def open_by_others(self, subject_id: SubjectId) -> int:
        """See ports.Images."""
        return self._open(_c.subject_id == subject_id, _c.requester_id.is_not(None))

    def open_of_asker(self, asker_id: SubjectId) -> int:
        """How many of whomever that this one asked for wait for a worker or are drawn."""
        own = sa.and_(_c.requester_id.is_(None), _c.subject_id == asker_id)
        return self._open(sa.or_(own, _c.requester_id == asker_id))

    def counts(self, subject_id: SubjectId) -> list[ImageCount]:
        """How many there are of each kind."""
        by_others = _c.requester_id.is_not(None)
        kinds = (_c.consent_id, _c.adapter_consent_id, _c.state, by_others)
        own = sa.select(*kinds, sa.func.count()).where(_c.subject_id == subject_id).group_by(*kinds)
        beside = people_rows.counted_beside(subject_id)
        return [
            ImageCount(ConsentId(consent), ConsentId(adapter_consent), State(state), bool(others), int(count))
            for query in (own, beside)
            for consent, adapter_consent, state, others, count in self._sql.execute(query)
        ]

    def forget_requester(self, requester_id: SubjectId) -> list[str]:
        """Pictures of others that somebody asked for lose who it was; their ids."""
        asked = _c.requester_id == requester_id
        ids = self._sql.scalars(sa.select(_c.id).where(asked)).all()
        self._sql.execute(sa.update(images).where(asked).values(requester_id=ERASED_REQUESTER))
        return list(ids)

    def of_subject(self, subject_id: SubjectId, *, lock: bool = False) -> list[Image]:
        """All of a person's."""
        query = sa.select(images).where(_c.subject_id == subject_id).order_by(_c.id)
        return self._read(query.with_for_update() if lock else query)

    def showing(self, subject_id: SubjectId) -> list[Image]:
        """Others' that show this person too, locked."""
        return self._locked(_c.id.in_(people_rows.showing(people_rows.of_subject(subject_id))))

    def pending_under(self, consent_id: ConsentId) -> list[Image]:
        """Pending ones that need this consent, locked."""
        made_under = _c.consent_id, _c.adapter_consent_id, _c.source_consent_id
        of_another = _c.id.in_(people_rows.showing(people_rows.under(consent_id)))
        needs = sa.or_(*(column == consent_id for column in made_under), of_another)
        return self._locked(sa.and_(needs, _c.state.in_(_PENDING)))

    def pending_from(self, source_id: ImageId) -> list[Image]:
        """Pending edits of this picture, locked."""
        return self._locked(sa.and_(_c.source_image_id == source_id, _c.state.in_(_PENDING)))

    def open_with(self, adapter_id: AdapterId) -> list[Image]:
        """Open ones that need this adapter, locked."""
        by_another = _c.id.in_(people_rows.showing(people_rows.wearing(adapter_id)))
        return self._locked(sa.and_(sa.or_(_c.adapter_id == adapter_id, by_another), _c.state.in_(_OPEN)))

    def remove_subject(self, subject_id: SubjectId) -> list[str]:
        """Delete a person's rows; the ids of what they were about."""
        own = images.c.subject_id == subject_id
        ids = self._sql.scalars(sa.select(images.c.id).where(own)).all()
        self._people.remove(ids)
        self._sql.execute(sa.delete(images).where(own))
        return list(ids)

    def _page(self, which: sa.ColumnElement[bool], after: str, limit: int) -> list[Image]:
        behind = _c.id < after if after else sa.true()
        return self._read(sa.select(images).where(which, behind).order_by(_c.id.desc()).limit(limit))

    def _open(self, *which: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).where(*which, _c.state.in_(_OPEN))
        return int(self._sql.execute(query).scalar_one())

    def _locked(self, condition: sa.ColumnElement[bool]) -> list[Image]:
        return self._read(sa.select(images).where(condition).order_by(_c.id).with_for_update())

    def _read(self, query: sa.Select[Any], **given: str) -> list[Image]:
        rows = self._sql.execute(query, given).all()
        others = self._people.of([row.id for row in rows if row.people > 1])
        return [_image(row, others.get(row.id, ())) for row in rows]


def _asked_by_others(by_others: bool) -> sa.ColumnElement[bool]:
    return _c.requester_id.is_not(None) if by_others else _c.requester_id.is_(None)


def _values(image: Image) -> dict[str, Any]:
    pixels = image.pixels or Pixels("", "", 0, 0, "")
    plain = (
        "id",
        "subject_id",
        "consent_id",
        "consent_revision",
        "adapter_id",
        "adapter_consent_id",
        "sealed_words",
        "manifest_id",
        "requested_at",
        "finished_at",
        "requester_id",
        "people",
        "turn_at",
        "begin_by",
    )
    of_order = ("seed", "steps", "guidance_scale", "likeness_scale", "adapter_strength")
    of_pixels = ("quarantine_key", "sha256", "width_px", "height_px", "backbone_digest")
    return {
        **{name: getattr(image, name) for name in plain},
        **{name: getattr(image.order, name) for name in of_order},
        **{name: getattr(pixels, name) for name in of_pixels},
        "state": image.state.value,
        "visibility": image.visibility.value,
        "declared_use": image.use.value if image.use else "",
        "reason_codes": list(image.reason_codes),
        "area": asdict(image.order.area) if image.order.area else None,
        "drawn_size": image.order.size.name if image.order.size else None,
        **_edited(image.edit),
    }


def _edited(edit: Edit | None) -> dict[str, Any]:
    return {
        "source_image_id": edit.source_id if edit else None,
        "source_consent_id": edit.source_consent_id if edit else None,
        "strength": edit.changes.strength if edit else None,
        "kept_part": edit.changes.kept.value if edit else None,
    }


def _edit(row: sa.Row[Any]) -> Edit | None:
    if not row.source_image_id:
        return None
    changes = Changes(row.strength, Kept(row.kept_part))
    return Edit(ImageId(row.source_image_id), ConsentId(row.source_consent_id), changes)


def _order(row: sa.Row[Any]) -> Order:
    area = people_rows.area_of(row.area)
    numbers = row.seed, row.steps, row.guidance_scale, row.likeness_scale
    return Order(*numbers, area, row.adapter_strength, kept_size(row.drawn_size))


def _image(row: sa.Row[Any], others: tuple[Another, ...]) -> Image:
    pixels = Pixels(row.quarantine_key, row.sha256, row.width_px, row.height_px, row.backbone_digest)
    return Image(
        id=ImageId(row.id),
        subject_id=SubjectId(row.subject_id),
        consent_id=ConsentId(row.consent_id),
        consent_revision=row.consent_revision,
        adapter_id=AdapterId(row.adapter_id),
        adapter_consent_id=ConsentId(row.adapter_consent_id),
        order=_order(row),
        sealed_words=bytes(row.sealed_words),
        state=State(row.state),
        requested_at=row.requested_at,
        reason_codes=tuple(row.reason_codes),
        pixels=pixels if row.quarantine_key else None,
        manifest_id=row.manifest_id,
        finished_at=row.finished_at,
        requester_id=SubjectId(row.requester_id) if row.requester_id else None,
        visibility=Visibility(row.visibility),
        use=parse_use(row.declared_use),
        edit=_edit(row),
        others=others,
        people=row.people,
        turn_at=row.turn_at,
        begin_by=row.begin_by,
    )
