"""Checks in SQL, and one transaction's view of everything for the handlers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.kernel.consent import Depicted
from semblance.kernel.ids import AdapterId, ConsentId, ImageId, SubjectId
from semblance.safety.adapters import tables as t
from semblance.safety.adapters.outbox_sink import to_message
from semblance.safety.domain.events import Event
from semblance.safety.domain.picture import CheckState, Measured, PictureCheck
from semblance.safety.domain.verdict import FaceSeen, NudePart, VerdictRules
from semblance.safety.ports import Checks
from semblance.service_kit.database import JSON, Database, Unit

FILTER_IMAGE, DROP_PIXELS, ERASE_SUBJECT = "filter_image", "drop_pixels", "erase_subject"
SETTLE_REVIEW = "settle_review"
DROP_LEFTOVER = "drop_leftover"  # a kind of its own: a removal of everything must never be taken for done by it

# Made once: making a statement anew costs several times what the database does.
_ADD = sa.insert(t.checks)
_ONE = sa.select(t.checks).where(t.checks.c.image_id == sa.bindparam("wanted"))
_ONE_LOCKED = _ONE.with_for_update()
_SAVE = sa.update(t.checks).where(t.checks.c.image_id == sa.bindparam("wanted"))


class SqlChecks:
    """Pictures and their verdicts."""

    def __init__(self, session: Session, rules: VerdictRules) -> None:
        self._sql = session
        self._rules = rules

    def add(self, check: PictureCheck) -> None:
        """Keep a new one."""
        self._sql.execute(_ADD, self._values(check))

    def get(self, image_id: ImageId, *, lock: bool = False) -> PictureCheck | None:
        """None: no such picture."""
        row = self._sql.execute(_ONE_LOCKED if lock else _ONE, {"wanted": image_id}).one_or_none()
        return _check(row) if row is not None else None

    def save(self, check: PictureCheck) -> None:
        """Write its present state, with the thresholds it was judged by."""
        self._sql.execute(_SAVE, {"wanted": check.image_id, **self._values(check)})

    def remove(self, image_id: ImageId) -> None:
        """Forget one."""
        self._sql.execute(sa.delete(t.checks).where(t.checks.c.image_id == image_id))

    def received_before(self, before: dt.datetime, state: CheckState, limit: int) -> list[ImageId]:
        """Oldest first."""
        old = (t.checks.c.state == state.value) & (t.checks.c.received_at < before)
        query = sa.select(t.checks.c.image_id).where(old).order_by(t.checks.c.received_at).limit(limit)
        return [ImageId(image_id) for image_id in self._sql.scalars(query)]

    def in_review(self) -> list[PictureCheck]:
        """Pictures that wait for an operator, oldest first."""
        query = (
            sa.select(t.checks).where(t.checks.c.state == CheckState.IN_REVIEW.value).order_by(t.checks.c.received_at)
        )
        return [_check(row) for row in self._sql.execute(query)]

    def of_subject(self, subject_id: SubjectId) -> list[ImageId]:
        """The person's pictures."""
        query = sa.select(t.checks.c.image_id).where(t.checks.c.subject_id == subject_id)
        return [ImageId(image_id) for image_id in self._sql.scalars(query)]

    def open_with(self, subject_id: SubjectId) -> list[ImageId]:
        """See ports.Checks."""
        waiting = t.checks.c.state.in_([CheckState.QUEUED.value, CheckState.IN_REVIEW.value])
        query = sa.select(t.checks.c.image_id, t.checks.c.further_subjects).where(waiting)
        return [
            ImageId(row.image_id)
            for row in self._sql.execute(query)
            if any(further == subject_id for further, *_ in row.further_subjects)
        ]

    def forget_requester(self, requester_id: SubjectId) -> list[ImageId]:
        """See ports.Checks."""
        asked = t.checks.c.requester_id == requester_id
        ids = [ImageId(image_id) for image_id in self._sql.scalars(sa.select(t.checks.c.image_id).where(asked))]
        self._sql.execute(sa.update(t.checks).where(asked).values(requester_id=""))
        return ids

    def remove_subject(self, subject_id: SubjectId) -> list[ImageId]:
        """Forget all of the person's; which."""
        mine = self.of_subject(subject_id)
        self._sql.execute(sa.delete(t.checks).where(t.checks.c.subject_id == subject_id))
        return mine

    def _values(self, check: PictureCheck) -> dict[str, Any]:
        special = {"state", "reasons", "measured", "further"}
        names = [f.name for f in dataclasses.fields(check) if f.name not in special]
        audit = {"measured": dataclasses.asdict(check.measured), "rules": _plain(self._rules)}
        return {
            **{name: getattr(check, name) for name in names},
            "state": check.state.value,
            "reasons": list(check.reasons),
            "further_subjects": [list(dataclasses.astuple(each)) for each in check.further],
            "source_image_id": check.source_image_id,
            "audit": audit,
        }


