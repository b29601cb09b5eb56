"""The gallery's revision, and what each of the last ones changed: ids of templates and entries, nobody's id."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from semblance.identity.adapters import tables as t
from semblance.identity.domain.templates import Change, ChangeKind

KEPT = 10_000
"""Revisions; who is further behind reads everything again."""


def moved(session: Session, kind: ChangeKind, names: Sequence[str]) -> None:
    """A new revision, which touched these; the row is locked until the transaction ends."""
    session.execute(sa.update(t.gallery_revision).values(revision=t.gallery_revision.c.revision + 1))
    revision = current(session)
    rows = [{"revision": revision, "kind": kind.value, "name": name} for name in names or [""]]
    session.execute(sa.insert(t.gallery_changes), rows)
    session.execute(sa.delete(t.gallery_changes).where(t.gallery_changes.c.revision <= revision - KEPT))


def current(session: Session, *, lock: bool = False) -> int:
    """The revision as this transaction sees it."""
    query = sa.select(t.gallery_revision.c.revision)
    return int(session.execute(query.with_for_update() if lock else query).scalar_one())


def changes(session: Session, after: int, until: int) -> list[Change] | None:
    """What the revisions behind `after` touched, up to `until`; None where the log does not hold them all."""
    log = t.gallery_changes
    query = sa.select(log).where(log.c.revision > after, log.c.revision <= until)
    if not 0 <= until - after <= KEPT:
        return None
    rows = list(session.execute(query))
    if len({row.revision for row in rows}) != until - after:
        return None
    return [Change(ChangeKind(row.kind), row.name) for row in rows if row.name]


def forget_gone(session: Session, until: int) -> None:
    """Revisions up to `until` that touched templates which are gone: an erasure leaves no id behind. The whole
    revision goes, so that whoever is behind it finds a gap, and reads everything again."""
    log = t.gallery_changes
    there = sa.select(t.templates.c.id).where(t.templates.c.id == log.c.name).exists()
    gone = sa.select(log.c.revision).where(
        log.c.revision <= until, log.c.kind == ChangeKind.TEMPLATE.value, log.c.name != "", ~there
    )
    session.execute(sa.delete(log).where(log.c.revision.in_(list(session.scalars(gone.distinct())))))
