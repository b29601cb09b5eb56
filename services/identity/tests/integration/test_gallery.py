"""The gallery against the database: it follows by the log of changes, and by reading everything where that ends."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import sqlalchemy as sa

from semblance.identity.adapters import gallery_log, tables
from semblance.identity.adapters.sweeper import Sweeper
from semblance.identity.domain.templates import Change, ChangeKind
from semblance.identity.handlers import faces
from semblance.service_kit import testing


def elsewhere(desk: Any) -> Any:
    """Another process's ports on the same database."""
    return dataclasses.replace(desk.ports, gallery=type(desk.ports.gallery)(desk.ports.seals, desk.ports.keys))


def forget_templates(desk: Any, subject_id: str) -> None:
    with desk.ports.transactions() as store:
        store.templates.remove(subject_id)


def test_a_change_is_followed_without_reading_everything_again(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, _ = desk.opted_in(person=1)
    other = elsewhere(desk)
    assert faces.find_matches(ada, [desk.face(1)], other).faces[0].own
    monkeypatch.setattr(type(other.gallery), "_read_all", None)
    desk.opted_in(person=2)
    assert faces.find_matches(ada, [desk.face(2)], other).faces[0].other
    forget_templates(desk, ada)
    found = faces.find_matches(ada, [desk.face(1)], other)
    assert (found.faces[0].own, found.enrolled) == (False, False)


@pytest.mark.parametrize("lost", ["pruned", "a gap", "restored from a backup"])
def test_where_the_log_ends_everything_is_read_again(desk: Any, lost: str) -> None:
    ada, _ = desk.opted_in(person=1)
    other = elsewhere(desk)
    faces.find_matches(ada, [desk.face(1)], other)
    known = other.gallery.revision
    desk.opted_in(person=2)
    forget_templates(desk, ada)
    with desk.database.transaction() as unit:
        log = tables.gallery_changes
        gone = log.c.revision > known if lost == "pruned" else log.c.revision == known + 1
        unit.session.execute(sa.delete(log).where(gone))
        if lost == "restored from a backup":
            unit.session.execute(sa.update(tables.gallery_revision).values(revision=known - 1))
    found = faces.find_matches(ada, [desk.face(2)], other)
    assert (found.faces[0].other, found.enrolled) == (True, False)


def logged(desk: Any) -> set[str]:
    with desk.database.transaction() as unit:
        return set(unit.session.scalars(sa.select(tables.gallery_changes.c.name)))


def test_ids_of_templates_that_are_gone_leave_the_log_and_who_is_behind_reads_everything(desk: Any) -> None:
    ada, _ = desk.opted_in(person=1)
    bob, _ = desk.opted_in(person=2)
    behind = elsewhere(desk)
    faces.find_matches(ada, [desk.face(1)], behind)
    with desk.ports.reads() as store:
        owners = store.templates.ids()
    hers = {name for name, owner in owners.items() if owner == ada}
    his = {name for name, owner in owners.items() if owner == bob}
    assert hers | his <= logged(desk)
    forget_templates(desk, ada)
    sweeper = Sweeper(desk.ports, testing.FakeConsentView(desk.clock), every_s=1)
    sweeper.sweep()
    assert hers <= logged(desk), "for one more sweep every process follows it by the log"
    sweeper.sweep()
    assert not hers & logged(desk)
    assert his <= logged(desk)
    found = faces.find_matches(ada, [desk.face(1)], behind)
    assert (found.faces[0].own, found.faces[0].other, found.enrolled) == (False, False, False)
    assert faces.find_matches(bob, [desk.face(2)], behind).faces[0].own


def test_the_log_says_what_changed_and_is_bounded(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_log, "KEPT", 5)
    with desk.database.transaction() as unit:
        before = gallery_log.current(unit.session)
        for number in range(8):
            gallery_log.moved(unit.session, ChangeKind.ENTRY, [f"entry-{number}"])
        now = gallery_log.current(unit.session)
        assert now == before + 8
        assert gallery_log.changes(unit.session, now - 1, now) == [Change(ChangeKind.ENTRY, "entry-7")]
        assert gallery_log.changes(unit.session, before, now) is None, "further back than is kept"
        assert gallery_log.changes(unit.session, now + 1, now) is None, "a database older than the process"
        kept = unit.session.execute(sa.select(sa.func.count()).select_from(tables.gallery_changes)).scalar_one()
        assert kept <= 5


def test_nobody_is_missing_while_somebody_is_enrolled_anew(desk: Any) -> None:
    """The new templates come before the old ones go."""
    ada, _ = desk.opted_in(person=1)
    gallery = elsewhere(desk).gallery
    seen: list[bool] = []
    with desk.ports.reads() as store:
        gallery.scores(store, ada, [])
    index = gallery._templates
    remove = index.remove

    def watched(names: Any) -> None:
        seen.append(index.has_owner(ada))
        remove(names)
        seen.append(index.has_owner(ada))

    index.remove = watched
    session = desk.submitted(desk.opened(ada), person=1)
    assert session.state.value == "succeeded", session.advice
    with desk.ports.reads() as store:
        gallery.scores(store, ada, [])
    assert seen == [True, True]