class SqlStore:
    """Repositories, events and work over one unit."""

    def __init__(self, unit: Unit, rules: VerdictRules) -> None:
        self._unit = unit
        self.checks: Checks = SqlChecks(unit.session, rules)

    def publish(self, event: Event) -> None:
        """Into the outbox of this transaction."""
        self._unit.emit(to_message(event))

    def schedule_filter(self, image_id: ImageId) -> None:
        """Queue the look at the picture."""
        self._unit.enqueue(FILTER_IMAGE, image_id)

    def cancel_filter(self, image_id: ImageId) -> None:
        """Drop it from the queue, or stop it."""
        self._unit.cancel(FILTER_IMAGE, image_id)

    def schedule_removal(self, image_id: ImageId, *quarantine_keys: str) -> None:
        """Queue the destruction of the pixels."""
        keys: list[JSON] = list(quarantine_keys)
        self._unit.enqueue(DROP_PIXELS, image_id, {"quarantine_keys": keys})

    def schedule_leftover(self, image_id: ImageId, quarantine_key: str) -> None:
        """Queue the destruction of what was made, where something else is published in its place."""
        self._unit.enqueue(DROP_LEFTOVER, image_id, {"quarantine_key": quarantine_key})

    def schedule_settling(self, image_id: ImageId, *, allow: bool) -> None:
        """Queue what an operator decided; the service does it, who knows the consents."""
        self._unit.enqueue(SETTLE_REVIEW, image_id, {"allow": allow})

    def schedule_erasure(self, erasure_id: str, subject_id: SubjectId, work_on: Sequence[str]) -> None:
        """Queue the destruction of everything of a person; work on these is dropped now, or told to stop."""
        dropped: list[JSON] = list(self._unit.forget_work(work_on))
        self._unit.enqueue(ERASE_SUBJECT, erasure_id, {"subject_id": subject_id, "dropped": dropped})


class SqlReads:
    """Questions outside a transaction."""

    def __init__(self, database: Database, rules: VerdictRules) -> None:
        self._database = database
        self._rules = rules

    def check(self, image_id: ImageId) -> PictureCheck | None:
        """None: no such picture."""
        with self._database.read() as session:
            return SqlChecks(session, self._rules).get(image_id)


def _plain(rules: VerdictRules) -> dict[str, Any]:
    return {**dataclasses.asdict(rules), "unknown_faces": rules.unknown_faces.value}


def _check(row: sa.Row[Any]) -> PictureCheck:
    measured = row.audit["measured"]
    return PictureCheck(
        image_id=ImageId(row.image_id),
        subject_id=SubjectId(row.subject_id),
        consent_id=ConsentId(row.consent_id),
        consent_revision=row.consent_revision,
        adapter_id=AdapterId(row.adapter_id),
        quarantine_key=row.quarantine_key,
        sha256=row.sha256,
        width_px=row.width_px,
        height_px=row.height_px,
        backbone_digest=row.backbone_digest,
        received_at=row.received_at,
        state=CheckState(row.state),
        reasons=tuple(row.reasons),
        measured=Measured(
            faces=tuple(_face(face) for face in measured["faces"]),
            nude_parts=tuple(NudePart(**{**p, "box_px": tuple(p["box_px"])}) for p in measured["nude_parts"]),
            enrolled=measured["enrolled"],
            index_revision=measured.get("index_revision", -1),
            each_enrolled=tuple(measured.get("each_enrolled", ())),
        ),
        decided_at=row.decided_at,
        declared_use=row.declared_use,
        requester_id=row.requester_id,
        further=tuple(Depicted(*each) for each in row.further_subjects),
        source_image_id=row.source_image_id,
    )


def _face(kept: dict[str, Any]) -> FaceSeen:
    tuples = {"box_px": tuple(kept["box_px"]), "own_scores": tuple(kept.get("own_scores", ()))}
    return FaceSeen(**{**kept, **tuples})
